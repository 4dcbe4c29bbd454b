import { describe, expect, test } from 'vitest';
import { compileNetns } from '../../../../src/linux/compiled-netns.ts';
import type { Device } from '../../../../src/linux/device.ts';
import type { Ebtables } from '../../../../src/linux/netfilter/ebtables.ts';
import { parseEbtablesSave } from '../../../../src/linux/netfilter/ebtables-parse.ts';
import { printEbtables } from '../../../../src/linux/netfilter/ebtables-print.ts';
import { runEbtables } from '../../../../src/linux/netfilter/run-ebtables.ts';
import { ip } from '../../../../src/wire/ipv4.ts';
import { mac } from '../../../../src/wire/mac.ts';
import { inNamespace, works } from './real.ts';
import { Bench, type Packet } from './support.ts';

const hasTool = works('ebtables-nft -L');
if (!hasTool) console.warn('skipped: 1 test against the real ebtables-nft; root and ebtables are needed');

const RULES = [
  '-p IPv4 -s 0a:58:0a:f4:00:01 -o veth+ --ip-src 10.244.0.1 -j ACCEPT',
  '-p IPv4 -s 0a:58:0a:f4:00:01 -o veth+ --ip-src 10.244.0.0/24 -j DROP',
  '-p ARP --arp-op Request --arp-ip-dst 10.0.0.1 --arp-mac-src 0a:58:0a:f4:00:01 -j DROP',
  '-p IPv4 --ip-dst ! 10.0.0.1 --ip-proto tcp --ip-dport 80:90 -j CONTINUE',
  '-s Multicast -i ! eth0 -j RETURN',
  '-d ! Broadcast --logical-in br0 -j ACCEPT',
  '-p IPv6 -j CONTINUE',
  '-p Length -j DROP',
  '--pkttype-type broadcast -j DROP',
  '-p IPv4 --ip-tos 0x10 --ip-proto udp --ip-sport 5 -j DROP',
  '--mark 0x1/0x3 -j DROP',
  '-p 802_1Q --vlan-id 5 -j DROP',
  '--log-level notice --log-prefix "hi there" -j CONTINUE',
  '-j USER',
];

function save(...rules: readonly string[]): string {
  return ['*filter', ':INPUT ACCEPT', ':FORWARD ACCEPT', ':OUTPUT ACCEPT', ':USER RETURN', ...rules, ''].join('\n');
}

function tables(text: string): Ebtables {
  const result = parseEbtablesSave(text, 'eb');
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.tables;
}

const bench = new Bench();
const [lo, port, bridge] = compileNetns(bench.netns).devices;

function verdict(
  rules: readonly string[],
  packet: Packet,
  { input = null, output = null }: { input?: Device | null; output?: Device | null } = {},
): string {
  if (bridge === undefined || lo === undefined) throw new Error('no devices');
  const result = runEbtables(tables(save(...rules)), 'filter', 'FORWARD', { skb: bench.skb(packet), in: input, out: output, bridge });
  return result.kind === 'unknown' ? result.reason : result.kind;
}

describe('bridge tables', () => {
  test('are printed back as they were read', () => {
    const text = save(...RULES.map((rule) => `-A FORWARD ${rule}`));
    expect(printEbtables(tables(text))).toBe(text);
  });

  test('the chain that removes doubled packets lets the gateway pass and drops its other copies', () => {
    const dedup = RULES.slice(0, 2).map((rule) => `-A USER ${rule.replace('veth+', 'eth0')}`);
    const rules = ['-A FORWARD -j USER', ...dedup];
    const frame = { smac: mac('0a:58:0a:f4:00:01') };
    const output = port ?? null;
    expect(verdict(rules, { ...frame, src: '10.244.0.1' }, { output })).toBe('accept');
    expect(verdict(rules, { ...frame, src: '10.244.0.7' }, { output })).toBe('drop');
    expect(verdict(rules, { ...frame, src: '10.9.0.7' }, { output })).toBe('accept');
    expect(verdict(rules, { src: '10.244.0.7' }, { output })).toBe('accept');
  });

  test('the policy of a user chain decides at its end', () => {
    const text = save('-A FORWARD -j USER').replace(':USER RETURN', ':USER DROP');
    const result = runEbtables(tables(text), 'filter', 'FORWARD', { skb: bench.skb({}), in: null, out: null, bridge: bridge! });
    expect(result).toEqual({ kind: 'drop', text: 'policy DROP of chain USER in the bridge table filter' });
  });

  test('chains that would be read a thousand million times are UNKNOWN, and promptly', () => {
    const chains = Array.from({ length: 40 }, (_, n) => n);
    const lines = [
      '*filter',
      ':FORWARD ACCEPT',
      ...chains.map((n) => `:C${n} RETURN`),
      '-A FORWARD -j C0',
      ...chains.slice(1).flatMap((n) => [`-A C${n - 1} -j C${n}`, `-A C${n - 1} -j C${n}`]),
    ];
    const result = runEbtables(tables(lines.join('\n')), 'filter', 'FORWARD', { skb: bench.skb({}), in: null, out: null, bridge: bridge! });
    expect(result).toMatchObject({ kind: 'unknown', reason: 'EBT_BUDGET' });
  });

  test('ARP is told from IPv4', () => {
    const arp = {
      op: 'request',
      senderMac: mac('0a:58:0a:f4:00:01'),
      senderIp: ip('10.0.0.2'),
      targetMac: mac('00:00:00:00:00:00'),
      targetIp: ip('10.0.0.1'),
    } as const;
    expect(verdict([`-A FORWARD ${RULES[2]}`], { arp })).toBe('drop');
    expect(verdict([`-A FORWARD ${RULES[2]}`], {})).toBe('accept');
    expect(verdict(['-A FORWARD -p IPv4 -j DROP'], { arp })).toBe('accept');
    expect(verdict(['-A FORWARD --ip-src 10.0.0.2 -j DROP'], { arp })).toBe('accept');
  });

  test('what is not modelled is UNKNOWN for the frames that come to it', () => {
    expect(verdict(['-A FORWARD -p IPv4 --limit 5/sec -j DROP'], {})).toBe('EBT_MATCH');
    expect(verdict(['-A FORWARD -p ARP --limit 5/sec -j DROP'], {})).toBe('accept');
    expect(verdict(['-A FORWARD -j mark --mark-set 0x4 --mark-target ACCEPT'], {})).toBe('EBT_TARGET_MARK');
  });

  test.each([
    ['-A FORWARD -p IPv4', 'eb:1:1: a line outside a table'],
    ['*filter\n:FORWARD ACCEPT\n-A GONE -j DROP', 'eb:3:4: no chain GONE'],
    ['*filter\n:FORWARD ACCEPT\n-A FORWARD -s nonsense', 'eb:3:12: -s nonsense cannot be read'],
    ['*filter\n:FORWARD MAYBE', 'eb:2:10: a chain line without name or policy'],
  ])('%j is refused', (text, expected) => {
    const result = parseEbtablesSave(text, 'eb');
    const [first] = result.ok ? [] : result.faults;
    expect(`${first?.file}:${first?.line}:${first?.col}: ${first?.message}`).toBe(expected);
  });
});

describe.skipIf(!hasTool)('the real ebtables', () => {
  test('prints rules as we do', () => {
    const loadable = RULES.filter((rule) => !rule.includes('--logical-in'));
    const commands = [
      'ebtables-nft -N USER -P RETURN',
      ...loadable.map((rule) => `ebtables-nft -A FORWARD ${rule}`),
      'ebtables-nft-save -t filter',
    ];
    const { stdout } = inNamespace(commands.join('\n'));
    const rules = stdout.split('\n').filter((line) => line.startsWith('-A'));
    expect(rules.length).toBeGreaterThan(8);
    const ours = printEbtables(tables(stdout))
      .split('\n')
      .filter((line) => line.startsWith('-A'));
    expect(ours).toEqual(rules);
  });
});
