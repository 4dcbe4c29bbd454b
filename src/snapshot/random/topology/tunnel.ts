import type { LinkKind } from '../../../linux/link.ts';
import type { Netns } from '../../../linux/netns.ts';
import { addFdb } from '../../../linux/ops/neighbours.ts';
import { confName } from '../../../linux/sysctl.ts';
import { ip } from '../../../wire/ipv4.ts';
import { localMac, ZERO_MAC, type Mac } from '../../../wire/mac.ts';
import type { Dice } from '../dice.ts';
import { Lab } from '../lab.ts';
import type { Network } from '../scene.ts';
import { bridge, drawPort } from './switch.ts';

type Vxlan = Extract<LinkKind, { type: 'vxlan' }>;

function vxlan(dice: Dice, node: number, more: Partial<Vxlan>): Vxlan {
  return {
    type: 'vxlan',
    vni: 4096,
    port: 4789,
    local: ip(`10.80.0.${node + 2}`),
    remote: null,
    dev: dice.chance(0.5) ? 'eth0' : null,
    learning: dice.chance(0.4),
    ttl: dice.chance(0.1) ? 3 : null,
    tos: dice.chance(0.1) ? 'inherit' : 0,
    df: dice.weighted([
      ['unset', 8],
      ['set', 1],
      ['inherit', 1],
    ]),
    ageingMs: 300_000,
    srcPortMin: 0,
    srcPortMax: 0,
    proxy: false,
    unmodelled: [],
    ...more,
  };
}

interface Nodes {
  readonly lab: Lab;
  readonly under: Netns;
  readonly nodes: readonly Netns[];
}

/** Nodes around a router or a bridge, by which their outer packets go. */
function underlay(dice: Dice): Nodes {
  const lab = new Lab();
  const under = lab.netns('under');
  const count = dice.chance(0.75) ? 2 : 3;
  const isBridge = dice.chance(0.4);
  const mtuBytes = dice.chance(0.15) ? 1400 : 1500;
  if (isBridge) {
    bridge(lab, under, 'br0', dice);
    if (dice.chance(0.7)) lab.sysctl(under, 'net.bridge.bridge-nf-call-iptables', '0');
  } else lab.sysctl(under, 'net.ipv4.ip_forward', '1');
  const nodes = Array.from({ length: count }, (_, i) => {
    const node = lab.netns(`n${i}`);
    lab.wire({ at: node, dev: 'eth0', mtuBytes }, { at: under, dev: `n${i}`, mtuBytes });
    if (isBridge) {
      lab.enslave(under, `n${i}`, 'br0');
      lab.address(node, 'eth0', `10.80.0.${i + 2}/24`);
      lab.route(node, 'default', `10.80.0.${((i + 1) % count) + 2}`, null);
    } else {
      lab.address(under, `n${i}`, `10.80.${i + 1}.1/24`);
      lab.address(node, 'eth0', `10.80.${i + 1}.2/24`);
      lab.address(node, 'eth0', `10.80.0.${i + 2}/32`);
      lab.route(under, `10.80.0.${i + 2}/32`, `10.80.${i + 1}.2`, null);
      lab.route(node, 'default', `10.80.${i + 1}.1`, null);
    }
    return node;
  });
  return { lab, under, nodes };
}

/** Pods behind nodes that route to each other through a tunnel whose neighbours and forwarding entries somebody wrote down. */
export function routedTunnel(dice: Dice): Network {
  const { lab, under, nodes } = underlay(dice);
  const hosts: Netns[] = [];
  const learning = dice.chance(0.3);
  const macs: Mac[] = nodes.map((_, i) => localMac(0x6600 + i));
  nodes.forEach((node, i) => {
    lab.vxlan(node, 'vxlan0', vxlan(dice, i, { learning }), macs[i] ?? ZERO_MAC, dice.chance(0.8) ? 1450 : 1500);
    lab.address(node, 'vxlan0', `10.7${i}.0.0/32`);
    for (let j = 0; j < dice.int(1, 2); j++) {
      const pod = lab.netns(`q${i}${j}`);
      const mtuBytes = dice.chance(0.7) ? 1450 : 1500;
      lab.wire({ at: pod, dev: 'eth0', mtuBytes }, { at: node, dev: `cali${j}`, mtuBytes });
      lab.address(pod, 'eth0', `10.7${i}.0.${5 + j}/32`);
      lab.route(pod, '169.254.1.1/32', null, 'eth0', { scope: 'link' });
      lab.route(pod, 'default', '169.254.1.1', 'eth0');
      lab.route(node, `10.7${i}.0.${5 + j}/32`, null, `cali${j}`, { scope: 'link' });
      lab.sysctl(node, confName(`cali${j}`, 'proxy_arp'), '1');
      hosts.push(pod);
    }
    if (dice.chance(0.7)) lab.route(node, `10.7${i}.0.0/24`, null, null, { type: 'blackhole' });
  });
  nodes.forEach((node, i) => {
    nodes.forEach((_, k) => {
      const mac = macs[k];
      if (k === i || mac === undefined) return;
      lab.route(node, `10.7${k}.0.0/24`, `10.7${k}.0.0`, 'vxlan0', { onlink: true });
      if (dice.chance(0.93))
        lab.neighbour(node, { ip: ip(`10.7${k}.0.0`), mac: dice.chance(0.95) ? mac : localMac(0xdead), dev: 'vxlan0', state: 'permanent' });
      if (dice.chance(0.93)) {
        const dst = ip(`10.80.0.${(dice.chance(0.95) ? k : (k + 1) % nodes.length) + 2}`);
        addFdb(node, { mac, dev: 'vxlan0', master: null, state: 'permanent', dst, vni: null, port: null, externLearn: false });
      }
      if (dice.chance(0.15)) flood(node, ip(`10.80.0.${k + 2}`));
    });
  });
  return { lab, hosts: [...hosts, ...nodes.filter(() => dice.chance(0.3))], routers: [...nodes, ...(dice.chance(0.3) ? [under] : [])] };
}

function flood(node: Netns, dst: ReturnType<typeof ip>): void {
  addFdb(
    node,
    { mac: ZERO_MAC, dev: 'vxlan0', master: null, state: 'permanent', dst, vni: null, port: null, externLearn: false },
    'append',
  );
}

/** One subnet over all nodes: the tunnel is a port of a bridge and learns, or is told, who is where. */
export function bridgedTunnel(dice: Dice): Network {
  const { lab, under, nodes } = underlay(dice);
  const hosts: Netns[] = [];
  const hasAddresses = dice.chance(0.6);
  nodes.forEach((node, i) => {
    bridge(lab, node, 'cni0', dice);
    const remote = nodes.length === 2 && dice.chance(0.3) ? ip(`10.80.0.${3 - i}`) : null;
    lab.vxlan(
      node,
      'vxlan0',
      vxlan(dice, i, { learning: dice.chance(0.75), remote, vni: dice.chance(0.95) ? 4096 : 4097 }),
      lab.nextMac(),
      1450,
    );
    lab.enslave(node, 'vxlan0', 'cni0', dice.chance(0.1) ? drawPort(dice) : {});
    if (hasAddresses) lab.address(node, 'cni0', `10.66.0.${i + 1}/24`);
    for (let j = 0; j < dice.int(1, 2); j++) {
      const pod = lab.netns(`q${i}${j}`);
      lab.wire({ at: pod, dev: 'eth0', mtuBytes: 1450 }, { at: node, dev: `v${j}`, mtuBytes: 1450 });
      lab.enslave(node, `v${j}`, 'cni0', drawPort(dice));
      lab.address(pod, 'eth0', `10.66.0.${10 * (i + 1) + j}/24`);
      lab.route(pod, 'default', `10.66.0.${i + 1}`, null);
      hosts.push(pod);
    }
    if (dice.chance(0.4)) lab.sysctl(node, 'net.bridge.bridge-nf-call-iptables', '0');
    for (let k = 0; k < nodes.length; k++) if (k !== i && (remote === null || dice.chance(0.1))) flood(node, ip(`10.80.0.${k + 2}`));
  });
  return { lab, hosts, routers: [...nodes, ...(dice.chance(0.3) ? [under] : [])] };
}
