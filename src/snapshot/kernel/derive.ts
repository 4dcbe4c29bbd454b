import { DEFAULT_KERNEL_PROFILE } from '../../linux/kernel-profile.ts';
import { changeLink } from '../../linux/ops/edit.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import type { Netns } from '../../linux/netns.ts';
import { neighName, withoutSysctl } from '../../linux/sysctl.ts';
import { edit } from '../../world/history.ts';
import type { FrozenWorld, World } from '../../world/world.ts';
import { putRouterInPlaceOfFabric } from './fabric-host.ts';

/** A World that both the kernel and the twin can be asked about, and in what it is not the one it was made from. */
export interface Derived {
  readonly world: FrozenWorld;
  readonly notes: readonly string[];
}

/** ARP gives up after 30 ms instead of 3 s, and a proxy answers at once. */
const QUICK = { retrans_time_ms: '10', proxy_delay: '0' };

/** Limits of the machine, which no namespace but its first can set. */
const MACHINE_WIDE: readonly string[] = [
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_buckets',
  'net.netfilter.nf_conntrack_expect_max',
];

/**
 * The World that is compared: without the fabric, whose place a router takes; with NICs as veth ends, which is what joins namespaces;
 * with the waiting taken out, for the twin's clock waits for nothing and the kernel's should not.
 */
export function deriveComparable(world: FrozenWorld): Derived {
  const notes: string[] = [];
  const limits = new Set<string>();
  const { world: derived } = edit(world, 'made comparable', (draft) => {
    if (draft.fabric !== null) {
      putRouterInPlaceOfFabric(draft, draft.fabric);
      notes.push(
        'a router with the effective routes stands in place of the Azure fabric, in the kernel and in the twin: security groups, load balancers, outbound translation and address checks of Azure were not compared',
      );
    }
    for (const host of Object.values(draft.machines)) {
      if (host.kernel.brPromiscConntrack !== DEFAULT_KERNEL_PROFILE.brPromiscConntrack) {
        notes.push(
          `${host.name}: the running kernel is taken to behave as brPromiscConntrack: ${DEFAULT_KERNEL_PROFILE.brPromiscConntrack}`,
        );
        host.kernel = { ...DEFAULT_KERNEL_PROFILE };
      }
      for (const netns of Object.values(host.netns)) {
        hasten(netns);
        for (const name of dropMachineWide(netns)) limits.add(name);
      }
    }
    if (limits.size > 0) notes.push(`not set, for they belong to the whole machine: ${[...limits].join(', ')}`);
    plugEnds(draft);
  });
  return { world: derived, notes };
}

/** A NIC that is wired to another is a veth end here. */
function plugEnds(world: World): void {
  const namespaces = Object.values(world.machines).flatMap(({ netns }) => Object.values(netns));
  for (const netns of namespaces) {
    for (const { name, kind } of netns.links)
      if (kind.type === 'end' && kind.wire !== null) changeLink(netns, name, { kind: { type: 'veth', wire: kind.wire } });
  }
}

function dropMachineWide(netns: Netns): string[] {
  const named = MACHINE_WIDE.filter((name) => Object.hasOwn(netns.sysctls.names, name));
  netns.sysctls = named.reduce(withoutSysctl, netns.sysctls);
  return named;
}

function hasten(netns: Netns): void {
  for (const { name, kind } of netns.links) {
    if (kind.type === 'loopback') continue;
    for (const [key, value] of Object.entries(QUICK)) setSysctl(netns, neighName(name, key), value);
  }
  // How often errors may be sent depends on real time, which the two sides do not share.
  setSysctl(netns, 'net.ipv4.icmp_ratemask', '0');
}
