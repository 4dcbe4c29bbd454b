import { type Mac, mac } from '../wire/mac.ts';

/** The Ethernet address by which the fabric answers, and from which it delivers. @source AKS transcripts, `ip neigh` on nodes */
export const FABRIC_MAC: Mac = mac('12:34:56:78:9a:bc');

/** The fabric answers every ARP request with its own address, whether the target exists or not. */
export function fabricArp(): Mac {
  return FABRIC_MAC;
}
