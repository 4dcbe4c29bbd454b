export const ECHO_REPLY = 0;
export const UNREACHABLE = 3;
export const REDIRECT = 5;
export const ECHO_REQUEST = 8;
export const TIME_EXCEEDED = 11;
/** Codes of {@link UNREACHABLE}. */
export const HOST_UNREACH = 1;
export const PROTO_UNREACH = 2;
export const PORT_UNREACH = 3;
export const FRAG_NEEDED = 4;

/** By code, as far as kernels and rules send them. @source RFC 792, RFC 1812 5.2.7.1 */
const UNREACHABLE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'network unreachable'],
  [HOST_UNREACH, 'host unreachable'],
  [PROTO_UNREACH, 'protocol unreachable'],
  [PORT_UNREACH, 'port unreachable'],
  [FRAG_NEEDED, 'fragmentation needed'],
  [9, 'network prohibited'],
  [10, 'host prohibited'],
  [13, 'administratively prohibited'],
]);

/** `ICMP 3/1 host unreachable` for sentences. */
export function icmpText(type: number, code: number): string {
  if (type === UNREACHABLE) return `ICMP 3/${code} ${UNREACHABLE_NAMES.get(code) ?? 'destination unreachable'}`;
  if (type === TIME_EXCEEDED) return `ICMP 11/${code} ${code === 1 ? 'fragment reassembly time' : 'TTL'} exceeded`;
  if (type === REDIRECT) return `ICMP 5/${code} redirect`;
  return `ICMP ${type}/${code}`;
}
