/** A seeded random source whose whole state is one number, so that a session can be copied and replayed. */
export interface Random {
  state: number;
}

/** A source for a seed; equal seeds give equal sequences. */
export function seeded(seed: number): Random {
  return { state: seed | 0 };
}

/** The next 32 random bits as an unsigned integer. @source mulberry32 (public domain) */
export function nextUint32(random: Random): number {
  random.state = (random.state + 0x6d2b79f5) | 0;
  let t = random.state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}

/** A random integer in [0, below). */
export function nextBelow(random: Random, below: number): number {
  return Math.floor((nextUint32(random) / 0x1_0000_0000) * below);
}
