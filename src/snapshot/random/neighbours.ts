import type { NeighbourState } from '../../linux/neighbour.ts';
import { addProxyNeighbour } from '../../linux/ops/neighbours.ts';
import { confName } from '../../linux/sysctl.ts';
import { ip } from '../../wire/ipv4.ts';
import { localMac, type Mac } from '../../wire/mac.ts';
import { gatewaysOf } from './routes.ts';
import { devicesOf, type Scene } from './scene.ts';

const STATES: readonly (readonly [NeighbourState, number])[] = [
  ['permanent', 6],
  ['reachable', 2],
  ['stale', 3],
  ['noarp', 1],
];

/** Gives a namespace a neighbour entry: right or wrong, fixed or to be checked. */
export function addRandomNeighbour(scene: Scene): void {
  const { dice, lab } = scene;
  const netns = dice.pick(lab.all);
  const dev = dice.pickOrNull(devicesOf(netns).filter((name) => name !== 'dum0'));
  if (dev === null) return;
  const near = gatewaysOf(scene, netns);
  const address = dice.chance(0.8) && near.length > 0 ? dice.pick(near) : dice.pick([...scene.owned, ...scene.absent]);
  const right = lab.all
    .flatMap(({ links }) => links.filter(({ addresses }) => addresses.some(({ local }) => local === ip(address))))
    .map(({ mac }) => mac);
  const all = lab.all.flatMap(({ links }) => links.filter(({ kind }) => kind.type === 'veth').map(({ mac }) => mac));
  const mac = dice.weighted<Mac | null>([
    [dice.pickOrNull(right), 6],
    [localMac(0xdead), 2],
    [dice.pick(all), 2],
  ]);
  lab.neighbour(netns, { ip: ip(address), mac: mac ?? localMac(0xdead), dev, state: dice.weighted(STATES) });
}

/** A device answers ARP for somebody else. */
export function addRandomProxy(scene: Scene): void {
  const { dice, lab, routers, hosts } = scene;
  const netns = dice.chance(0.8) && routers.length > 0 ? dice.pick(routers) : dice.pick(hosts);
  const dev = dice.pickOrNull(devicesOf(netns).filter((name) => name !== 'dum0'));
  if (dev === null) return;
  const address = dice.chance(0.8) ? dice.pick(scene.flows).dst : dice.pick([...scene.owned, ...scene.absent]);
  if (dice.chance(0.5)) addProxyNeighbour(netns, ip(address), dev);
  else lab.sysctl(netns, confName(dev, dice.chance(0.8) ? 'proxy_arp' : 'proxy_arp_pvlan'), '1');
}
