import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printTable } from '../../../../src/linux/netfilter/print.ts';
import { applyRestore } from '../../../../src/linux/netfilter/restore.ts';
import type { TableName } from '../../../../src/linux/netfilter/rule.ts';
import { inNamespace, works } from './real.ts';

const backends = ['nft', 'legacy'].filter((backend) => works(`iptables-${backend}-save`));
const hasIpset = works('ipset create S hash:ip');
if (backends.length < 2)
  console.warn(
    `skipped: loading 400 random rules into ${2 - backends.length} back ends of the real iptables; root and iptables are needed`,
  );

const pick = (...values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const join = (...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.filter((text) => text !== '').join(' '));
const maybe = (text: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.oneof(fc.constant(''), text);
const number = (max: number, min = 0): fc.Arbitrary<string> => fc.integer({ min, max }).map(String);
const port = number(65535);
/** Neither end is the end of all ports: there the nft back end turns a negated range into its complement. */
const ports = fc.oneof(
  port,
  fc.tuple(fc.integer({ min: 1, max: 65534 }), fc.integer({ min: 1, max: 65534 })).map(([a, b]) => `${Math.min(a, b)}:${Math.max(a, b)}`),
);
const address = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })).map(([ip, len]) => `${ip}/${len}`);
const mark = fc.tuple(fc.nat(0x7fffffff), fc.nat(0x7fffffff)).map(([a, b]) => `${a}/0x${b.toString(16)}`);
const not = pick('', '', '!');
const comment = fc
  .string({ minLength: 1, maxLength: 30, unit: fc.constantFrom(...'abcXYZ019 -_:/"\\\'!>'.split('')) })
  .map((text) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`);

const perProtocol = fc.oneof(
  join(
    fc.constant('-p tcp -m tcp'),
    maybe(join(not, fc.constant('--dport'), ports)),
    maybe(join(not, fc.constant('--sport'), ports)),
    maybe(pick('--syn', '! --syn', '--tcp-flags SYN,ACK,FIN NONE', '--tcp-flags ALL URG', '--tcp-option 2')),
  ),
  join(fc.constant('-p udp -m udp'), maybe(join(not, fc.constant('--sport'), ports))),
  join(
    fc.constant('-p tcp -m multiport'),
    not,
    pick('--dports', '--sports', '--ports'),
    fc.array(port, { minLength: 1, maxLength: 15 }).map((list) => list.join(',')),
  ),
  join(fc.constant('-p icmp -m icmp'), not, fc.constant('--icmp-type'), pick('any', '8', '3/4', 'ping', 'host-prohibited', 'redirect')),
  join(fc.constant('-p sctp -m sctp --dport'), port),
  join(not, fc.constant('-p'), pick('47', 'esp', '2', '99')),
  fc.constant(''),
);

const matches = [
  join(fc.constant('-m comment --comment'), comment),
  join(
    fc.constant('-m addrtype'),
    not,
    fc.constant('--dst-type'),
    pick('LOCAL', 'UNICAST,BROADCAST', 'ANYCAST,MULTICAST'),
    pick('', '--src-type LOCAL'),
  ),
  join(fc.constant('-m conntrack'), not, fc.constant('--ctstate'), pick('NEW', 'DNAT,SNAT', 'RELATED,ESTABLISHED', 'INVALID,UNTRACKED')),
  join(
    fc.constant('-m conntrack'),
    not,
    fc.constant('--ctorigdst'),
    address,
    maybe(join(not, fc.constant('--ctorigdstport'), ports)),
    pick('', '--ctdir REPLY'),
  ),
  join(
    fc.constant('-m conntrack --ctproto 6'),
    maybe(join(not, fc.constant('--ctstatus'), pick('NONE', 'ASSURED,SEEN_REPLY'))),
    fc.constant('--ctexpire'),
    number(1000),
  ),
  join(fc.constant('-m state'), not, fc.constant('--state'), pick('NEW', 'RELATED,ESTABLISHED')),
  join(fc.constant('-m mark'), not, fc.constant('--mark'), mark),
  join(fc.constant('-m connmark'), not, fc.constant('--mark'), mark),
  join(
    fc.constant('-m statistic --mode random'),
    not,
    fc.constant('--probability'),
    fc.double({ min: 0, max: 1, noNaN: true }).map((p) => p.toFixed(10)),
  ),
  join(fc.constant('-m statistic --mode nth'), not, fc.constant('--every'), number(9, 5), fc.constant('--packet'), number(4)),
  join(
    fc.constant('-m recent'),
    not,
    pick('--set', '--rcheck --seconds 9', '--update --hitcount 3 --rttl', '--remove', '--rcheck --seconds 60 --reap'),
    fc.constant('--name L'),
    pick('', '--rdest', '--mask 255.255.0.0'),
  ),
  join(
    fc.constant('-m limit --limit'),
    number(300, 1),
    pick('', '/s', '/min', '/hour', '/day').map((unit) => unit),
    pick('', '--limit-burst 9'),
  ).map((text) => text.replace(/(\d) \//, '$1/')),
  join(fc.constant('-m mac'), not, fc.constant('--mac-source 02:00:00:aa:bb:0c')),
  join(fc.constant('-m length'), not, fc.constant('--length'), ports),
  join(fc.constant('-m ttl'), pick('--ttl-lt', '--ttl-gt', '--ttl-eq', '! --ttl-eq'), number(255)),
  join(fc.constant('-m iprange'), not, fc.constant('--src-range 10.0.0.1-10.0.0.9'), pick('', '--dst-range 1.2.3.4')),
  join(fc.constant('-m pkttype'), not, fc.constant('--pkt-type'), pick('unicast', 'broadcast', 'multicast')),
  join(fc.constant('-m tos'), not, fc.constant('--tos'), pick('0x10', '8/0x3f', 'Minimize-Cost')),
  join(fc.constant('-m dscp'), not, pick('--dscp 12', '--dscp-class CS3', '--dscp-class AF43')),
  join(
    fc.constant('-m physdev'),
    pick('--physdev-in eth+', '! --physdev-is-bridged', '! --physdev-is-in', '--physdev-is-bridged --physdev-in a'),
  ),
  ...(hasIpset
    ? [
        join(
          fc.constant('-m set'),
          not,
          fc.constant('--match-set S'),
          pick('src', 'dst', 'src,dst'),
          pick('', '--return-nomatch', '! --update-counters', '--packets-gt 7'),
        ),
      ]
    : []),
];

const targets: Readonly<Record<'filter' | 'mangle' | 'nat' | 'raw', fc.Arbitrary<string>>> = {
  filter: pick(
    '-j ACCEPT',
    '-j DROP',
    '-j RETURN',
    '',
    '-j U',
    '-g U',
    '-j REJECT',
    '-j REJECT --reject-with icmp-admin-prohibited',
    '-j LOG --log-prefix "a b " --log-level info --log-uid',
    '-j NFLOG --nflog-group 3 --nflog-prefix x',
    '-j NFQUEUE --queue-num 7',
  ),
  mangle: fc.oneof(
    join(fc.constant('-j MARK'), pick('--set-mark', '--set-xmark'), mark),
    join(fc.constant('-j MARK'), pick('--or-mark', '--and-mark', '--xor-mark'), number(0xffffffff)),
    join(fc.constant('-j CONNMARK'), pick('--set-xmark', '--set-mark'), mark),
    pick(
      '-j CONNMARK --save-mark --mask 0xff',
      '-j CONNMARK --restore-mark',
      '-j TTL --ttl-set 64',
      '-j TTL --ttl-dec 1',
      '-j TOS --set-tos 0x10/0x3f',
      '-j DSCP --set-dscp-class EF',
      '-j CLASSIFY --set-class 1:10',
      '-j CHECKSUM --checksum-fill',
    ),
  ),
  nat: pick(
    '-j DNAT --to-destination 10.0.0.1',
    '-j SNAT --to-source 10.0.0.1-10.0.0.9 --random-fully',
    '-j MASQUERADE',
    '-j MASQUERADE --random-fully',
    '-j REDIRECT',
    '-j NETMAP --to 10.1.0.0/16',
    '-j DNAT --to-destination 10.0.0.1-10.0.0.3 --persistent',
  ),
  raw: pick('-j NOTRACK', '-j CT --notrack', '-j TRACE', '-j DROP', '-j CT --zone 5'),
};

function rule(table: keyof typeof targets): fc.Arbitrary<string> {
  return join(
    maybe(join(not, fc.constant('-s'), address)),
    maybe(join(not, fc.constant('-d'), address)),
    maybe(join(not, fc.constant('-i'), pick('eth0', 'veth+'))),
    maybe(join(not, fc.constant('-o'), pick('eth0', 'cali+'))),
    perProtocol,
    fc.array(fc.oneof(...matches), { maxLength: 3 }).map((list) => list.join(' ')),
    targets[table],
  );
}

/** Loads a text into a fresh namespace and dumps one table. */
function load(backend: string, table: TableName, text: string): string[] {
  const script = `${hasIpset ? 'ipset create S hash:ip; ' : ''}iptables-${backend}-restore && iptables-${backend}-save -t ${table}`;
  const { ok, stdout, stderr } = inNamespace(script, text);
  if (!ok) throw new Error(`${stderr}\n${text}`);
  return lines(stdout);
}

/** The rules that differ, real and ours. */
function differences(real: readonly string[], ours: readonly string[]): string[] {
  return real.flatMap((line, i) => (line === ours[i] ? [] : [`real: ${line}`, `ours: ${ours[i]}`]));
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('-A') || line.startsWith('*'));
}

describe.skipIf(backends.length < 2)('the real iptables', () => {
  test.each(['filter', 'mangle', 'nat', 'raw'] as const)('prints 100 random rules of table %s as we do, from either back end', (table) => {
    const sample = fc.sample(rule(table), { numRuns: 100, seed: 20 });
    const text = [`*${table}`, ':U - [0:0]', ':V - [0:0]', ...sample.map((args) => `-A V ${args}`), 'COMMIT', ''].join('\n');
    const ours = applyRestore({}, text);
    if (!ours.ok) throw new Error(JSON.stringify(ours.faults));
    const printed = ours.tables[table];
    if (printed === undefined) throw new Error(table);
    for (const backend of backends) {
      expect({ backend, differences: differences(load(backend, table, text), lines(printTable(printed))) }).toEqual({
        backend,
        differences: [],
      });
    }
  });

  test('loads what we print', () => {
    const sample = fc.sample(rule('mangle'), { numRuns: 100, seed: 21 });
    const ours = applyRestore(
      {},
      ['*mangle', ':U - [0:0]', ':V - [0:0]', ...sample.map((args) => `-A V ${args}`), 'COMMIT', ''].join('\n'),
    );
    if (!ours.ok || ours.tables.mangle === undefined) throw new Error('unreadable');
    const printed = printTable(ours.tables.mangle);
    expect(differences(load('nft', 'mangle', printed), lines(printed))).toEqual([]);
  });
});
