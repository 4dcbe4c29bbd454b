import { FABRIC_MAC } from '../../azure/arp.ts';
import type { Fabric, Nic } from '../../azure/fabric.ts';
import { type EffectiveRoute, effectiveRoutes } from '../../azure/routes.ts';
import { findSubnet } from '../../azure/subnets.ts';
import { type Host, type Netns, ROOT } from '../../linux/netns.ts';
import { addLink } from '../../linux/ops/add-link.ts';
import { addAddress } from '../../linux/ops/addresses.ts';
import { createHost } from '../../linux/ops/create-netns.ts';
import { changeLink, linkOf, netnsOf } from '../../linux/ops/edit.ts';
import { replaceRoute } from '../../linux/ops/routes.ts';
import { addRule } from '../../linux/ops/rules.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import { setUp } from '../../linux/ops/set-up.ts';
import { linkEnd } from '../../walk/wires.ts';
import { InvariantError } from '../../wire/invariant.ts';
import { type Ipv4, offsetIpv4 } from '../../wire/ipv4.ts';
import { DEFAULT_ROUTE, type Prefix } from '../../wire/prefix.ts';
import type { World } from '../../world/world.ts';

/** The machine that stands for the fabric. */
const FABRIC_HOST = 'fabric';
/** Overlay routing domains come before any subnet's routes; each subnet has a table of its own. */
const OVERLAY_TABLE = 900;
const FIRST_SUBNET_TABLE = 1000;
const OVERLAY_RULE = 90;
const SUBNET_RULE = 100;
const MTU_BYTES = 1500;

/** A link end of a machine that the fabric is plugged into. */
interface Plug {
  readonly dev: string;
  readonly machine: string;
  readonly netns: Netns;
  readonly end: string;
  readonly nic: Nic | null;
}

/**
 * Puts a router in the place of the fabric: a machine `fabric` with a link to every NIC and to every host outside, which answers ARP for
 * whatever it has a route to, and routes by each subnet's effective routes. It has no security groups, translates nothing, and checks no
 * source.
 * @param world changed in place; its fabric is gone afterwards
 */
export function putRouterInPlaceOfFabric(world: World, fabric: Fabric): void {
  if (Object.hasOwn(world.machines, FABRIC_HOST)) throw new InvariantError(`a machine is called ${FABRIC_HOST}`);
  const host = createHost(FABRIC_HOST, 'router');
  const router = netnsOf(host, ROOT);
  if (router === null) throw new InvariantError('a new machine has no first namespace');
  must(setSysctl(router, 'net.ipv4.ip_forward', '1'));
  for (const name of ['all', 'default']) must(setSysctl(router, `net.ipv4.conf.${name}.send_redirects`, '0'));
  must(setSysctl(router, 'net.ipv4.conf.all.proxy_arp', '1'));
  const plugs = plugsOf(world, fabric);
  for (const plug of plugs) plugIn(host, router, plug);
  for (const plug of plugs) lendGateways(router, plug, fabric);
  routeAddresses(router, fabric, plugs);
  routeOverlays(router, fabric, plugs);
  routeSubnets(router, fabric, plugs);
  world.machines[FABRIC_HOST] = host;
  world.fabric = null;
}

function plugsOf(world: World, fabric: Fabric): Plug[] {
  const plugs: Plug[] = [];
  const add = (machine: string | null, nic: Nic | null): void => {
    const end = machine === null ? null : linkEnd(machine);
    const netns = end === null ? undefined : world.machines[end.machine]?.netns[end.netns];
    const link = netns === undefined || end === null ? null : linkOf(netns, end.dev);
    if (end === null || netns === undefined || link === null) return;
    const dev = `${nic === null ? 'x' : 'n'}${plugs.length}`;
    const wire = `${FABRIC_HOST}/${dev}`;
    changeLink(netns, end.dev, { kind: { type: 'veth', wire } });
    plugs.push({ dev, machine: end.machine, netns, end: end.dev, nic });
  };
  for (const nic of fabric.nics) add(nic.machine, nic);
  for (const { machine } of fabric.externalHosts) add(machine, null);
  return plugs;
}

function plugIn(host: Host, router: Netns, { dev }: Plug): void {
  must(
    addLink(router, { name: dev, kind: { type: 'end', wire: `${FABRIC_HOST}/${dev}`, nic: null }, mac: FABRIC_MAC, mtuBytes: MTU_BYTES }),
  );
  must(setUp(host, ROOT, dev));
  changeLink(router, dev, { kind: { type: 'veth', wire: `${FABRIC_HOST}/${dev}` } });
}

/** The router has the addresses by which a machine sends what it has no link to; the first of the subnet otherwise. */
function lendGateways(router: Netns, { dev, netns, end, nic }: Plug, fabric: Fabric): void {
  const gateways = new Set<Ipv4>();
  if (nic !== null) gateways.add(offsetIpv4(findSubnet(fabric, nic.subnet).subnet.prefix.addr, 1));
  const owned = new Set(fabric.nics.flatMap(({ ipconfigs }) => ipconfigs.map(({ addr }) => addr)));
  for (const { routes } of netns.fib) {
    for (const { nexthops } of routes)
      for (const { via, dev: by } of nexthops) if (via !== null && by === end && !owned.has(via)) gateways.add(via);
  }
  for (const local of gateways) must(addAddress(router, dev, { local, len: 32 }));
}

function routeAddresses(router: Netns, fabric: Fabric, plugs: readonly Plug[]): void {
  const to = (plug: Plug, prefix: Prefix): void => {
    const own = linkOf(plug.netns, plug.end)?.addresses ?? [];
    const isOwn = prefix.len === 32 && own.some(({ local }) => local === prefix.addr);
    const via = isOwn ? null : (own[0]?.local ?? null);
    must(
      replaceRoute(router, {
        dst: prefix.addr,
        len: prefix.len,
        dev: plug.dev,
        ...(via === null ? { scope: 'link' } : { via, onlink: true }),
      }),
    );
  };
  for (const plug of plugs) {
    for (const { addr } of plug.nic?.ipconfigs ?? []) to(plug, { addr, len: 32 });
    for (const { prefix } of fabric.caMap.filter(({ nic }) => nic === plug.nic?.name)) to(plug, prefix);
    if (plug.nic === null) for (const { local } of linkOf(plug.netns, plug.end)?.addresses ?? []) to(plug, { addr: local, len: 32 });
  }
  must(replaceRoute(router, { dst: DEFAULT_ROUTE.addr, len: 0, type: 'blackhole' }));
}

function routeOverlays(router: Netns, fabric: Fabric, plugs: readonly Plug[]): void {
  for (const { nodes, prefixes } of fabric.overlays) {
    for (const { addr, len } of prefixes) must(replaceRoute(router, { dst: addr, len, type: 'blackhole', table: OVERLAY_TABLE }));
    for (const node of nodes) {
      const plug = plugs.find(({ nic }) => nic?.name === node.nic);
      const via = plug === undefined ? undefined : linkOf(plug.netns, plug.end)?.addresses[0]?.local;
      if (plug === undefined || via === undefined) continue;
      for (const { addr, len } of node.prefixes)
        must(replaceRoute(router, { dst: addr, len, dev: plug.dev, via, onlink: true, table: OVERLAY_TABLE }));
    }
    const members = plugs.filter(({ nic }) => nodes.some((node) => node.nic === nic?.name));
    members.forEach(({ dev }, index) =>
      must(addRule(router, { priority: OVERLAY_RULE + index, iif: dev, action: { type: 'table', table: OVERLAY_TABLE } })),
    );
  }
}

function routeSubnets(router: Netns, fabric: Fabric, plugs: readonly Plug[]): void {
  const subnets = [...new Set(plugs.flatMap(({ nic }) => (nic === null ? [] : [nic.subnet])))];
  subnets.forEach((subnet, index) => {
    const table = FIRST_SUBNET_TABLE + index;
    for (const route of effectiveRoutes(fabric, subnet)) if (route.state === 'Active') routeLike(router, route, table, plugs);
    for (const { dev } of plugs.filter(({ nic }) => nic?.subnet === subnet))
      must(addRule(router, { priority: SUBNET_RULE + index, iif: dev, action: { type: 'table', table } }));
  });
}

/** What stays inside the fabric is found by its address, in the main table. */
function routeLike(router: Netns, { prefix, nextHopType, nextHopIp }: EffectiveRoute, table: number, plugs: readonly Plug[]): void {
  const place = { dst: prefix.addr, len: prefix.len, table };
  switch (nextHopType) {
    case 'VnetLocal':
    case 'VNetPeering':
    case 'VirtualNetworkGateway':
    case 'VirtualNetworkServiceEndpoint':
    case 'InterfaceEndpoint':
    case 'Internet':
      must(replaceRoute(router, { ...place, type: 'throw' }));
      return;
    case 'None':
      must(replaceRoute(router, { ...place, type: 'blackhole' }));
      return;
    case 'VirtualAppliance': {
      const plug = plugs.find(({ nic }) => nic?.ipconfigs.some(({ addr }) => addr === nextHopIp));
      if (plug === undefined || nextHopIp === null) must(replaceRoute(router, { ...place, type: 'blackhole' }));
      else must(replaceRoute(router, { ...place, dev: plug.dev, via: nextHopIp, onlink: true }));
    }
  }
}

function must(result: string): void {
  if (result !== 'ok') throw new InvariantError(`the router in place of the fabric: ${result}`);
}
