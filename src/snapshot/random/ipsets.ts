import type { IpsetType } from '../../linux/netfilter/ipset/ipset.ts';
import { parseIpsetSave } from '../../linux/netfilter/ipset/parse.ts';
import { DIMENSIONS } from '../../linux/netfilter/ipset/part.ts';
import type { Netns } from '../../linux/netns.ts';
import { InvariantError } from '../../wire/invariant.ts';
import type { Dice } from './dice.ts';
import type { DrawnSet } from './rules/ground.ts';
import { devicesOf, type Flow, type Scene } from './scene.ts';

/** The types that kernels without the rarer modules have; what is not here nobody could check. */
const TYPES: readonly IpsetType[] = [
  'hash:ip',
  'hash:net',
  'hash:ip,port',
  'hash:net,port',
  'hash:ip,port,ip',
  'hash:ip,port,net',
  'hash:net,iface',
  'bitmap:ip',
  'bitmap:ip,mac',
  'bitmap:port',
  'list:set',
];
const HASH = 'family inet hashsize 64 maxelem 65536';

/** Gives a namespace a few sets that hold what packets may show. */
export function drawIpsets(scene: Scene, netns: Netns): DrawnSet[] {
  const { dice } = scene;
  if (!dice.chance(0.55)) return [];
  const sets: DrawnSet[] = [];
  const lines: string[] = [];
  for (let i = dice.int(1, 3); i > 0; i--) {
    const type = dice.pick(TYPES);
    if (type === 'list:set' && sets.length === 0) continue;
    const name = `${type.replaceAll(/[:,]/g, '-')}${i}`;
    lines.push(...setLines(scene, netns, name, type, sets));
    const dimensions = type === 'list:set' ? Math.max(...sets.map((set) => set.dimensions)) : DIMENSIONS[type].length;
    sets.push({ name, type, dimensions });
  }
  const parsed = parseIpsetSave(`${lines.join('\n')}\n`, 'ipset.txt');
  if (!parsed.ok) throw new InvariantError(`random sets cannot be read: ${JSON.stringify(parsed.faults[0])}`);
  netns.ipsets = parsed.ipsets;
  return sets;
}

function setLines(scene: Scene, netns: Netns, name: string, type: IpsetType, sets: readonly DrawnSet[]): string[] {
  const { dice } = scene;
  if (type === 'list:set') {
    return [`create ${name} list:set size 8`, ...sets.filter((set) => set.type !== 'list:set').map((set) => `add ${name} ${set.name}`)];
  }
  const timeout = dice.chance(0.15);
  const options = [
    ...(type === 'hash:ip' && dice.chance(0.2) ? ['netmask 24'] : []),
    ...(timeout ? ['timeout 900'] : []),
    ...(dice.chance(0.1) ? ['counters'] : []),
    ...(dice.chance(0.1) ? ['comment'] : []),
  ];
  const lines = [`create ${name} ${[type, header(type), ...options].filter((word) => word !== '').join(' ')}`];
  const seen = new Set<string>();
  for (let i = dice.int(1, 6); i > 0; i--) {
    const element = elementOf(scene, netns, type);
    // Under a netmask, and for a MAC beside an address, several elements are one.
    const key = type === 'bitmap:ip,mac' || options.includes('netmask 24') ? (element.split(/[,]|\.\d+$/)[0] ?? element) : element;
    if (seen.has(key)) continue;
    seen.add(key);
    const nomatch = type.includes('net') && dice.chance(0.15) ? ' nomatch' : '';
    lines.push(`add ${name} ${element}${timeout && dice.chance(0.5) ? ' timeout 600' : ''}${nomatch}`);
  }
  return lines;
}

function header(type: IpsetType): string {
  switch (type) {
    case 'bitmap:ip':
    case 'bitmap:ip,mac':
      return 'range 10.0.0.0-10.0.255.255';
    case 'bitmap:port':
      return 'range 1-9000';
    default:
      return HASH;
  }
}

function elementOf(scene: Scene, netns: Netns, type: IpsetType): string {
  const { dice } = scene;
  const flow = dice.pick(scene.flows);
  const address = (): string => {
    const drawn = dice.chance(0.7) ? dice.pick([flow.src, flow.dst]) : dice.pick(scene.owned);
    // A host without an address has flows from 0.0.0.0, which no hash takes.
    const wanted = drawn === '0.0.0.0' ? (scene.owned[0] ?? '10.0.0.1') : drawn;
    if (!type.startsWith('bitmap')) return wanted;
    return wanted.startsWith('10.0.') ? wanted : `10.0.${dice.int(0, 2)}.${dice.int(1, 5)}`;
  };
  return DIMENSIONS[type]
    .map((dimension) => {
      switch (dimension) {
        case 'ip':
          return address();
        case 'net':
          return netOf(dice, address());
        case 'port':
          return type === 'bitmap:port' ? String(dice.pick([53, 80, 8080, 5353])) : portOf(dice, flow);
        case 'mac':
          return dice.pick(
            scene.lab.all.flatMap(({ links }) => links.filter(({ kind }) => kind.type === 'veth').map(({ mac }) => mac.toUpperCase())),
          );
        case 'iface': {
          const port = dice.pickOrNull(netns.links.filter(({ master }) => master !== null).map(({ name }) => name));
          return port !== null && dice.chance(0.3) ? `physdev:${port}` : dice.pick([...devicesOf(netns), 'lo']);
        }
        case 'mark':
          return `0x${dice.pick([0, 1, 2, 4]).toString(16).padStart(8, '0')}`;
        case 'set':
          return '';
      }
    })
    .join(',');
}

function netOf(dice: Dice, address: string): string {
  const [a, b, c] = address.split('.');
  return dice.pick([address, `${a}.${b}.${c}.0/24`, `${a}.${b}.0.0/16`, `${a}.0.0.0/8`]);
}

function portOf(dice: Dice, { proto, sport, dport }: Flow): string {
  if (proto === 'icmp') return `icmp:${dice.pick(['echo-request', 'echo-reply', 'port-unreachable'])}`;
  return dice.chance(0.75) ? `${proto}:${dice.pick([dport, dport, sport])}` : dice.pick(['tcp:80', 'udp:53', 'tcp:8080']);
}
