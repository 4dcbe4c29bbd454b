/** IP protocol numbers that podwalk names; any other number is carried as it is. */
export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;

const NAMES: ReadonlyMap<number, string> = new Map([
  [ICMP, 'icmp'],
  [2, 'igmp'],
  [4, 'ipencap'],
  [TCP, 'tcp'],
  [UDP, 'udp'],
  [33, 'dccp'],
  [41, 'ipv6'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'ipv6-icmp'],
  [SCTP, 'sctp'],
  [136, 'udplite'],
]);
const NUMBERS: ReadonlyMap<string, number> = new Map([...NAMES].map(([number, name]) => [name, number]));

/** `tcp`, `udp` …, or the number as text. @source /etc/protocols as iptables prints it */
export function protoName(proto: number): string {
  return NAMES.get(proto) ?? String(proto);
}

/** The number of a protocol name or of decimal text 0–255; `null` when it is neither. */
export function protoNumber(text: string): number | null {
  const named = NUMBERS.get(text.toLowerCase());
  if (named !== undefined) return named;
  return /^\d{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : null;
}
