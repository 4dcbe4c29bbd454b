import type { BridgePort } from '../../linux/link.ts';
import type { Netns } from '../../linux/netns.ts';
import { addAddress } from '../../linux/ops/addresses.ts';
import { setPort } from '../../linux/ops/bridge.ts';
import { addFdb } from '../../linux/ops/neighbours.ts';
import { addRoute } from '../../linux/ops/routes.ts';
import { setFlags, setMtu } from '../../linux/ops/set-link.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import { addSocket } from '../../linux/ops/sockets.ts';
import { confName, neighName } from '../../linux/sysctl.ts';
import { ip } from '../../wire/ipv4.ts';
import { type Mac, ZERO_MAC } from '../../wire/mac.ts';
import { prefixOf } from '../../wire/prefix.ts';
import { Dice, type Weighted } from './dice.ts';
import { dropUnreachableGateways } from './routes.ts';
import { devicesOf, type Scene } from './scene.ts';

/** How many rarities a network has. */
const HOW_MANY: Weighted<number> = [
  [1, 3],
  [2, 2],
  [4, 1],
];
/** Sets these dice apart from those of the network. */
const OTHER = 0x5bd1_e995;

type Draw = (scene: Scene, netns: Netns) => void;

/**
 * Gives a network what hardly any has. The dice are others than those of the rest, which stays what it was before somebody thought of more.
 * What the host refuses is left out.
 */
export function addRarities(scene: Scene, seed: number): void {
  const dice = new Dice(seed ^ OTHER);
  const { lab } = scene;
  for (let i = dice.weighted(HOW_MANY); i > 0; i--) dice.weighted(DRAWS)({ ...scene, dice }, dice.pick(lab.all));
}

const DRAWS: Weighted<Draw> = [
  [bridgeRow, 3],
  [tunnelRow, 2],
  [deviceSysctl, 3],
  [netnsSysctl, 4],
  [neighbourSysctl, 1],
  [portOption, 2],
  [furtherAddress, 2],
  [listener, 2],
  [oddRoute, 4],
  [oddDevice, 3],
];

/** Bridges, or tunnels, with their namespaces. */
function devicesOfKind({ lab }: Scene, type: 'bridge' | 'vxlan'): { readonly netns: Netns; readonly name: string }[] {
  return lab.all.flatMap((netns) => netns.links.filter(({ kind }) => kind.type === type).map(({ name }) => ({ netns, name })));
}

function anyMac({ dice, lab }: Scene): Mac {
  return dice.pick(lab.all.flatMap(({ links }) => links.filter(({ kind }) => kind.type !== 'loopback').map(({ mac }) => mac)));
}

/** Where a station is, right or wrong, or an address of the bridge's own. */
function bridgeRow(scene: Scene): void {
  const { dice } = scene;
  const bridge = dice.pickOrNull(devicesOfKind(scene, 'bridge'));
  if (bridge === null) return;
  const { netns, name } = bridge;
  const port = dice.pickOrNull(netns.links.filter(({ master }) => master === name));
  if (port === null) return;
  const isOwn = dice.chance(0.3);
  const dev = isOwn && dice.chance(0.3) ? name : port.name;
  const sticky = !isOwn && dice.chance(0.3) ? { sticky: true } : {};
  const row = { mac: anyMac(scene), dev, master: name, dst: null, vni: null, port: null, externLearn: false } as const;
  addFdb(netns, { ...row, state: isOwn ? 'permanent' : 'static', ...sticky }, 'replace');
}

/** One far end more for a station, or for all that are not known. */
function tunnelRow(scene: Scene): void {
  const { dice, owned } = scene;
  const tunnel = dice.pickOrNull(devicesOfKind(scene, 'vxlan'));
  if (tunnel === null) return;
  const { netns, name: dev } = tunnel;
  const mac = dice.chance(0.4) ? ZERO_MAC : anyMac(scene);
  const row = { mac, dev, master: null, state: 'permanent', dst: ip(dice.pick(owned)), vni: null, port: null, externLearn: false } as const;
  addFdb(netns, row, dice.chance(0.7) ? 'append' : 'replace');
}

const CONF: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['medium_id', ['1', '2', '-1']],
  ['drop_unicast_in_l2_multicast', ['1']],
  ['proxy_arp_pvlan', ['1']],
  ['ignore_routes_with_linkdown', ['1']],
  ['arp_ignore', ['4']],
  ['arp_accept', ['2']],
  ['promote_secondaries', ['1']],
];

function deviceSysctl({ dice }: Scene, netns: Netns): void {
  const [key, values] = dice.pick(CONF);
  setSysctl(netns, confName(dice.chance(0.3) ? 'all' : dice.pick([...devicesOf(netns), 'lo']), key), dice.pick(values));
}

const NETNS: readonly (readonly [name: string, values: readonly string[]])[] = [
  ['net.ipv4.tcp_reflect_tos', ['1']],
  ['net.ipv4.tcp_timestamps', ['0']],
  ['net.ipv4.ip_local_port_range', ['40000\t40010', '1024\t2000']],
  ['net.ipv4.icmp_ratelimit', ['0', '100']],
  ['net.ipv4.icmp_ratemask', ['6168', '8']],
  ['net.ipv4.ip_no_pmtu_disc', ['2', '3']],
  ['net.ipv4.route.min_adv_mss', ['1000']],
  ['net.ipv4.route.min_pmtu', ['1000', '68']],
  ['net.ipv4.ip_early_demux', ['0']],
  ['net.bridge.bridge-nf-call-arptables', ['0']],
  ['net.netfilter.nf_conntrack_tcp_be_liberal', ['1']],
];

function netnsSysctl({ dice }: Scene, netns: Netns): void {
  const [name, values] = dice.pick(NETNS);
  setSysctl(netns, name, dice.pick(values));
}

const NEIGH: readonly (readonly [key: string, values: readonly string[]])[] = [
  ['mcast_solicit', ['0', '1']],
  ['ucast_solicit', ['0']],
  ['locktime', ['0']],
];

function neighbourSysctl({ dice }: Scene, netns: Netns): void {
  const dev = dice.pickOrNull(devicesOf(netns));
  const [key, values] = dice.pick(NEIGH);
  if (dev !== null) setSysctl(netns, neighName(dev, key), dice.pick(values));
}

const OPTIONS = ['hairpin', 'learning', 'flood', 'bcastFlood', 'isolated', 'guard', 'neighSuppress'] as const;

function portOption({ dice, lab }: Scene): void {
  const all = lab.all.flatMap((netns) => netns.links.filter(({ port }) => port !== null).map(({ name }) => ({ netns, name })));
  const port = dice.pickOrNull(all);
  const options: Partial<BridgePort> = Object.fromEntries(dice.some(OPTIONS, 0.3).map((name) => [name, dice.chance(0.5)]));
  if (port !== null) setPort(port.netns, port.name, options);
}

/** Near one that the device has. */
function furtherAddress({ dice }: Scene, netns: Netns): void {
  const link = dice.pickOrNull(netns.links.filter(({ kind, addresses }) => kind.type !== 'loopback' && addresses.length > 0));
  const [first] = link?.addresses ?? [];
  if (link === null || first === undefined) return;
  const local = ip(`${prefixText(first.local)}.${dice.int(1, 250)}`);
  addAddress(netns, link.name, { local, len: dice.pick([24, 32, 25, 30]), scope: dice.pick(['global', 'link']) });
}

function prefixText(address: number): string {
  return [24, 16, 8].map((shift) => (address >>> shift) & 255).join('.');
}

/** Also on the ports that probes are sent from. */
function listener({ dice, owned }: Scene, netns: Netns): void {
  const port = dice.pick([53, 80, 8080, 5353, 4444, 4789, 40_000, 40_001]);
  const addr = dice.chance(0.5) ? null : ip(dice.pick(owned));
  const dev = dice.chance(0.2) ? dice.pickOrNull(devicesOf(netns)) : null;
  addSocket(netns, { proto: dice.pick(['tcp', 'udp']), addr, port, dev, peer: null, answers: true, owner: null });
}

/** Of a type, for a TOS, or of a scope that no other draw has. */
function oddRoute({ dice, owned }: Scene, netns: Netns): void {
  const dev = dice.pickOrNull(devicesOf(netns));
  if (dev === null) return;
  const type = dice.pick(['unicast', 'unicast', 'local', 'broadcast'] as const);
  const { addr: dst, len } = prefixOf(ip(dice.pick(owned)), dice.pick([8, 16, 24, 30, 32]));
  const gateway = type === 'unicast' && dice.chance(0.6) ? { via: ip(dice.pick(owned)), onlink: dice.chance(0.4) } : {};
  const scope = type === 'unicast' && dice.chance(0.3) ? { scope: dice.pick(['link', 'host', 'global'] as const) } : {};
  const mtu = dice.chance(0.2) ? { mtuBytes: dice.pick([576, 1280, 1400]) } : {};
  addRoute(netns, { dst, len, type, dev, metric: dice.pick([0, 5, 100]), tos: dice.chance(0.2) ? 16 : 0, ...gateway, ...scope, ...mtu });
  dropUnreachableGateways(netns);
}

function oddDevice({ dice }: Scene, netns: Netns): void {
  const dev = dice.pickOrNull(devicesOf(netns));
  if (dev === null) return;
  if (dice.chance(0.5)) setMtu(netns, dev, dice.pick([576, 1280, 1400, 9000]));
  else setFlags(netns, dev, dice.chance(0.5) ? { noarp: true } : { promisc: true });
}
