import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseEbtablesSave } from '../../src/linux/netfilter/ebtables-parse.ts';
import { parseIpsetSave } from '../../src/linux/netfilter/ipset/parse.ts';
import { parseIptablesSave } from '../../src/linux/netfilter/restore.ts';
import { openDirectory } from '../../src/snapshot/directory.node.ts';
import { type Snapshot, readSnapshot } from '../../src/snapshot/read-snapshot.ts';
import { snapshotOf } from '../unit/snapshot/files.ts';
import { READERS } from './readers.ts';

/** What reading something that should cost nothing may take on a busy machine. */
const PROMPT_MS = 10_000;

function messages({ problems }: Snapshot): string[] {
  return problems.map(({ file, line, col, message, expected }) => `${file}:${line}:${col}: ${message}; ${expected}`);
}

function firstFault(result: { ok: true } | { ok: false; faults: readonly { line: number; message: string; expected: string }[] }): string {
  if (result.ok) return 'taken';
  const [first] = result.faults;
  return `${first?.line}: ${first?.message}; ${first?.expected}`;
}

describe('a line of 300,000 characters', () => {
  it.each(READERS)(
    'is answered promptly: $name',
    ({ read }) => {
      for (const character of [':', '#', '.', '0', 'a', '"', '[', '{', '-', '\\', ' ', '/', ',', '=', '\u2028']) {
        const from = performance.now();
        const line = character.repeat(300_000);
        for (const text of [line, `tcp LISTEN 0 0 ${line}x 0:1`, `# ${line}\u2028x`, `-A x ${line}`, `["${line}`]) read(text);
        expect({ character, prompt: performance.now() - from < PROMPT_MS }).toEqual({ character, prompt: true });
      }
    },
    60_000,
  );
});

describe('what would take memory without end', () => {
  it('is refused as JSON that is nested deep, or holds too much', () => {
    const deep = '['.repeat(1_000_000);
    expect(messages(snapshotOf({ 'link.json': deep }))).toEqual([
      'snap/m/n/link.json:1:201: this is nested too deep; at most 200 levels (MAX_DEPTH)',
    ]);
    expect(messages(snapshotOf({ 'link.json': deep + ']'.repeat(1_000_000) }))[0]).toContain('(MAX_DEPTH)');
    expect(messages(snapshotOf({ 'link.json': `[${'{},'.repeat(5_000_000)}{}]` }))[0]).toContain('(MAX_VALUES)');
  });

  it('is refused as ranges of sets', () => {
    const ranges = 'add s 10.0.0.0/16\n'.repeat(100);
    expect(firstFault(parseIpsetSave(`create s hash:ip family inet\n${ranges}`, 'f'))).toBe(
      '32: too many entries; at most 2000000 (MAX_ENTRIES)',
    );
    expect(firstFault(parseIpsetSave('create s hash:ip\nadd s 0.0.0.0/0\n', 'f'))).toMatch(/^2: 0\.0\.0\.0\/0 cannot be read/);
    expect(firstFault(parseIpsetSave('create s bitmap:port range 0-65535\nadd s 0-65535\n', 'f'))).toBe('taken');
    expect(firstFault(parseIpsetSave('create s bitmap:ip range 10.0.0.0/8 netmask 24\nadd s 10.0.0.0/8\n', 'f'))).toBe('taken');
    expect(firstFault(parseIpsetSave('create s hash:net hashsize 4294967295 maxelem 4294967295\nadd s 0.0.0.0/0\n', 'f'))).toBe('taken');
  });

  it('is refused as addresses that multiply rules', () => {
    const list = Array.from({ length: 16 }, (_, n) => `10.0.0.${n}`).join(',');
    const rules = `-A FORWARD -s ${list} -d ${list} -j ACCEPT\n`.repeat(8_000);
    expect(firstFault(parseIptablesSave(`*filter\n:FORWARD ACCEPT [0:0]\n${rules}COMMIT\n`, 'f'))).toBe(
      '7815: too many rules; at most 2000000 (MAX_RULES)',
    );
  });

  it('is refused as lines and words without end', () => {
    expect(firstFault(parseIptablesSave(`*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD ${'-m comment '.repeat(5_000)}\n`, 'f'))).toBe(
      '3: the line has too many words; at most 1024 (MAX_WORDS)',
    );
    expect(firstFault(parseEbtablesSave('x'.repeat(10_000_000), 'f'))).toBe(
      '1: this line has 10000000 characters; at most 65536 (MAX_LINE_CHARS)',
    );
    expect(messages(snapshotOf({ 'conntrack.txt': 'x'.repeat(10_000_000) }))).toEqual([
      'snap/m/n/conntrack.txt:1:1: this line has 10000000 characters; at most 1048576 (MAX_LINE_CHARACTERS)',
    ]);
    expect(messages(snapshotOf({ 'sockets.txt': '\n'.repeat(1_000_001) }))[0]).toContain('(MAX_LINES)');
  });
});

describe('what the kernel refuses', () => {
  it('is refused: chains that lead back to themselves', () => {
    const table = (rules: string): string => `*filter\n:FORWARD ACCEPT [0:0]\n:a - [0:0]\n:b - [0:0]\n${rules}COMMIT\n`;
    expect(firstFault(parseIptablesSave(table('-A a -j b\n-A b -g a\n'), 'f'))).toMatch(/^7: chain a of table filter leads back to itself/);
    expect(firstFault(parseIptablesSave(table('-A a -j a\n'), 'f'))).toMatch(/leads back to itself/);
    const chains = Array.from({ length: 20_000 }, (_, n) => n);
    const long = [
      '*filter',
      ...chains.map((n) => `:c${n} - [0:0]`),
      ...chains.slice(1).map((n) => `-A c${n - 1} -j c${n}`),
      '-A c19999 -j c0',
      'COMMIT',
      '',
    ];
    expect(firstFault(parseIptablesSave(long.join('\n'), 'f'))).toMatch(/leads back to itself/);
  });

  it('is refused: lists of lists of sets, whichever comes first', () => {
    expect(firstFault(parseIpsetSave('create a list:set size 8\ncreate b list:set size 8\nadd a b\n', 'f'))).toBe(
      '3: b is a list of sets inside a list of sets; a set that is no list',
    );
    expect(firstFault(parseIpsetSave('create a list:set size 8\nadd a b\ncreate b list:set size 8\n', 'f'))).toMatch(/^3: b is a list/);
    expect(firstFault(parseIpsetSave('create a list:set size 8\nadd a a\n', 'f'))).toMatch(/^2: a is a list/);
  });

  it('is refused: names of chains and sets that are too long', () => {
    expect(firstFault(parseIptablesSave(`*filter\n:${'c'.repeat(29)} - [0:0]\nCOMMIT\n`, 'f'))).toMatch(/1 to 28 characters/);
    expect(firstFault(parseIpsetSave(`create ${'s'.repeat(32)} hash:ip\n`, 'f'))).toMatch(/at most 31 characters/);
  });
});

describe('a name', () => {
  it.each(['..', '.', '../up', 'a/b', '/etc', '__proto__', 'a\0b', 'a\u001b[2J', '', '-x', 'iproute2'])(
    'is no namespace that leads elsewhere: %j',
    (name) => {
      const snapshot = snapshotOf({
        '/snapshot.json': JSON.stringify({ podwalkSnapshot: 1, machines: { m: { kind: 'node', namespaces: [name] } } }),
      });
      expect(messages(snapshot)[0]).toMatch(/^snap\/snapshot\.json:1:\d+: /);
      expect(snapshot.world.machines['m']?.netns).toEqual({});
    },
  );

  it('is no machine that leads elsewhere, twice given or inherited', () => {
    for (const name of ['..', 'a/b', '__proto__', 'kube', 'azure', '']) {
      const snapshot = snapshotOf({
        '/snapshot.json': `{"podwalkSnapshot":1,"machines":{${JSON.stringify(name)}:{"kind":"node","namespaces":[]}}}`,
      });
      expect({ name, machines: Object.keys(snapshot.world.machines), said: messages(snapshot).length }).toEqual({
        name,
        machines: [],
        said: 1,
      });
    }
    const twice = snapshotOf({
      '/snapshot.json': '{"podwalkSnapshot":1,"machines":{"m":{"kind":"vm","namespaces":[]},"m":{"kind":"node","namespaces":["n"]}}}',
    });
    expect(twice.world.machines['m']?.kind).toBe('node');
  });

  it('is no table, scope or protocol that any object inherits', () => {
    const snapshot = snapshotOf({ 'route.json': '[{"dst":"10.0.0.0/8","table":"constructor","scope":"__proto__","flags":[]}]' });
    expect(messages(snapshot)).toHaveLength(2);
  });
});

describe('a directory on disk', () => {
  it('is left by no link, and waits for no pipe or device', () => {
    const root = mkdtempSync(path.join(tmpdir(), 'podwalk-hostile-'));
    try {
      const snap = path.join(root, 'snap');
      mkdirSync(path.join(snap, 'm/n'), { recursive: true });
      writeFileSync(
        path.join(snap, 'snapshot.json'),
        JSON.stringify({ podwalkSnapshot: 1, machines: { m: { kind: 'node', namespaces: ['n', 'out'] } } }),
      );
      symlinkSync('/etc', path.join(snap, 'm/out'));
      symlinkSync('/etc/passwd', path.join(snap, 'm/n/sysctl.txt'));
      symlinkSync('/dev/zero', path.join(snap, 'm/n/conntrack.txt'));
      symlinkSync('link.json', path.join(snap, 'm/n/link.json'));
      const fifo = 'mkfifo';
      execFileSync(fifo, [path.join(snap, 'm/n/iptables.txt')]);
      const directory = openDirectory(snap);
      if (directory === null) throw new Error('no directory');
      const said = messages(readSnapshot(directory)).map((message) => message.replace(`${snap}/`, ''));
      expect(said).toContain('m/n/sysctl.txt:1:1: the file lies outside the snapshot directory; a file below it');
      expect(said).toContain('m/n/conntrack.txt:1:1: the file lies outside the snapshot directory; a file below it');
      expect(said).toContain('m/n/iptables.txt:1:1: this is not an ordinary file; an ordinary file');
      expect(said).toContain('m/out/link.json:1:1: the file lies outside the snapshot directory; a file below it');
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
