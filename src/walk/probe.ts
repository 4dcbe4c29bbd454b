import type { Ipv4 } from '../wire/ipv4.ts';

/** Where a probe starts: a socket in a namespace, a frame put in at an unwired link end, or a host that is nothing but an address. */
export type Origin =
  | { readonly kind: 'netns'; readonly machine: string; readonly netns: string }
  | { readonly kind: 'link'; readonly machine: string; readonly netns: string; readonly dev: string }
  | { readonly kind: 'external'; readonly host: string };

/** One packet to send and whatever it calls forth; defaults are those of the command-line contract. */
export interface Probe {
  readonly id?: string;
  /** As the user wrote it, for the trace. */
  readonly label: string;
  readonly from: Origin;
  readonly proto: 'tcp' | 'udp' | 'icmp';
  readonly dst: Ipv4;
  readonly dport?: number;
  /** For ICMP the echo identifier. Default: the first from `sportFrom` on that nobody holds. */
  readonly sport?: number;
  /** Default 40000, ICMP 1234. */
  readonly sportFrom?: number;
  readonly src?: Ipv4;
  /** Default 64. */
  readonly ttl?: number;
  /** UDP payload, or bytes after the 8-byte ICMP header. Default 32. */
  readonly sizeBytes?: number;
  /** `auto` is the kernel's default, DF while the packet fits. */
  readonly df?: boolean | 'auto';
  readonly mark?: number;
  readonly tos?: number;
  /** A ready-made packet with this source from a raw socket. */
  readonly spoof?: Ipv4;
  readonly bindDev?: string;
}
