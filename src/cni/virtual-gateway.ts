import { type Ipv4, ip } from '../wire/ipv4.ts';

/**
 * What pods of a routed veth have as their gateway. Nobody has the address; the host answers for it by proxy ARP.
 * @source network/transparent_endpointclient_linux.go virtualGwIPVlan, cns/restserver
 */
export const VIRTUAL_GATEWAY: Ipv4 = ip('169.254.1.1');
