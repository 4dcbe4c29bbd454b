import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRule } from '../../../../src/linux/netfilter/parse-rule.ts';
import { printRule, printTables } from '../../../../src/linux/netfilter/print.ts';
import { type RestoreOptions, applyCommand, applyRestore, parseIptablesSave } from '../../../../src/linux/netfilter/restore.ts';
import type { Iptables } from '../../../../src/linux/netfilter/rule.ts';
import { Bench, UNKNOWN, savedTables, table, tablesOf } from './support.ts';

/** The faults of a text, as FILE:LINE:COL. */
function faults(text: string, options: RestoreOptions = {}): string[] {
  const result = applyRestore({}, text, { file: 'rules.v4', ...options });
  return result.ok
    ? []
    : result.faults.map(({ file, line, col, message, expected }) => `${file}:${line}:${col}: ${message}, expected ${expected}`);
}

function fault(rule: string, tableName = 'filter', chain = 'V'): string | undefined {
  return faults(`*${tableName}\n:V - [0:0]\n-A ${chain} ${rule}\nCOMMIT\n`)[0];
}

/** A rule read and printed back. */
function reprint(rule: string): string {
  return printRule(parseRule(rule, null), 'V').replace('-A V ', '');
}

function edit(tables: Iptables, text: string, options: RestoreOptions = {}): Iptables {
  const result = applyRestore(tables, text, options);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.tables;
}

describe('a rule is read in any order and printed in one', () => {
  test.each([
    ['-j ACCEPT -p tcp -d 10.0.0.1 --dport 80 -s 10.0.0.0/8', '-s 10.0.0.0/8 -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j ACCEPT'],
    [
      '-m comment --comment "a b" -m tcp -p tcp -d 1.2.3.4 --dport 80 -j DROP',
      '-d 1.2.3.4/32 -p tcp -m comment --comment "a b" -m tcp --dport 80 -j DROP',
    ],
    ['--protocol udp --destination-port 53 --in-interface eth0', '-i eth0 -p udp -m udp --dport 53'],
    ['-s ! 10.0.0.0/8 -j RETURN', '! -s 10.0.0.0/8 -j RETURN'],
    ['-p tcp --dport ! 80', '-p tcp -m tcp ! --dport 80'],
    ['-p tcp --dport=80', '-p tcp -m tcp --dport 80'],
    ['-s 10/8 -d 10.1.2.3/255.255.0.0', '-s 10.0.0.0/8 -d 10.1.0.0/16'],
    ['-s 0.0.0.0/0 -i + -p all -j ACCEPT', '-j ACCEPT'],
    ['-m mark ! --mark 0x00004000/0x00004000 -j RETURN', '-m mark ! --mark 0x4000/0x4000 -j RETURN'],
    ['-m mark --mark 1 -m connmark --mark 2', '-m mark --mark 0x1 -m connmark --mark 0x2'],
    ['-m recent --set --name X -m comment --comment y', '-m recent --set --name X --mask 255.255.255.255 --rsource -m comment --comment y'],
    ['-m comment --comment one -m comment --comment two', '-m comment --comment one -m comment --comment two'],
    ['-m comment --comment "quote \\" backslash \\\\ end"', '-m comment --comment "quote \\" backslash \\\\ end"'],
    ['-m comment --comment "-j DROP"', '-m comment --comment "-j DROP"'],
    ['-c 5 60 -j ACCEPT', '-j ACCEPT'],
    ['-j MARK --or-mark 0x4000', '-j MARK --set-xmark 0x4000/0x4000'],
    ['-j SOME-CHAIN', '-j SOME-CHAIN'],
    ['-j SET --del-set Y src --add-set X src,dst --exist', '-j SET --add-set X src,dst --exist --del-set Y src'],
    [
      '-m u32 --u32 "0&0xff=5" -p udp --dport 5 -j NFQUEUE --queue-num 3',
      '-p udp -m u32 --u32 "0&0xff=5" -m udp --dport 5 -j NFQUEUE --queue-num 3',
    ],
  ])('%s', (written, printed) => {
    expect(reprint(written)).toBe(printed);
  });

  test('a list of addresses makes a rule for each', () => {
    const { chains } = table('filter', '-A FORWARD -s 10.0.0.1,10.0.0.2 -d 10.1.0.0/16,10.2.0.0/16 -j ACCEPT');
    expect(chains.find(({ name }) => name === 'FORWARD')!.rules.map((rule) => printRule(rule, 'F').slice(5))).toEqual([
      '-s 10.0.0.1/32 -d 10.1.0.0/16 -j ACCEPT',
      '-s 10.0.0.1/32 -d 10.2.0.0/16 -j ACCEPT',
      '-s 10.0.0.2/32 -d 10.1.0.0/16 -j ACCEPT',
      '-s 10.0.0.2/32 -d 10.2.0.0/16 -j ACCEPT',
    ]);
  });

  test('equal matches of one text are one object', () => {
    const { chains } = table('filter', '-A INPUT -m conntrack --ctstate NEW -j ACCEPT', '-A FORWARD -m conntrack --ctstate NEW -j DROP');
    const [input, forward] = chains.map(({ rules }) => rules[0]);
    expect(input!.matches[0]).toBe(forward!.matches[0]);
  });
});

describe('what cannot be read names its place', () => {
  test.each([
    ['-p tcp --dport 99999 -j DROP', 'rules.v4:3:13: --dport 99999 cannot be read, expected a port number or a range first:last'],
    ['--dport 80', 'rules.v4:3:6: --dport is not known here, expected an option of a rule'],
    ['-p tcp --dprt 80', 'rules.v4:3:13: --dprt is not known here; did you mean "--dport"?, expected an option of a rule'],
    ['-s 10.0.0.300 -j DROP', 'rules.v4:3:9: -s 10.0.0.300 is no IPv4 address, expected an address, optionally with /length or /netmask'],
    ['-s fd00::1 -j DROP', 'rules.v4:3:9: -s fd00::1 is no IPv4 address, expected an address, optionally with /length or /netmask'],
    ['-j GONE', 'rules.v4:3:9: no chain or target called GONE, expected a chain of this table or a target'],
    ['-j ACCEPT -j DROP', 'rules.v4:3:19: a second target, expected one -j or -g'],
    ['-m tcp --dport 80', 'rules.v4:3:9: -m tcp without its protocol, expected -p tcp'],
    ['-m recent --name X', 'rules.v4:3:9: -m recent lacks an option, expected --set, --rcheck, --update or --remove'],
    ['-m comment --comment "never closed', 'rules.v4:3:27: a quote is opened here and never closed, expected a closing "'],
    ['-j', 'rules.v4:3:6: -j ends the line, expected a value'],
    ['! -j DROP', 'rules.v4:3:6: ! cannot stand before -j, expected an option that can be negated'],
    ['-j DNAT --to-destination 10.0.0.1', 'rules.v4:3:9: -j DNAT in table filter, expected table nat'],
    [
      '-i an-interface-name-too-long',
      'rules.v4:3:6: -i an-interface-name-too-long cannot be read, expected an interface name of at most 15 characters',
    ],
    ['-p nonsense', 'rules.v4:3:9: -p nonsense is no protocol, expected tcp, udp, icmp, sctp, another name or a number up to 255'],
    [
      '-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16',
      'rules.v4:3:26: --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 cannot be read, expected at most 15 ports (a range counts as two)',
    ],
  ])('%s', (rule, expected) => {
    expect(fault(rule)).toBe(expected);
  });

  test('an unknown match lists the known ones', () => {
    expect(fault('-m nonsense --foo')).toMatch(/^rules\.v4:3:9: -m nonsense is not known, expected one of addrtype, .*, u32, udp$/);
  });

  test('a target in a chain that no such packet crosses', () => {
    expect(fault('-j MASQUERADE', 'nat', 'PREROUTING')).toBe('rules.v4:3:4: -j MASQUERADE in chain PREROUTING, expected chain POSTROUTING');
  });

  test('every line is checked, twenty faults at most', () => {
    expect(faults(`*filter\n-A INPUT -j X\n-A INPUT -j Y\nCOMMIT\n`)).toHaveLength(2);
    expect(faults(`*filter\n${'-A INPUT -j X\n'.repeat(100)}COMMIT\n`)).toHaveLength(20);
  });

  test.each([
    ['-A INPUT -j ACCEPT\n', '1:1: a line outside a table, expected *TABLE'],
    ['*filters\n', '1:2: no table filters, expected raw, mangle, nat, filter or security'],
    ['*filter\n-A INPUT -j ACCEPT\n', '2:1: table filter is never committed, expected COMMIT'],
    ['*filter\nnonsense\nCOMMIT\n', '2:1: this is no line of iptables-save, expected *TABLE, :CHAIN, -A, COMMIT or a comment'],
    ['*filter\n:INPUT MAYBE [0:0]\nCOMMIT\n', '2:8: MAYBE is no policy, expected ACCEPT or DROP'],
    [
      '*filter\n:a-chain-with-a-name-far-too-long - [0:0]\nCOMMIT\n',
      '2:2: a-chain-with-a-name-far-too-long is no name of a chain, expected a chain name of 1 to 28 characters',
    ],
    [
      '*filter\n:A - [0:0]\n:B - [0:0]\n-A A -j B\n-A B -j A\nCOMMIT\n',
      '6:1: chain A of table filter leads back to itself, expected jumps without a loop',
    ],
    ['*filter\n[x] -A INPUT\nCOMMIT\n', '2:1: these are no counters, expected [packets:bytes]'],
  ])('%j', (text, expected) => {
    expect(faults(text)[0]).toBe(`rules.v4:${expected}`);
  });

  test('a name from another world is just a name', () => {
    const { filter } = tablesOf('*filter\n:__proto__ - [0:0]\n:constructor - [0:0]\n-A __proto__ -j constructor\nCOMMIT\n');
    expect(filter!.chains.map(({ name }) => name)).toEqual(['INPUT', 'FORWARD', 'OUTPUT', '__proto__', 'constructor']);
    expect(fault('-m __proto__')).toContain('-m __proto__ is not known');
  });
});

describe('a lenient reading', () => {
  test('keeps unknown matches and targets as text', () => {
    const text =
      '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp -m geoip ! --source-country XX,YY -m tcp --dport 80 -j SPECIAL --level "a b"\nCOMMIT\n';
    const printed = printTables(savedTables(text, true));
    expect(printed).toBe(text);
    expect(parseIptablesSave(text, 'x').ok).toBe(false);
  });
});

describe('iptables-restore', () => {
  const before = tablesOf('*nat\n:A - [0:0]\n:B - [0:0]\n-A PREROUTING -j A\n-A A -j B\nCOMMIT\n*filter\n:INPUT DROP [0:0]\nCOMMIT\n');

  test('empties a table that it names, and no other', () => {
    const after = edit(before, '*nat\n:C - [0:0]\nCOMMIT\n');
    expect(after.nat!.chains.map(({ name, rules }) => `${name} ${rules.length}`)).toEqual([
      'PREROUTING 0',
      'INPUT 0',
      'OUTPUT 0',
      'POSTROUTING 0',
      'C 0',
    ]);
    expect(after.filter).toBe(before.filter);
  });

  test('with --noflush a chain line empties that chain, and what is not named stays the same object', () => {
    const after = edit(before, '*nat\n:B - [0:0]\n-A B -j RETURN\n-I A 1 -p tcp -j ACCEPT\nCOMMIT\n', { noflush: true });
    const [pre, , , , a, b] = after.nat!.chains;
    expect(pre).toBe(before.nat!.chains[0]);
    expect(a!.rules.map((rule) => printRule(rule, 'A'))).toEqual(['-A A -p tcp -j ACCEPT', '-A A -j B']);
    expect(b!.rules).toHaveLength(1);
  });

  test('deletes rules by number and by text, and chains that nothing leads to', () => {
    const after = edit(before, '*nat\n-D A 1\n-X B\nCOMMIT\n', { noflush: true });
    expect(after.nat!.chains.map(({ name }) => name)).not.toContain('B');
    expect(edit(before, '*nat\n-D A -j B\nCOMMIT\n', { noflush: true }).nat!.chains[4]!.rules).toEqual([]);
  });

  test('refuses to delete a chain that a rule leads to; then nothing changes', () => {
    const result = applyRestore(before, '*nat\n-X B\nCOMMIT\n', { noflush: true });
    expect(result).toMatchObject({ ok: false, faults: [{ line: 3, message: 'a rule of table nat leads to chain B, which is gone' }] });
  });

  test('names who wrote each rule', () => {
    const after = edit({}, '*nat\n:A - [0:0]\n-A A -j RETURN\n-A A -j ACCEPT\nCOMMIT\n', {
      origin: (line) => (line === 3 ? 'svc default/web' : null),
    });
    expect(after.nat!.chains.at(-1)!.rules.map(({ origin }) => origin)).toEqual(['svc default/web', null]);
  });

  test('lists user chains by name', () => {
    const after = edit(before, '*nat\n:AA - [0:0]\nCOMMIT\n', { noflush: true });
    expect(after.nat!.chains.map(({ name }) => name)).toEqual(['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING', 'A', 'AA', 'B']);
  });
});

describe('one iptables command', () => {
  const run = (tables: Iptables, line: string) => applyCommand(tables, line.split(' '));

  test('-t picks the table, -C finds a rule, -P sets a policy, -N makes a chain', () => {
    const made = run({}, '-t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE');
    expect(made.ok && printTables(made.tables)).toContain('-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE');
    expect(made.ok && run(made.tables, '-t nat -C POSTROUTING -j MASQUERADE -s 10.0.0.0/8').ok).toBe(true);
    expect(made.ok && run(made.tables, '-t nat -C POSTROUTING -j MASQUERADE').ok).toBe(false);
    const policy = run({}, '-P FORWARD DROP');
    expect(policy.ok && policy.tables.filter!.chains[1]!.policy).toBe('DROP');
    expect(run({}, '-N INPUT')).toMatchObject({ ok: false, faults: [{ expected: 'a new name' }] });
  });

  test('-R and -I count from one', () => {
    let tables = table('filter', '-A INPUT -j ACCEPT', '-A INPUT -j DROP');
    const replaced = run({ filter: tables }, '-R INPUT 2 -j RETURN');
    expect(replaced.ok && replaced.tables.filter!.chains[0]!.rules.map(({ target }) => target.t)).toEqual(['ACCEPT', 'RETURN']);
    tables = table('filter', '-A INPUT -j ACCEPT');
    expect(run({ filter: tables }, '-I INPUT 3 -j DROP')).toMatchObject({ ok: false, faults: [{ expected: 'a number from 1 to 2' }] });
  });
});

describe('hostile texts', () => {
  const pieces = [
    '-A',
    'V',
    '-p',
    'tcp',
    '-m',
    'comment',
    '--comment',
    '"',
    '\\',
    '!',
    '-j',
    '-s',
    ',',
    '10.0.0.0/8',
    '--dport',
    ':',
    '-',
    '*filter',
    'COMMIT',
    '\n',
    '\0',
    '__proto__',
    '-I',
    '9'.repeat(40),
    'set',
    '--match-set',
    '=',
  ];

  test('never do worse than a fault', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 8 })), { maxLength: 30 }),
        fc.boolean(),
        (words, lenient) => {
          const result = applyRestore({}, `*filter\n:V - [0:0]\n-A V ${words.join(' ')}\nCOMMIT\n`, { lenient });
          if (result.ok) printTables(result.tables);
          else expect(result.faults[0]!.line).toBeGreaterThan(0);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('what a lenient reading accepts is printed so that it can be read again', () => {
    const option = fc.constantFrom(
      '-m geoip --cc "a b" ! --x',
      '-j TEE --gateway 10.0.0.1',
      '-m u32 --u32 "0&0xFF=1"',
      '-p tcp --dport 1:2',
      '-m comment --comment "a\\"b"',
    );
    fc.assert(
      fc.property(fc.uniqueArray(option, { maxLength: 4 }), (options) => {
        const first = applyRestore({}, `*filter\n:V - [0:0]\n-A V ${options.join(' ')}\nCOMMIT\n`, { lenient: true });
        if (!first.ok) throw new Error(JSON.stringify(first.faults));
        expect(printTables(savedTables(printTables(first.tables), true))).toBe(printTables(first.tables));
      }),
    );
  });

  test('a text that would shift rules for ever is refused', () => {
    const shifts = '-I V 1 -j ACCEPT\n'.repeat(100_000);
    const start = performance.now();
    expect(faults(`*filter\n:V - [0:0]\n${shifts}COMMIT\n`)[0]).toContain('too many insertions and deletions in table filter');
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  test('chains nested as deep as can be end as UNKNOWN, not in a crash', () => {
    const depth = 5000;
    const chains = Array.from({ length: depth }, (_, i) => `:C${i} - [0:0]`);
    const jumps = Array.from({ length: depth - 1 }, (_, i) => `-A C${i} -j C${i + 1}`);
    const deep = table('filter', ...chains, '-A FORWARD -j C0', ...jumps);
    expect(new Bench().run(deep, 'FORWARD', {}).verdict).toBe(UNKNOWN);
  });
});
