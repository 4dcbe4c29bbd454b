import type { TableName } from '../../../linux/netfilter/rule.ts';
import { addressesOf, PORTS } from '../scene.ts';
import { anyAddress, type Ground, likelyAddress, mark, markMask, onlyAt } from './ground.ts';

/** One kind of target: how often it is drawn in each table that takes it, and its words; null where it cannot stand. */
interface TargetKind {
  readonly name: string;
  readonly weight: Partial<Record<TableName, number>>;
  /** Ends the packet, so a rule with it must be narrow. */
  readonly isFatal?: boolean;
  draw(ground: Ground): string | null;
}

const EVERYWHERE = (weight: number): Record<TableName, number> => ({
  raw: weight,
  mangle: weight,
  nat: weight,
  filter: weight,
  security: weight,
});
const REJECTIONS = [
  'icmp-port-unreachable',
  'icmp-host-unreachable',
  'icmp-net-unreachable',
  'icmp-proto-unreachable',
  'icmp-net-prohibited',
  'icmp-host-prohibited',
  'icmp-admin-prohibited',
];

/** `10.0.0.1`, with a range or a port behind it now and then; ports only where the rule names a protocol that has them. */
function translation(ground: Ground, address: string, port: number): string {
  const { dice } = ground.scene;
  const last = Number(address.split('.')[3]);
  const upTo = Math.min(255, last + dice.int(1, 3));
  const addresses = dice.chance(0.15) ? `${address}-${address.replace(/\d+$/, String(upTo))}` : address;
  const hasPorts = ground.proto === 'tcp' || ground.proto === 'udp';
  if (!hasPorts || dice.chance(0.4)) return addresses;
  const ports = dice.chance(0.15) ? `${port}-${Math.min(65_535, port + dice.int(1, 5))}` : String(port);
  return dice.chance(0.1) ? `:${ports}` : `${addresses}:${ports}`;
}

function dnat(ground: Ground): string | null {
  const { scene, proto, netns } = ground;
  const { dice, hosts } = scene;
  if (!onlyAt(ground, 'PREROUTING', 'OUTPUT')) return null;
  const address = dice.weighted([
    [dice.pickOrNull(addressesOf(dice.pick(hosts))), 8],
    [dice.pickOrNull(addressesOf(netns)), 2],
    [anyAddress(ground), 2],
    ['127.0.0.1', 1],
  ]);
  const port = proto === 'tcp' || proto === 'udp' ? dice.pick(PORTS[proto]) : 80;
  const to = translation(ground, address ?? '10.0.0.2', port);
  return `DNAT --to-destination ${to}${dice.chance(0.05) ? ' --persistent' : ''}`;
}

function snat(ground: Ground): string | null {
  const { dice } = ground.scene;
  if (!onlyAt(ground, 'POSTROUTING', 'INPUT')) return null;
  const address = dice.weighted([
    [dice.pickOrNull(addressesOf(ground.netns)), 6],
    [anyAddress(ground), 3],
  ]);
  return `SNAT --to-source ${translation(ground, address ?? anyAddress(ground), dice.pick([40_000, 40_001, 50_000, 600]))}`;
}

function markTarget({ scene: { dice } }: Ground): string {
  return `MARK ${dice.pick([
    `--set-xmark ${mark(dice)}/${markMask(dice)}`,
    `--set-mark ${mark(dice)}`,
    `--or-mark ${mark(dice)}`,
    `--and-mark ${markMask(dice)}`,
    `--xor-mark ${mark(dice)}`,
  ])}`;
}

function connmark({ scene: { dice } }: Ground): string {
  return `CONNMARK ${dice.pick([
    `--set-xmark ${mark(dice)}/${markMask(dice)}`,
    `--save-mark --nfmask ${markMask(dice)} --ctmask ${markMask(dice)}`,
    '--save-mark --nfmask 0xffffffff --ctmask 0xffffffff',
    '--restore-mark --nfmask 0xffffffff --ctmask 0xffffffff',
    `--restore-mark --nfmask ${markMask(dice)} --ctmask ${markMask(dice)}`,
  ])}`;
}

function setTarget({ scene: { dice }, sets }: Ground): string | null {
  const chosen = dice.pickOrNull(sets.filter(({ type }) => type !== 'list:set' && !type.includes('net')));
  if (chosen === null) return null;
  const dims = Array.from({ length: chosen.dimensions }, () => dice.pick(['src', 'dst'])).join(',');
  if (dice.chance(0.25)) return `SET --del-set ${chosen.name} ${dims}`;
  return `SET --add-set ${chosen.name} ${dims}${dice.chance(0.2) ? ' --exist' : ''}`;
}

/** Every target. */
const TARGET_KINDS: readonly TargetKind[] = [
  { name: 'none', weight: EVERYWHERE(4), draw: () => '' },
  { name: 'ACCEPT', weight: { raw: 4, mangle: 4, nat: 5, filter: 20, security: 6 }, draw: () => 'ACCEPT' },
  { name: 'DROP', weight: { raw: 3, mangle: 3, filter: 10, security: 4 }, isFatal: true, draw: () => 'DROP' },
  { name: 'RETURN', weight: { raw: 3, mangle: 5, nat: 5, filter: 6, security: 3 }, draw: () => 'RETURN' },
  {
    name: 'REJECT',
    weight: { filter: 12 },
    isFatal: true,
    draw: (ground) => {
      const { dice } = ground.scene;
      const kind = ground.proto === 'tcp' && dice.chance(0.4) ? 'tcp-reset' : dice.pick(REJECTIONS);
      return `REJECT --reject-with ${kind}`;
    },
  },
  { name: 'DNAT', weight: { nat: 24 }, draw: dnat },
  { name: 'SNAT', weight: { nat: 14 }, draw: snat },
  {
    name: 'MASQUERADE',
    weight: { nat: 14 },
    draw: (ground) => {
      if (!onlyAt(ground, 'POSTROUTING')) return null;
      const ported = ground.proto === 'tcp' || ground.proto === 'udp';
      return `MASQUERADE${ported && ground.scene.dice.chance(0.1) ? ' --to-ports 40000' : ''}`;
    },
  },
  {
    name: 'REDIRECT',
    weight: { nat: 7 },
    draw: (ground) => {
      if (!onlyAt(ground, 'PREROUTING', 'OUTPUT')) return null;
      const { dice } = ground.scene;
      const { proto } = ground;
      if (proto === null || proto === 'icmp' || dice.chance(0.2)) return 'REDIRECT';
      return `REDIRECT --to-ports ${dice.pick(PORTS[proto])}`;
    },
  },
  {
    name: 'NETMAP',
    weight: { nat: 3 },
    draw: (ground) => {
      const [a, b, c] = likelyAddress(ground, 'dst').split('.');
      const length = ground.scene.dice.pick([24, 30, 32]);
      return `NETMAP --to ${a}.${b}.${c}.${length === 24 ? 0 : length === 30 ? 4 : 2}/${length}`;
    },
  },
  { name: 'MARK', weight: { raw: 4, mangle: 18, nat: 4, filter: 3, security: 2 }, draw: markTarget },
  { name: 'CONNMARK', weight: { mangle: 10, nat: 3, filter: 2 }, draw: connmark },
  {
    name: 'TTL',
    weight: { mangle: 8 },
    draw: ({ scene: { dice } }) =>
      `TTL --ttl-${dice.weighted([
        ['inc', 3],
        ['dec', 3],
        ['set', 3],
      ])} ${dice.pick([1, 1, 2, 5, 62])}`,
  },
  {
    name: 'TOS',
    weight: { mangle: 4 },
    draw: ({ scene: { dice } }) =>
      `TOS --${dice.pick(['set-tos 0x10/0x3f', 'set-tos 0x08/0xff', 'set-tos 0x00/0xff', 'or-tos 0x10', 'and-tos 0xe0', 'xor-tos 0x04'])}`,
  },
  {
    name: 'DSCP',
    weight: { mangle: 4 },
    draw: ({ scene: { dice } }) => `DSCP --set-dscp ${dice.pick(['0x04', '0x02', '0x2e', '0x00'])}`,
  },
  { name: 'NOTRACK', weight: { raw: 10 }, draw: ({ scene: { dice } }) => dice.pick(['NOTRACK', 'CT --notrack']) },
  { name: 'LOG', weight: { mangle: 2, nat: 2, filter: 4, raw: 1 }, draw: () => 'LOG --log-prefix "seen: "' },
  { name: 'NFLOG', weight: { filter: 2, mangle: 1 }, draw: () => 'NFLOG --nflog-group 7' },
  { name: 'SET', weight: { mangle: 3, filter: 3 }, draw: setTarget },
  {
    name: 'TCPMSS',
    weight: { mangle: 12 },
    draw: (ground) => {
      if (ground.proto !== 'tcp' || !onlyAt(ground, 'FORWARD', 'OUTPUT', 'POSTROUTING')) return null;
      return `TCPMSS ${ground.scene.dice.pick(['--set-mss 1200', '--clamp-mss-to-pmtu'])}`;
    },
  },
  {
    name: 'CLASSIFY',
    weight: { mangle: 2 },
    draw: (ground) => (onlyAt(ground, 'FORWARD', 'OUTPUT', 'POSTROUTING') ? 'CLASSIFY --set-class 0001:0002' : null),
  },
  { name: 'CHECKSUM', weight: { mangle: 1 }, draw: (ground) => (ground.proto === 'udp' ? 'CHECKSUM --checksum-fill' : null) },
];

/** `-j DROP`, and whether the rule must be narrow; TCPMSS asks for a SYN to look at. */
export function drawTarget(ground: Ground): { readonly words: string; readonly isFatal: boolean } {
  const { dice } = ground.scene;
  const below = dice.pickOrNull(ground.below);
  if (below !== null && dice.chance(0.45)) return { words: ` -${dice.chance(0.15) ? 'g' : 'j'} ${below}`, isFatal: false };
  for (;;) {
    const kind = dice.weighted(TARGET_KINDS.map((one) => [one, one.weight[ground.table] ?? 0] as const));
    const words = kind.draw(ground);
    if (words === null) continue;
    const syn = kind.name === 'TCPMSS' ? ' -m tcp --tcp-flags SYN,RST SYN' : '';
    return { words: words === '' ? '' : `${syn} -j ${words}`, isFatal: kind.isFatal ?? false };
  }
}
