import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory } from '../../src/snapshot/directory.node.ts';
import { type Snapshot, readSnapshot } from '../../src/snapshot/read-snapshot.ts';
import { podwalk } from '../unit/cli/program.ts';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const SCRIPT = path.resolve(HERE, '../../src/cli/collect.sh');
const TOOLS = [
  'unshare',
  'nsenter',
  'ip',
  'bridge',
  'ss',
  'tc',
  'sysctl',
  'iptables-nft',
  'ipset',
  'conntrack',
  'ebtables-save',
  'nft',
  'tar',
  'pgrep',
];

function has(tool: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
}

const missing = TOOLS.filter((tool) => !has(tool));
const able =
  process.getuid?.() === 0 && missing.length === 0 && spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', 'true']).status === 0;
if (!able)
  console.warn(
    `left out: 7 tests of real nodes that are collected (root and namespaces are needed, and: ${missing.join(', ') || 'no other tool'})`,
  );

describe('the script', () => {
  it.each(['sh', 'bash', 'dash', 'busybox sh'].filter((shell) => has(shell.split(' ')[0] ?? '')))('is one that %s reads', (shell) => {
    const [program = '', ...args] = shell.split(' ');
    expect(spawnSync(program, [...args, '-n', SCRIPT], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  const shellcheck = has('shellcheck');
  if (!shellcheck) console.warn('left out: 1 test of the collect script with shellcheck, which is not installed');
  it.skipIf(!shellcheck)('has nothing that shellcheck finds', () => {
    expect(spawnSync('shellcheck', ['-s', 'sh', SCRIPT], { encoding: 'utf8' }).stdout).toBe('');
  });

  it('is what podwalk collect prints', async () => {
    expect(await podwalk('collect')).toEqual({ status: 0, stdout: readFileSync(SCRIPT, 'utf8'), stderr: '' });
  });

  it('says what is wrong with its arguments', () => {
    const run = (...args: string[]) => spawnSync('sh', [SCRIPT, ...args], { encoding: 'utf8' });
    expect(run('--what')).toMatchObject({ status: 1, stdout: '' });
    expect(run('--machine', '../up').stderr).toMatch(/cannot be a machine's name/);
    expect(run('--machine', 'kube').status).toBe(1);
    expect(run('--machine')).toMatchObject({ status: 1, stderr: 'collect: --machine needs a NAME\n' });
    expect(run('--help').stdout).toMatch(/--netns NAME .*only this network namespace/);
  });
});

describe.skipIf(!able)('two nodes that were collected', () => {
  let folder = '';
  let source = '';
  let snapshot: Snapshot;

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'podwalk-collect-'));
    const lab = path.join(HERE, 'lab.sh');
    // Nothing of this machine is touched: it all happens in namespaces that have no way out.
    const space = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
    execFileSync('unshare', [...space, 'sh', lab, folder, SCRIPT, process.execPath], {
      timeout: 100_000,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    source = path.join(folder, 'both');
    mkdirSync(source);
    for (const n of [0, 1]) execFileSync('tar', ['-C', source, '-xzf', path.join(folder, `node-${n}.tar.gz`)]);
    // What lies between machines is in no dump of theirs: the cable is written down by hand.
    writeFileSync(
      path.join(source, 'snapshot.json'),
      '{"podwalkSnapshot":1,"machines":{},"wires":[["node-0/root/eth0","node-1/root/eth0"]]}',
    );
    const directory = openDirectory(source);
    if (directory === null) throw new Error(source);
    snapshot = readSnapshot(directory);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are read without a complaint', async () => {
    expect(snapshot.problems).toEqual([]);
    expect(await podwalk('validate', source)).toMatchObject({ status: 0, stderr: '' });
  });

  it('show every namespace, those without a name too, and nothing that was not asked for', () => {
    const names = Object.values(snapshot.world.machines).map(({ name, netns }) => [
      name,
      ...Object.keys(netns).map((one) => one.replace(/\d{6,}/, 'N')),
    ]);
    expect(names).toEqual([
      ['node-0', 'root', 'cni-client', 'cni-web', 'net-N'],
      ['node-1', 'root', 'cni-client', 'cni-web', 'net-N'],
    ]);
    const again = execFileSync('tar', ['-tzf', path.join(folder, 'again-0.tar.gz')], { encoding: 'utf8' });
    expect([...new Set(again.split('\n').flatMap((name) => /^again-0\/([^/]+)\/./.exec(name)?.[1] ?? []))].sort()).toEqual([
      'iproute2',
      'root',
    ]);
  });

  it('have their veths joined, also between containers', () => {
    const joined = Object.values(snapshot.world.machines['node-0']?.netns ?? {}).flatMap(({ links }) =>
      links.flatMap(({ kind }) => (kind.type === 'veth' && kind.wire !== null ? [kind.wire.replaceAll(/\d{6,}/g, 'N')] : [])),
    );
    const pairs = [
      'node-0/cni-client/eth0 = node-0/root/veth-client',
      'node-0/cni-client/up0 = node-0/net-N/up0',
      'node-0/cni-web/eth0 = node-0/root/veth-web',
    ];
    expect(joined.sort()).toEqual([...pairs, ...pairs, 'node-0/root/eth0 = node-1/root/eth0'].sort());
  });

  it('list their own wires in the archive, so that one alone is a snapshot too', () => {
    const alone = path.join(folder, 'alone');
    mkdirSync(alone);
    execFileSync('tar', ['-C', alone, '-xzf', path.join(folder, 'node-0.tar.gz')]);
    const directory = openDirectory(alone);
    const { world, problems } = readSnapshot(directory ?? expect.fail(alone));
    expect(problems).toEqual([]);
    const [root] = Object.values(world.machines['node-0']?.netns ?? {});
    expect(root?.links.filter(({ kind }) => kind.type === 'veth' && kind.wire !== null).map(({ name }) => name)).toEqual([
      'veth-web',
      'veth-client',
    ]);
  });

  it('hold the rules, sets and sockets that were there', () => {
    const root = snapshot.world.machines['node-1']?.netns['root'];
    expect(root?.sockets.map(({ proto, port }) => `${proto}/${port}`)).toEqual(['tcp/9090']);
    expect(root?.sockets[0]?.owner).toMatch(/node|MainThread/);
    expect(root?.ipsets.map(({ name }) => name)).toEqual(['allowed']);
    expect(root?.iptables.nat?.chains.flatMap(({ rules }) => rules)).toHaveLength(2);
    expect(root?.unmodelled.map(({ reason, text }) => `${reason} ${text}`)).toEqual([]);
  });

  it('walk packets as they went', async () => {
    const lines = readFileSync(path.join(folder, 'seen.txt'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(6);
    for (const line of lines) {
      const [node = '', pod = '', address = '', port = '', answer = ''] = line.split(' ');
      const { stdout } = await podwalk(
        'trace',
        source,
        '--from',
        `netns/node-${node}/cni-${pod}`,
        '--to',
        `${address}:${port}`,
        '--format',
        'json',
      );
      const { outcome, delivered } = JSON.parse(stdout) as { outcome: string; delivered: { src: string } | null };
      const walked = outcome === 'replied' ? delivered?.src.replace(/:\d+$/, '') : outcome === 'reset' ? 'ECONNREFUSED' : outcome;
      expect({ line, walked }).toEqual({ line, walked: answer });
    }
  });

  it('have nothing left behind, and were told what is missing', () => {
    for (const n of [0, 1]) expect(readFileSync(path.join(folder, `left-${n}`), 'utf8')).toBe('');
    expect(readdirSync(path.join(folder, 'tmp-0'))).toEqual([]);
    const said = readFileSync(path.join(folder, 'said-0'), 'utf8');
    expect(said).toContain('4 namespaces, 3 wires');
    expect(said).not.toMatch(/failed|is gone/);
    if (!has('bpftool')) expect(said).toContain('bpftool is missing');
  });
});
