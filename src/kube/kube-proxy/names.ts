import { sha256Of } from '../../wire/digest.ts';
import { codesFor } from '../../wire/flat-text.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * The first 16 characters of the base32 form of a SHA-256 sum, which make chain names unique and short enough.
 * @source pkg/proxy/iptables/proxier.go portProtoHash, servicePortEndpointChainName
 */
export function chainHash(text: string): string {
  const sum = sha256Of(text);
  const codes = codesFor(16);
  let at = 0;
  let buffer = 0;
  let bits = 0;
  for (let i = 0; i < 10; i++) {
    buffer = (buffer << 8) | (sum[i] ?? 0);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      codes[at++] = BASE32.charCodeAt((buffer >>> bits) & 31);
    }
    buffer &= (1 << bits) - 1;
  }
  return String.fromCharCode(...codes);
}

/** `ns/name`, with `:port` behind it when the port has a name. */
export function servicePortName(namespace: string, name: string, port: string): string {
  return port === '' ? `${namespace}/${name}` : `${namespace}/${name}:${port}`;
}

const SERVICE_CHAIN = /^KUBE-(?:SVC|SVL|SEP|FW|EXT)-/;

/** Whether kube-proxy takes a nat chain of that name for one of its own, to delete when nothing uses it. */
export function isServiceChain(name: string): boolean {
  return SERVICE_CHAIN.test(name);
}
