import type { Ipv4 } from '../../../wire/ipv4.ts';
import type { Mac } from '../../../wire/mac.ts';

/** The set types that are modelled. @source ipset(8) SET TYPES */
export const IPSET_TYPES = [
  'hash:ip',
  'hash:mac',
  'hash:ip,mac',
  'hash:net',
  'hash:net,net',
  'hash:ip,port',
  'hash:net,port',
  'hash:ip,port,ip',
  'hash:ip,port,net',
  'hash:net,port,net',
  'hash:ip,mark',
  'hash:net,iface',
  'bitmap:ip',
  'bitmap:ip,mac',
  'bitmap:port',
  'list:set',
] as const;
export type IpsetType = (typeof IPSET_TYPES)[number];

/** One dimension of an entry. */
export type IpsetPart =
  | { readonly k: 'ip'; readonly addr: Ipv4 }
  | { readonly k: 'net'; readonly addr: Ipv4; readonly len: number }
  | { readonly k: 'port'; readonly proto: number; readonly port: number }
  | { readonly k: 'mac'; readonly mac: Mac }
  | { readonly k: 'iface'; readonly name: string; readonly physdev: boolean }
  | { readonly k: 'mark'; readonly mark: number }
  | { readonly k: 'set'; readonly name: string }
  /** An IPv6 entry, kept as text. */
  | { readonly k: 'text'; readonly text: string };

export interface IpsetEntry {
  readonly parts: readonly IpsetPart[];
  /** An exception inside a larger network of the set. */
  readonly nomatch: boolean;
  /** Seconds left; null in a set without timeouts, 0 never expires. */
  readonly timeoutSeconds: number | null;
  readonly comment: string | null;
  /** What has been counted, `packets 3 bytes 400`, in a set with counters; absent: nothing. */
  readonly counted?: string;
  /** What `SET --map-set` gives to packets: `skbmark 0x10/0xff skbprio 1:10 skbqueue 3`. */
  readonly skbinfo?: string;
}

/** One ipset as `ipset save` shows it. */
export interface Ipset {
  readonly name: string;
  readonly type: IpsetType;
  readonly family: 'inet' | 'inet6';
  /** The default timeout in seconds; null when entries never expire. */
  readonly timeoutSeconds: number | null;
  /** hash:ip: addresses are cut to this prefix length before they are looked up. */
  readonly netmask: number | null;
  /** hash:ip,mark: bits of the mark that count. */
  readonly markmask: number | null;
  /** bitmap: the span that the set may hold. */
  readonly range: { readonly from: number; readonly to: number } | null;
  readonly counters: boolean;
  readonly comments: boolean;
  readonly skbinfo: boolean;
  /** What else `create` was given, in the order printed: `hashsize 1024`, `maxelem 65536` … */
  readonly header: readonly string[];
  readonly entries: readonly IpsetEntry[];
}
