import { localMac } from '../../../wire/mac.ts';
import type { Dice } from '../dice.ts';
import { devicesOf } from '../scene.ts';
import { around, type Ground, likelyAddress, mark, markMask, onlyAt, perhapsNot, portsAround } from './ground.ts';

/** One kind of match: how often it is drawn, and its words; null where it cannot stand. */
interface MatchKind {
  readonly name: string;
  readonly weight: number;
  draw(ground: Ground): string | null;
}

const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED', 'SNAT', 'DNAT'];
const TYPES = ['LOCAL', 'UNICAST', 'BROADCAST', 'BLACKHOLE', 'UNREACHABLE', 'PROHIBIT', 'MULTICAST', 'THROW'];
const LATE_STATES = 7;

function states(dice: Dice, count: number): string {
  const names = STATES.slice(0, count);
  const chosen = dice.weighted([
    [['NEW'], 4],
    [['ESTABLISHED', 'RELATED'], 4],
    [['INVALID'], 1],
    [dice.some(names, 0.35), 3],
  ]);
  return (chosen.length === 0 ? ['NEW'] : chosen).join(',');
}

/** An option with a value that fits the packet, negated now and then: what `option` returns starts with a blank. */
function option(ground: Ground, name: string, value: string, not = 0.12): string {
  return ` ${perhapsNot(ground, not)}--${name} ${value}`;
}

function addrtype(ground: Ground): string {
  const { dice } = ground.scene;
  const types = (): string => {
    const chosen = dice.weighted([
      [['LOCAL'], 6],
      [['UNICAST'], 2],
      [['BROADCAST'], 1],
      [dice.some(TYPES, 0.3), 2],
    ]);
    return (chosen.length === 0 ? ['UNICAST', 'LOCAL'] : chosen).join(',');
  };
  const side = dice.weighted([
    [['dst'], 5],
    [['src'], 3],
    [['src', 'dst'], 1],
  ]);
  const limits = [
    ...(onlyAt(ground, 'PREROUTING', 'INPUT', 'FORWARD') ? ['in'] : []),
    ...(onlyAt(ground, 'OUTPUT', 'FORWARD', 'POSTROUTING') ? ['out'] : []),
  ];
  const limit = ground.isBuiltin && dice.chance(0.25) ? dice.pickOrNull(limits) : null;
  return `-m addrtype${side.map((one) => option(ground, `${one}-type`, types(), 0.2)).join('')}${limit === null ? '' : ` --limit-iface-${limit}`}`;
}

function conntrack(ground: Ground): string {
  const { scene, flow } = ground;
  const { dice } = scene;
  const ported = flow.proto !== 'icmp';
  const options: readonly (() => string | null)[] = [
    () => option(ground, 'ctstate', states(dice, LATE_STATES), 0.15),
    () => option(ground, 'ctstate', states(dice, LATE_STATES), 0.15),
    () => option(ground, 'ctproto', dice.pick(['tcp', 'udp', 'icmp']), 0.2),
    () => option(ground, 'ctorigsrc', likelyAddress(ground, 'src'), 0.2),
    () => option(ground, 'ctorigdst', around(ground, likelyAddress(ground, 'dst')), 0.2),
    () => option(ground, 'ctreplsrc', likelyAddress(ground, 'dst'), 0.2),
    () => option(ground, 'ctrepldst', likelyAddress(ground, 'src'), 0.2),
    () => (ported ? option(ground, 'ctorigsrcport', portsAround(ground, flow.sport), 0.2) : null),
    () => (ported ? option(ground, 'ctorigdstport', portsAround(ground, flow.dport), 0.2) : null),
    () => (ported ? option(ground, 'ctreplsrcport', portsAround(ground, flow.dport), 0.2) : null),
    () => (ported ? option(ground, 'ctrepldstport', portsAround(ground, flow.sport), 0.2) : null),
    () => option(ground, 'ctstatus', dice.pick(['NONE', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED', 'SEEN_REPLY,ASSURED', 'EXPECTED']), 0.2),
    () => ` --ctdir ${dice.pick(['ORIGINAL', 'REPLY'])}`,
    () => option(ground, 'ctexpire', dice.pick(['0:10000000', '500000:600000']), 0.1),
  ];
  const first = dice.pick(options)() ?? option(ground, 'ctstate', states(dice, LATE_STATES));
  return `-m conntrack${first}`;
}

function ports(ground: Ground): string | null {
  const { scene, flow, proto } = ground;
  if (proto === null || proto === 'icmp') return null;
  const { dice } = scene;
  const dport = (): string => option(ground, 'dport', portsAround(ground, flow.dport));
  const sport = (): string => option(ground, 'sport', portsAround(ground, flow.sport));
  return `-m ${proto}${dice.weighted([
    [dport, 6],
    [sport, 2],
    [() => `${sport()}${dport()}`, 1],
  ])()}`;
}

function icmp(ground: Ground): string | null {
  if (ground.proto !== 'icmp') return null;
  return `-m icmp${option(ground, 'icmp-type', ground.scene.dice.pick(['8', '8', '0', '0', '3', '3/3', '3/1', '11', '11/0', '5', 'any']))}`;
}

function tcpFlags(ground: Ground): string | null {
  const { dice } = ground.scene;
  if (ground.proto !== 'tcp') return null;
  const flags = ['FIN,SYN,RST,ACK SYN', 'SYN,ACK SYN,ACK', 'RST RST', 'SYN,RST,ACK ACK', 'ALL ACK', 'ALL NONE', 'SYN SYN', 'PSH,URG NONE'];
  return dice.chance(0.8)
    ? `-m tcp${option(ground, 'tcp-flags', dice.pick(flags), 0.15)}`
    : `-m tcp${option(ground, 'tcp-option', dice.pick(['2', '3', '8', '19']), 0.2)}`;
}

function multiport(ground: Ground): string | null {
  const { scene, flow, proto } = ground;
  if (proto === null || proto === 'icmp') return null;
  const { dice } = scene;
  const list = (port: number): string => dice.shuffled([dice.chance(0.7) ? String(port) : '1:10', '53', '60:100', '8080']).join(',');
  const [side, port] = dice.pick([
    ['dports', flow.dport],
    ['sports', flow.sport],
    ['ports', flow.dport],
  ] as const);
  return `-m multiport${option(ground, side, list(port))}`;
}

function physdev(ground: Ground): string | null {
  const { scene, netns } = ground;
  const ports = netns.links.filter(({ master }) => master !== null).map(({ name }) => name);
  const port = scene.dice.pickOrNull(ports);
  if (port === null || ground.hooks.includes('OUTPUT')) return null;
  const device = scene.dice.chance(0.2) ? `${port.slice(0, 1)}+` : port;
  const inward = [
    option(ground, 'physdev-in', device),
    ` ${perhapsNot(ground)}--physdev-is-in`,
    ` ${perhapsNot(ground)}--physdev-is-bridged`,
    ` --physdev-is-bridged${option(ground, 'physdev-in', device)}`,
  ];
  const outward = [option(ground, 'physdev-out', device), ` ${perhapsNot(ground)}--physdev-is-out`];
  const both = [` --physdev-is-bridged${option(ground, 'physdev-out', device)}`];
  const choices = [...inward, ...(onlyAt(ground, 'FORWARD', 'POSTROUTING') ? [...outward, ...both] : [])];
  return `-m physdev${scene.dice.pick(choices)}`;
}

function mac(ground: Ground): string | null {
  if (!onlyAt(ground, 'PREROUTING', 'INPUT', 'FORWARD')) return null;
  const { dice, lab } = ground.scene;
  const macs = lab.all.flatMap(({ links }) => links.filter(({ kind }) => kind.type === 'veth').map((link) => link.mac));
  return `-m mac${option(ground, 'mac-source', dice.pick([...macs, localMac(0xffff)]))}`;
}

function owner(ground: Ground): string | null {
  if (!onlyAt(ground, 'OUTPUT', 'POSTROUTING')) return null;
  const { dice } = ground.scene;
  return `-m owner${dice.pick([
    option(ground, 'uid-owner', dice.pick(['0', '1000', '0-99'])),
    option(ground, 'gid-owner', dice.pick(['0', '1000'])),
    ` ${perhapsNot(ground, 0.3)}--socket-exists`,
  ])}`;
}

function rpfilter(ground: Ground): string | null {
  if (!onlyAt(ground, 'PREROUTING') || (ground.table !== 'raw' && ground.table !== 'mangle')) return null;
  return `-m rpfilter${ground.scene.dice
    .some(['--loose', '--validmark', '--accept-local', '--invert'], 0.3)
    .map((word) => ` ${word}`)
    .join('')}`;
}

function recent({ scene: { dice } }: Ground): string {
  const name = dice.pick(['seen', 'other']);
  const side = dice.pick(['--rsource', '--rdest']);
  const more = dice.weighted([
    ['', 4],
    [' --hitcount 2', 2],
    [' --seconds 600', 1],
    [' --rttl', 1],
  ]);
  const act = dice.weighted([
    ['--set', 5],
    [`--rcheck${more}`, 4],
    [`--update${more}`, 2],
    ['--remove', 1],
  ]);
  const mask = dice.chance(0.2) ? '255.255.255.0' : '255.255.255.255';
  return `-m recent ${dice.chance(0.15) ? '! ' : ''}${act} --name ${name} --mask ${mask} ${side}`;
}

function set(ground: Ground): string | null {
  const { dice } = ground.scene;
  const chosen = dice.pickOrNull(ground.sets);
  if (chosen === null) return null;
  const count = chosen.dimensions + (dice.chance(0.05) ? 1 : 0);
  const dims = Array.from({ length: count }, () => dice.pick(['src', 'dst'])).join(',');
  const nomatch = dice.chance(0.1) ? ' --return-nomatch' : '';
  return `-m set${option(ground, 'match-set', `${chosen.name} ${dims}`)}${nomatch}`;
}

function iprange(ground: Ground): string {
  const { dice } = ground.scene;
  const side = dice.pick(['src', 'dst'] as const);
  const address = likelyAddress(ground, side);
  const [a, b, c, d] = address.split('.').map(Number);
  const range = dice.pick([`${a}.${b}.${c}.0-${address}`, `${address}-${a}.${b}.${c}.255`, `${a}.0.0.0-${a}.${b}.${c}.${d}`]);
  return `-m iprange${option(ground, `${side}-range`, range)}`;
}

/** Every match, each with about how often people write it. */
const MATCH_KINDS: readonly MatchKind[] = [
  { name: 'ports', weight: 14, draw: ports },
  { name: 'conntrack', weight: 12, draw: conntrack },
  { name: 'state', weight: 3, draw: (ground) => `-m state${option(ground, 'state', states(ground.scene.dice, 5))}` },
  { name: 'addrtype', weight: 8, draw: addrtype },
  { name: 'set', weight: 8, draw: set },
  { name: 'multiport', weight: 5, draw: multiport },
  { name: 'tcp', weight: 3, draw: tcpFlags },
  { name: 'icmp', weight: 5, draw: icmp },
  {
    name: 'mark',
    weight: 8,
    draw: (ground) => `-m mark${option(ground, 'mark', `${mark(ground.scene.dice)}/${markMask(ground.scene.dice)}`)}`,
  },
  {
    name: 'connmark',
    weight: 5,
    draw: (ground) => `-m connmark${option(ground, 'mark', `${mark(ground.scene.dice)}/${markMask(ground.scene.dice)}`)}`,
  },
  {
    name: 'length',
    weight: 4,
    draw: (ground) =>
      `-m length${option(ground, 'length', ground.scene.dice.pick(['0:100', '60', '28:60', '1000:65535', '1500', '0:1499', '576']))}`,
  },
  {
    name: 'ttl',
    weight: 4,
    draw: ({ scene: { dice } }) =>
      `-m ttl ${dice.pick(['--ttl-eq 64', '--ttl-eq 63', '--ttl-gt 62', '--ttl-lt 3', '--ttl-lt 64', '! --ttl-eq 64', '--ttl-eq 1', '--ttl-gt 64'])}`,
  },
  { name: 'iprange', weight: 3, draw: iprange },
  {
    name: 'dscp',
    weight: 2,
    draw: (ground) => `-m dscp${option(ground, 'dscp', ground.scene.dice.pick(['0x00', '0x04', '0x02', '0x12', '0x2e', '0x30']))}`,
  },
  {
    name: 'tos',
    weight: 2,
    draw: (ground) =>
      `-m tos${option(ground, 'tos', ground.scene.dice.pick(['0x10/0x3f', '0x00/0xff', '0x08/0x1e', '0xc0/0xff', '0xb8/0xff']))}`,
  },
  {
    name: 'pkttype',
    weight: 3,
    draw: (ground) => `-m pkttype${option(ground, 'pkt-type', ground.scene.dice.pick(['unicast', 'unicast', 'broadcast', 'multicast']))}`,
  },
  { name: 'mac', weight: 4, draw: mac },
  { name: 'physdev', weight: 8, draw: physdev },
  { name: 'owner', weight: 3, draw: owner },
  { name: 'rpfilter', weight: 4, draw: rpfilter },
  { name: 'recent', weight: 3, draw: recent },
  {
    name: 'statistic',
    weight: 4,
    draw: ({ scene: { dice } }) => {
      const every = dice.int(2, 4);
      return dice.weighted([
        [`-m statistic --mode nth ${dice.chance(0.2) ? '! ' : ''}--every ${every} --packet ${dice.int(0, every - 1)}`, 5],
        ['-m statistic --mode random --probability 1', 1],
        ['-m statistic --mode random ! --probability 1', 1],
        ['-m statistic --mode random --probability 0', 1],
      ]);
    },
  },
  {
    name: 'limit',
    weight: 2,
    draw: ({ scene: { dice } }) => `-m limit --limit ${dice.pick(['1/minute', '2/minute', '20/hour'])} --limit-burst ${dice.int(1, 4)}`,
  },
  {
    name: 'comment',
    weight: 3,
    draw: ({ scene: { dice } }) =>
      `-m comment --comment ${dice.pick(['"allow web"', 'plain', '"ns/svc:port cluster IP"', '"a \\"quoted\\" word"', '"-j DROP"'])}`,
  },
  {
    name: 'tcpmss',
    weight: 1,
    draw: (ground) =>
      ground.proto === 'tcp'
        ? `-m tcp --tcp-flags SYN,RST SYN -m tcpmss${option(ground, 'mss', ground.scene.dice.pick(['1400:1500', '1460', '0:1300']))}`
        : null,
  },
];

/** `-s`, `-d`, `-i`, `-o` and `-f`. */
export function selectors(ground: Ground): string {
  const { scene, netns, isBuiltin, proto } = ground;
  const { dice } = scene;
  const words: string[] = [];
  if (dice.chance(0.25)) words.push(`${perhapsNot(ground)}-s ${around(ground, likelyAddress(ground, 'src'))}`);
  if (dice.chance(0.35)) words.push(`${perhapsNot(ground)}-d ${around(ground, likelyAddress(ground, 'dst'))}`);
  const device = (): string => {
    const name = dice.pick([...devicesOf(netns), 'lo', 'eth+', 'h+']);
    return dice.chance(0.15) && name.length > 1 && !name.endsWith('+') ? `${name.slice(0, -1)}+` : name;
  };
  const canIn = !isBuiltin || onlyAt(ground, 'PREROUTING', 'INPUT', 'FORWARD');
  const canOut = !isBuiltin || onlyAt(ground, 'FORWARD', 'OUTPUT', 'POSTROUTING');
  if (canIn && dice.chance(0.15)) words.push(`${perhapsNot(ground)}-i ${device()}`);
  if (canOut && dice.chance(0.15)) words.push(`${perhapsNot(ground)}-o ${device()}`);
  if (proto !== null) words.push(`-p ${proto}`);
  else if (dice.chance(0.04)) words.push(`! -p ${dice.pick(['tcp', 'udp', 'icmp'])}`);
  if (dice.chance(0.02)) words.push(`${perhapsNot(ground, 0.4)}-f`);
  return words.join(' ');
}

/** Matches for a rule: none, one or a few. */
export function drawMatches(ground: Ground, count: number): string[] {
  const { dice } = ground.scene;
  const out = new Map<string, string>();
  if (ground.proto !== null && dice.chance(0.3)) {
    const words = ground.proto === 'icmp' ? icmp(ground) : ports(ground);
    if (words !== null) out.set(ground.proto === 'icmp' ? 'icmp' : 'ports', words);
  }
  for (let i = 0; i < count; i++) {
    const kind = dice.weighted(MATCH_KINDS.map((one) => [one, one.weight] as const));
    const words = kind.draw(ground);
    // A match that is written twice is another thing.
    if (words !== null && !out.has(kind.name) && !(kind.name.startsWith('tcp') && out.has('ports'))) out.set(kind.name, words);
  }
  return [...out.values()];
}
