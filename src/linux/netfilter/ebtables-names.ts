import { type Mac, mac } from '../../wire/mac.ts';

/** Names of Ethernet types as ebtables writes them. @source /etc/ethertypes of ebtables */
const ETHERTYPES: readonly (readonly [string, number])[] = [
  ['IPv4', 0x0800],
  ['X25', 0x0805],
  ['ARP', 0x0806],
  ['IPv6', 0x86dd],
  ['802_1Q', 0x8100],
  ['PPP_DISC', 0x8863],
  ['PPP_SES', 0x8864],
  ['802_1ad', 0x88a8],
  ['LLDP', 0x88cc],
];

export const ETH_IPV4 = 0x0800;
export const ETH_ARP = 0x0806;

/** The number of a name or of hexadecimal text; null when it is neither. */
export function etherType(text: string): number | 'length' | null {
  const lower = text.toLowerCase();
  if (lower === 'length') return 'length';
  if (lower === 'ip') return ETH_IPV4;
  const named = ETHERTYPES.find(([name]) => name.toLowerCase() === lower);
  if (named !== undefined) return named[1];
  return /^(?:0x)?[0-9a-f]{1,4}$/.test(lower) ? Number.parseInt(lower.replace('0x', ''), 16) : null;
}

export function printEtherType(type: number | 'length'): string {
  if (type === 'length') return 'Length';
  return ETHERTYPES.find(([, number]) => number === type)?.[0] ?? `0x${type.toString(16).toUpperCase()}`;
}

export const FULL_MASK: Mac = mac('ff:ff:ff:ff:ff:ff');
const GROUP_BIT = mac('01:00:00:00:00:00');

/** Names of address classes: address and mask. */
export const MAC_CLASSES: readonly (readonly [string, Mac, Mac])[] = [
  ['Unicast', mac('00:00:00:00:00:00'), GROUP_BIT],
  ['Multicast', GROUP_BIT, GROUP_BIT],
  ['Broadcast', FULL_MASK, FULL_MASK],
  ['BGA', mac('01:80:c2:00:00:00'), FULL_MASK],
];

/** ARP operations, from 1. */
export const ARP_OPS = [
  'Request',
  'Reply',
  'Request_Reverse',
  'Reply_Reverse',
  'DRARP_Request',
  'DRARP_Reply',
  'DRARP_Error',
  'InARP_Request',
  'ARP_NAK',
] as const;
