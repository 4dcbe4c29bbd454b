import { parseEndpoint } from '../../src/aks/endpoint/syntax.ts';
import { parseEbtablesSave } from '../../src/linux/netfilter/ebtables-parse.ts';
import { printEbtables } from '../../src/linux/netfilter/ebtables-print.ts';
import { parseIpsetSave } from '../../src/linux/netfilter/ipset/parse.ts';
import { printIpsets } from '../../src/linux/netfilter/ipset/print.ts';
import { printTables } from '../../src/linux/netfilter/print.ts';
import { applyRestore, parseIptablesSave } from '../../src/linux/netfilter/restore.ts';
import { openScenario } from '../../src/index.ts';
import { parseProbeLine } from '../../src/scenario/probe-line.ts';
import { parseNeighbour } from '../../src/scenario/text/ip-neigh.ts';
import { parseRoute, parseRouteSelector } from '../../src/scenario/text/ip-route.ts';
import { parseRule } from '../../src/scenario/text/ip-rule.ts';
import { TextError } from '../../src/scenario/text/words.ts';
import { memoryDirectory } from '../../src/snapshot/directory.ts';
import { readSnapshot } from '../../src/snapshot/read-snapshot.ts';
import * as seeds from './seeds.ts';

/** What a reader said about an input; a text that it took is none. */
interface Complaint {
  readonly file: string;
  readonly line: number;
  readonly col: number;
  readonly message: string;
  readonly expected: string;
}

/** One reader of foreign text. */
export interface Reader {
  readonly name: string;
  readonly seeds: readonly string[];
  /** Throws only where the reader does what it must not. */
  readonly read: (text: string) => readonly Complaint[];
}

const FILE = 'snap/m/n/x';

function linkRow(ifindex: number, ifname: string, more: object): object {
  return { ifindex, ifname, flags: ['UP', 'LOWER_UP'], mtu: 1500, link_type: 'ether', address: `02:00:00:00:00:0${ifindex}`, ...more };
}

const LINKS = JSON.stringify([
  { ifindex: 1, ifname: 'lo', flags: ['LOOPBACK', 'UP', 'LOWER_UP'], mtu: 65536, link_type: 'loopback', address: '00:00:00:00:00:00' },
  linkRow(2, 'eth0', {}),
  linkRow(3, 'v0', { master: 'br0', linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data: { hairpin: true } } }),
  linkRow(4, 'br0', { linkinfo: { info_kind: 'bridge', info_data: { vlan_filtering: 0, stp_state: 0, ageing_time: 30000 } } }),
  linkRow(5, 'vx', { linkinfo: { info_kind: 'vxlan', info_data: { id: 42, port: 8472, local: '10.0.0.4', ttl: 0, df: 'unset' } } }),
]);
const MANIFEST = JSON.stringify({ podwalkSnapshot: 1, machines: { m: { kind: 'node', namespaces: ['n'] } } });

const NO_MACHINES = JSON.stringify({ podwalkSnapshot: 1, machines: {} });
/** The files that may name namespaces and devices of other files for the worse. */
const NAMES_OTHERS: ReadonlySet<string> = new Set(['snapshot.json', 'machine.json', 'link.json']);

/** The files whose rows speak of devices; the others are read faster without any. */
const ON_DEVICES: ReadonlySet<string> = new Set([
  'addr.json',
  'route.json',
  'neigh.json',
  'proxyneigh.json',
  'fdb.json',
  'brlink.json',
  'srcpick.json',
]);

/** A file of a snapshot directory, read as every command reads it. */
function fileReader(name: string, texts: readonly string[]): Reader {
  const file =
    name === 'snapshot.json'
      ? name
      : name.startsWith('iproute2/') || name === 'uname.txt' || name === 'machine.json'
        ? `m/${name}`
        : `m/n/${name}`;
  return {
    name,
    seeds: [...texts, ...seeds.recordedSeeds(name)],
    read(text) {
      const files = new Map([['snapshot.json', name === 'machine.json' ? NO_MACHINES : MANIFEST]]);
      if (ON_DEVICES.has(name)) files.set('m/n/link.json', LINKS);
      files.set(file, text);
      const { problems } = readSnapshot(memoryDirectory('snap', files));
      for (const problem of problems) {
        if (problem.file !== `snap/${file}` && !NAMES_OTHERS.has(name)) throw new Error(`blames ${problem.file}`);
      }
      return problems;
    },
  };
}

/** What was taken must print as a text that is taken again and prints the same. */
function stable<T>(first: T, print: (value: T) => string, read: (text: string) => T | null): void {
  const text = print(first);
  const again = read(text);
  if (again === null) throw new Error(`prints what it does not read: ${text}`);
  const twice = print(again);
  if (twice !== text) throw new Error(`prints ${text} and then ${twice}`);
}

const TEXT_READERS: readonly Reader[] = [
  ...[false, true].map((lenient): Reader => ({
    name: lenient ? 'iptables-save, lenient' : 'iptables-save',
    seeds: [...seeds.IPTABLES, ...seeds.recordedSeeds('iptables.txt'), ...seeds.realIptables()],
    read(text) {
      const result = parseIptablesSave(text, FILE, { lenient });
      if (!result.ok) return result.faults;
      stable(result.tables, printTables, (printed) => {
        const again = parseIptablesSave(printed, FILE, { lenient });
        return again.ok ? again.tables : null;
      });
      return [];
    },
  })),
  {
    name: 'iptables-restore',
    seeds: [
      ...seeds.IPTABLES,
      '*filter\n:X - [0:0]\n-N Y\n-I FORWARD 1 -s 10.0.0.1,10.0.0.2 -j X\n-D FORWARD 1\n-R X 1 -j RETURN\n-P FORWARD DROP\n-E X Z\n-F X\n-X Y\nCOMMIT\n',
    ],
    read(text) {
      const result = applyRestore({}, text, { file: FILE, noflush: true });
      return result.ok ? [] : result.faults;
    },
  },
  {
    name: 'ipset save',
    seeds: [...seeds.IPSETS, ...seeds.recordedSeeds('ipset.txt')],
    read(text) {
      const result = parseIpsetSave(text, FILE);
      if (!result.ok) return result.faults;
      // Ranges stand for thousands of entries; printing all of them says no more.
      if (result.ipsets.reduce((sum, { entries }) => sum + entries.length, 0) > 300) return [];
      stable(result.ipsets, printIpsets, (printed) => {
        const again = parseIpsetSave(printed, FILE);
        return again.ok ? again.ipsets : null;
      });
      return [];
    },
  },
  {
    name: 'ebtables-save',
    seeds: [...seeds.EBTABLES, ...seeds.recordedSeeds('ebtables.txt')],
    read(text) {
      const result = parseEbtablesSave(text, FILE);
      if (!result.ok) return result.faults;
      stable(result.tables, printEbtables, (printed) => {
        const again = parseEbtablesSave(printed, FILE);
        return again.ok ? again.tables : null;
      });
      return [];
    },
  },
];

/** A reader of one line that throws a TextError. */
function lineReader(name: string, texts: readonly string[], parse: (text: string) => unknown): Reader {
  return {
    name,
    seeds: texts,
    read(text) {
      try {
        parse(text);
        return [];
      } catch (error) {
        if (!(error instanceof TextError)) throw error;
        return [{ file: FILE, line: 1, col: 1, message: error.message, expected: error.expected }];
      }
    },
  };
}

const { world } = openScenario(`
cluster: { mode: overlay }
pods: [{ name: a }, { name: web, listens: [tcp/80] }]
services: [{ name: web, ports: [80] }]
`);

function complaintOf(result: object): readonly Complaint[] {
  if (!('message' in result)) return [];
  const expected = 'expected' in result ? String(result.expected) : '-';
  return [{ file: FILE, line: 1, col: 1, message: String(result.message), expected }];
}

const LINE_READERS: readonly Reader[] = [
  lineReader('ip route', seeds.ROUTES, parseRoute),
  lineReader('ip route del', seeds.ROUTES, parseRouteSelector),
  lineReader('ip rule', seeds.RULES, parseRule),
  lineReader('ip neigh', seeds.NEIGHBOURS, parseNeighbour),
  { name: 'endpoint', seeds: seeds.ENDPOINTS, read: (text) => complaintOf(parseEndpoint(text)) },
  { name: 'probe line', seeds: seeds.PROBES, read: (text) => complaintOf(parseProbeLine(text, world)) },
];

const FILE_READERS: readonly Reader[] = [
  fileReader('snapshot.json', seeds.MANIFESTS),
  fileReader('machine.json', seeds.MACHINES),
  ...['link.json', 'addr.json', 'route.json', 'rule.json', 'neigh.json', 'proxyneigh.json', 'fdb.json'].map((name) => fileReader(name, [])),
  fileReader('brlink.json', seeds.BRLINKS),
  fileReader('srcpick.json', seeds.SRCPICKS),
  fileReader('nft.json', seeds.NFT),
  fileReader('tc.json', seeds.TC),
  fileReader('bpf.json', seeds.BPF),
  fileReader('sysctl.txt', seeds.SYSCTLS),
  fileReader('conntrack.txt', seeds.CONNTRACK),
  fileReader('sockets.txt', seeds.SOCKETS),
  fileReader('ipvs.txt', seeds.IPVS),
  fileReader('xfrm.txt', seeds.XFRM),
  fileReader('uname.txt', seeds.UNAMES),
  fileReader('iproute2/rt_tables', seeds.NAMES),
];

export const READERS: readonly Reader[] = [...TEXT_READERS, ...FILE_READERS, ...LINE_READERS];
