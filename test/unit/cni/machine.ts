import type { CniArgs, CniEnv, HostNic, PortMapping } from '../../../src/cni/plugin.ts';
import { newCniState } from '../../../src/cni/state.ts';
import { DEFAULT_KERNEL_PROFILE } from '../../../src/linux/kernel-profile.ts';
import type { Host, Netns } from '../../../src/linux/netns.ts';
import { addLink } from '../../../src/linux/ops/add-link.ts';
import { addAddress } from '../../../src/linux/ops/addresses.ts';
import { createHost, createNetns } from '../../../src/linux/ops/create-netns.ts';
import { addRoute } from '../../../src/linux/ops/routes.ts';
import { setUp } from '../../../src/linux/ops/set-up.ts';
import { type Route, TABLE_MAIN } from '../../../src/linux/route.ts';
import { seeded } from '../../../src/sim/random.ts';
import { type Ipv4, formatIpv4, ip, offsetIpv4 } from '../../../src/wire/ipv4.ts';
import { mac } from '../../../src/wire/mac.ts';
import { prefix } from '../../../src/wire/prefix.ts';

/** A node with eth0 on 10.224.0.0/16 and a default route, as the plug-ins find it. */
export function node(): Host {
  const host = createHost('node0', 'node', DEFAULT_KERNEL_PROFILE);
  const root = netns(host, 'root');
  addLink(root, { name: 'eth0', kind: { type: 'end', wire: null, nic: 'nic0' }, mac: mac('60:45:bd:aa:55:f4') });
  setUp(host, 'root', 'eth0');
  addAddress(root, 'eth0', { local: ip('10.224.0.4'), len: 16 });
  addRoute(root, { dst: ip('0.0.0.0'), len: 0, dev: 'eth0', via: ip('10.224.0.1') });
  return host;
}

export function nic(secondaries = 28): HostNic {
  const first = ip('10.224.0.4');
  const ipconfigs = Array.from({ length: secondaries + 1 }, (_, i) => ({ addr: offsetIpv4(first, i), primary: i === 0 }));
  return { mac: mac('60:45:bd:aa:55:f4'), subnet: prefix('10.224.0.0/16'), ipconfigs };
}

export function env(host: Host, hostNic: HostNic | null = nic()): CniEnv {
  return { host, state: newCniState(), nic: hostNic, random: seeded(7) };
}

/** A pod's sandbox, its namespace made. */
export function sandbox(host: Host, name: string, addr: string | null = null, portMappings: readonly PortMapping[] = []): CniArgs {
  const own = `cni-${name}`;
  createNetns(host, own, { loopbackUp: true });
  const wanted: Ipv4 | null = addr === null ? null : ip(addr);
  return { netns: own, ifName: 'eth0', pod: { namespace: 'default', name }, addr: wanted, portMappings };
}

export function netns(host: Host, name: string): Netns {
  const found = host.netns[name];
  if (found === undefined) throw new Error(`no namespace ${name}`);
  return found;
}

/** Table main as `ip route` prints it, without metrics. */
export function routes(of: Netns): string[] {
  return (of.fib.find((table) => table.id === TABLE_MAIN)?.routes ?? []).map(routeText);
}

function routeText({ dst, len, nexthops, protocol, scope }: Route): string {
  const [way] = nexthops;
  const to = len === 0 ? 'default' : len === 32 ? formatIpv4(dst) : `${formatIpv4(dst)}/${len}`;
  const via = way?.via === null || way === undefined ? '' : ` via ${formatIpv4(way.via)}`;
  return `${to}${via} dev ${way?.dev ?? ''}${protocol === 'boot' ? '' : ` proto ${protocol}`}${scope === 'global' ? '' : ` scope ${scope}`}`;
}
