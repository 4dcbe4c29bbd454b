import type { Gap } from './gap.ts';
import { explicitSysctls, parseSysctlName, type Sysctls } from './sysctl.ts';

/**
 * Where packets meet what such a sysctl says: a route of several ways, an ICMP message that counts, ARP for a neighbour that was
 * known, a second packet that waits for one.
 */
export type Consulted = 'multipath' | 'icmp-rate' | 'arp-again' | 'arp-queue';

interface Known {
  /** Of the namespace in full; of a device its last part. */
  readonly name: string;
  readonly modelled: readonly string[];
  readonly consulted: Consulted;
}

/** Sysctls that decide about packets, with the values that are modelled. @source Documentation/networking/ip-sysctl.rst */
const PARTLY_MODELLED: readonly Known[] = [
  { name: 'net.ipv4.fib_multipath_hash_policy', modelled: ['0', '1'], consulted: 'multipath' },
  { name: 'net.ipv4.fib_multipath_use_neigh', modelled: ['0'], consulted: 'multipath' },
  { name: 'net.ipv4.icmp_msgs_per_sec', modelled: ['1000'], consulted: 'icmp-rate' },
  { name: 'net.ipv4.icmp_msgs_burst', modelled: ['50'], consulted: 'icmp-rate' },
  { name: 'mcast_resolicit', modelled: ['0'], consulted: 'arp-again' },
  { name: 'unres_qlen', modelled: ['101'], consulted: 'arp-queue' },
  { name: 'unres_qlen_bytes', modelled: ['212992'], consulted: 'arp-queue' },
];

const byName = new Map(PARTLY_MODELLED.map((known) => [known.name, known]));

/** What the sysctls of a namespace say that is not modelled. */
export function unmodelledSysctls(sysctls: Sysctls): ReadonlyMap<Consulted, Gap> {
  const gaps = new Map<Consulted, Gap>();
  for (const [name, value] of explicitSysctls(sysctls)) {
    const parts = parseSysctlName(name);
    const known = byName.get(parts.kind === 'neigh' ? parts.key : name);
    if (known === undefined || known.modelled.includes(value.trim())) continue;
    gaps.set(known.consulted, { reason: 'NOT_MODELLED', text: `${name} = ${value} is not modelled` });
  }
  return gaps;
}
