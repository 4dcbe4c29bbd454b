/** Jenkins' hash over 32-bit words, as the kernel uses it to pick an address of a range. @source include/linux/jhash.h jhash2 */
export function jhash2(words: readonly number[], initval: number): number {
  let a = (0xdeadbeef + (words.length << 2) + initval) | 0;
  let b = a;
  let c = a;
  let i = 0;
  let length = words.length;
  const at = (n: number): number => words[n] ?? 0;
  while (length > 3) {
    a = (a + at(i)) | 0;
    b = (b + at(i + 1)) | 0;
    c = (c + at(i + 2)) | 0;
    a = (a - c) ^ rol(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ rol(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ rol(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ rol(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ rol(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ rol(b, 4);
    b = (b + a) | 0;
    length -= 3;
    i += 3;
  }
  if (length === 3) c = (c + at(i + 2)) | 0;
  if (length >= 2) b = (b + at(i + 1)) | 0;
  if (length >= 1) {
    a = (a + at(i)) | 0;
    c = ((c ^ b) - rol(b, 14)) | 0;
    a = ((a ^ c) - rol(c, 11)) | 0;
    b = ((b ^ a) - rol(a, 25)) | 0;
    c = ((c ^ b) - rol(b, 16)) | 0;
    a = ((a ^ c) - rol(c, 4)) | 0;
    b = ((b ^ a) - rol(a, 14)) | 0;
    c = ((c ^ b) - rol(b, 24)) | 0;
  }
  return c >>> 0;
}

function rol(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}
