import { type Ipv4, ip } from '../wire/ipv4.ts';
import { type Prefix, prefixOf } from '../wire/prefix.ts';
import type { Fabric } from './fabric.ts';

/** DNS, WireServer, DHCP and the source of health probes. */
export const WIRESERVER: Ipv4 = ip('168.63.129.16');
/** The instance metadata service. */
export const IMDS: Ipv4 = ip('169.254.169.254');
/** Windows licence activation. @source virtual-networks-faq, azkms.core.windows.net and kms.core.windows.net */
export const KMS: readonly [Ipv4, Ipv4, Ipv4] = [ip('20.118.99.224'), ip('40.83.235.53'), ip('23.102.135.246')];

/** The prefixes of a named service tag; null when the fabric was not told. */
export function serviceTagPrefixes(fabric: Pick<Fabric, 'serviceTags'>, tag: string): readonly Prefix[] | null {
  return fabric.serviceTags.find((known) => known.name === tag)?.prefixes ?? null;
}

export const WIRESERVER_PREFIX: Prefix = prefixOf(WIRESERVER, 32);
