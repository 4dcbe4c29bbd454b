import type { Ipv4 } from '../wire/ipv4.ts';
import { TCP } from '../wire/proto.ts';
import type { CompiledNsg } from './compiled-nsg.ts';
import { indexOf } from './fabric-index.ts';
import type { Fabric } from './fabric.ts';
import { type TagScope, type Tuple, decide } from './nsg-match.ts';
import { WIRESERVER } from './service-tags.ts';

/** Any source port; no sensible rule about probes names one. */
const PROBE_SPORT = 50_000;

/**
 * Whether the security groups of a NIC and of its subnet let a health probe in. A rule that can not be decided is taken to let it in: then the
 * walk meets the same rule and is UNKNOWN by itself.
 * @source load-balancer-custom-probe-overview: probes come from 168.63.129.16, the tag AzureLoadBalancer
 */
export function probePasses(fabric: Fabric, nicName: string, addr: Ipv4, port: number): boolean {
  const nic = indexOf(fabric).nicNamed(nicName);
  if (nic === null) return false;
  const probe: Tuple = { src: WIRESERVER, dst: addr, proto: TCP, sport: PROBE_SPORT, dport: port };
  return allows(nic.subnet.nsg, probe, nic.scope) && allows(nic.nsg, probe, nic.scope);
}

function allows(nsg: CompiledNsg | null, probe: Tuple, scope: TagScope): boolean {
  return nsg === null || decide(nsg.inbound, probe, scope)?.verdict !== 'Deny';
}
