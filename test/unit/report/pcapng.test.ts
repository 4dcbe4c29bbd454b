import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tracePcapng } from '../../../src/report/trace/pcapng.ts';
import { traceSchema } from '../../../src/report/trace/schema.ts';
import { openScenario, type TraceRequest } from '../../../src/scenario/open.ts';
import { placeNames } from '../../../src/scenario/places.ts';
import type { Trace } from '../../../src/trace/trace.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { Lab } from '../linux/lab.ts';
import { droppedTrace } from './fake-trace.ts';

function has(tool: string): boolean {
  return spawnSync(tool, ['--version']).status === 0;
}

const tools = { tshark: has('tshark'), tcpdump: has('tcpdump') };
if (!tools.tshark || !tools.tcpdump) console.warn('skipped: captures are not opened with tshark and tcpdump, which are not both there');

const CLUSTER = `
cluster: { mode: kubenet }
pods:
  - { name: client, node: 0 }
  - { name: web, node: 1, listens: [tcp/80, udp/53] }
services:
  - { name: web, ports: [80] }
`;
const PROBES: readonly TraceRequest[] = [
  { from: 'default/client', to: 'svc/default/web:80' },
  { from: 'default/client', to: 'default/web:81' },
  { from: 'default/client', to: 'default/web:53', proto: 'udp' },
  { from: 'default/client', to: 'default/web:54', proto: 'udp' },
  { from: 'default/client', to: 'default/web', proto: 'icmp', send: { size: 3000, df: false } },
  { from: 'default/client', to: 'internet:443' },
  { from: 'default/client', to: 'default/web:80', send: { ttl: 1 } },
  { from: 'node/node-0', to: '169.254.169.254:80' },
  { from: 'default/client', to: '10.99.1.1' },
];

/** A tunnel with ARP inside, whose packets are cut on the way. */
function tunnelTraces(): Trace[] {
  const lab = new Lab()
    .veth('a/eth0', 'b/eth0')
    .addr('a/eth0', '192.168.0.1/24')
    .addr('b/eth0', '192.168.0.2/24')
    .vxlan('a/vx', '192.168.0.1', { vni: 42, remote: ip('192.168.0.2'), dev: 'eth0' })
    .vxlan('b/vx', '192.168.0.2', { vni: 42, remote: ip('192.168.0.1'), dev: 'eth0' })
    .addr('a/vx', '10.1.0.1/24')
    .addr('b/vx', '10.1.0.2/24')
    .listen('b', 'udp/53');
  return [lab.send('a', 'udp 10.1.0.2:53').trace, lab.send('a', 'icmp 10.1.0.2', { sizeBytes: 1600, df: false }).trace];
}

function clusterTraces(): Trace[] {
  const opened = openScenario(CLUSTER);
  return PROBES.map((probe) => opened.trace(probe, { record: 'summary' }));
}

describe('a walk as a capture', () => {
  it('is the same bytes for the same walk', () => {
    expect(tracePcapng(clusterTraces())).toEqual(tracePcapng(clusterTraces()));
  });

  it('comes from the JSON of a trace alone', () => {
    const traces = [...clusterTraces(), ...tunnelTraces()];
    const read = traces.map((trace) => traceSchema.parse(JSON.parse(JSON.stringify(trace))));
    expect(tracePcapng(read)).toEqual(tracePcapng(traces));
  });

  it('is empty where nothing says when a frame crossed', () => {
    expect(tracePcapng([droppedTrace()]).length).toBeLessThan(300);
    expect(tracePcapng([])).toEqual(tracePcapng([{ ...droppedTrace(), legs: [] }]));
  });
});

describe.skipIf(!tools.tshark || !tools.tcpdump)('a capture in other hands', () => {
  let folder: string;
  let files: readonly string[];

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'podwalk-pcapng-'));
    const { world } = openScenario(CLUSTER);
    files = [tracePcapng(clusterTraces(), placeNames(world)), tracePcapng(tunnelTraces())].map((bytes, index) => {
      const file = path.join(folder, `${index}.pcapng`);
      writeFileSync(file, bytes);
      return file;
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const CHECKS = ['ip', 'tcp', 'udp'].flatMap((proto) => ['-o', `${proto}.check_checksum:TRUE`]);

  /** What tshark prints; anything but the note about root on stderr is a complaint. */
  function tshark(file: string | undefined, ...args: string[]): string[] {
    const { stdout, stderr, status } = spawnSync('tshark', ['-r', file ?? '', ...CHECKS, ...args], { encoding: 'utf8' });
    expect([status, stderr.replaceAll(/Running as user.*\n?/g, '').trim()]).toEqual([0, '']);
    return stdout.split('\n').filter(Boolean);
  }

  /** The frames of a capture, each with the fields that were asked for. */
  function fieldsOf(file: string | undefined, ...fields: string[]): string[][] {
    return tshark(file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])).map((line) => line.split('\t'));
  }

  it('opens in tshark with every length and checksum right', () => {
    const wrong = ['_ws.malformed', '_ws.short', ...['ip', 'tcp', 'udp', 'icmp'].map((proto) => `${proto}.checksum.status == 0`)];
    for (const file of files) expect(tshark(file, '-Y', [...wrong, 'not (ip.checksum.status == 1 or arp)'].join(' or '))).toEqual([]);
  });

  it('opens in tcpdump', () => {
    for (const file of files) {
      const { stdout, stderr, status } = spawnSync('tcpdump', ['-n', '-vv', '-r', file], { encoding: 'utf8' });
      expect(status).toBe(0);
      expect(stderr).toMatch(/^reading from file .*\n?(?:dropped privs.*\n)?$/);
      expect(stdout).not.toMatch(/bad |incorrect|truncated|\[\|/);
      expect(stdout.split('\n').length).toBeGreaterThan(10);
    }
  });

  it('has an interface for each device, frames in strict order of time, and says of each what decided', () => {
    const frames = fieldsOf(files[0], 'frame.interface_name', 'frame.interface_description', 'frame.time_epoch', 'frame.comment');
    const names = new Set(frames.map(([name = '']) => name.replace(/cni-[0-9a-f-]+/, 'POD').replace(/veth[0-9a-f]+/, 'VETH')));
    expect([...names]).toEqual(
      expect.arrayContaining(['node-0/POD:eth0', 'node-0/root:VETH', 'node-0/root:cbr0', 'node-0/root:eth0', 'fabric/azure:node-0-nic']),
    );
    expect(frames[0]?.[1]).toMatch(/^pod default\/client \(node-0\/cni-/);
    const times = frames.map(([, , time]) => Number(time));
    expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))).toBe(true);
    const comments = frames.map(([, , , comment = '']) => comment);
    expect(comments.filter((text) => !/^(?:request|reply|ack|reset|icmp-error|redirect), hop \d+: (?:in|out) by /.test(text))).toEqual([]);
    const has = (pattern: RegExp): boolean => comments.some((text) => pattern.test(text));
    expect(has(/DNAT --to-destination 10\.244\.1\.2:80 \(from svc default\/web\) — dst 10\.0\.\d+\.\d+ → 10\.244\.1\.2/)).toBe(true);
    expect(has(/route main 10\.244\.0\.0\/24 dev cbr0/)).toBe(true);
    expect(has(/DROPPED {2}AZURE_ROUTE_NONE/)).toBe(true);
  });

  it('shows the handshake with the numbers of one connection', () => {
    const segments = fieldsOf(files[0], 'tcp.flags.str', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.port');
    const [syn, answer, ack] = ['S·', 'A··S', 'A····'].map((flags) =>
      segments
        .find(([text]) => text?.includes(flags) === true)
        ?.slice(1, 3)
        .map(Number),
    );
    expect(answer?.[1]).toBe((syn?.[0] ?? 0) + 1);
    expect(ack).toEqual([answer?.[1], (answer?.[0] ?? 0) + 1]);
  });

  it('shows a datagram as it was put together, and the packet inside a tunnel, ARP too', () => {
    expect(tshark(files[0], '-Y', 'ip.reassembled.length == 3008 and icmp.type == 8').length).toBeGreaterThan(0);
    const inside = tshark(files[1], '-Y', 'vxlan.vni == 42 and (arp or (udp.dstport == 53 and ip.dst == 10.1.0.2))').join('\n');
    expect(inside).toContain('ARP');
    expect(inside).toContain('DNS');
  });
});
