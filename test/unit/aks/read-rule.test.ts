import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RuleReader } from '../../../src/aks/agents/read-rule.ts';
import { Interner } from '../../../src/linux/netfilter/intern.ts';
import { parseRule } from '../../../src/linux/netfilter/parse-rule.ts';
import { formatIpv4, ipv4 } from '../../../src/wire/ipv4.ts';

const DUMPS = path.resolve(import.meta.dirname, '../../../../shared/data/kube-proxy/dumps/upstream');

function rulesOf(file: string): string[] {
  return readFileSync(path.join(DUMPS, file), 'utf8')
    .split('\n')
    .flatMap((line) => /^-A \S+ (.*)$/.exec(line)?.[1] ?? []);
}

function expectSame(reader: RuleReader, args: string): void {
  expect(reader.read({ args, origin: 'svc a/b' })).toEqual(parseRule(args, 'svc a/b'));
}

describe('reading the rules of kube-proxy at a glance', () => {
  const address = fc.integer().map((value) => formatIpv4(ipv4(value)));
  const port = fc.integer({ min: 1, max: 65_535 });
  const chain = fc.constantFrom('KUBE-MARK-MASQ', 'KUBE-SEP-AAAAAAAAAAAAAAAA', 'KUBE-SVC-BBBBBBBBBBBBBBBB', 'NOBODY-KNOWS-IT');
  const rule = fc.oneof(
    fc.tuple(address, chain).map(([addr, to]) => `-s ${addr} -j ${to}`),
    fc
      .tuple(address, port, fc.constantFrom('tcp', 'udp'))
      .map(([addr, to, proto]) => `-m ${proto} -p ${proto} -j DNAT --to-destination ${addr}:${to}`),
    fc
      .tuple(fc.constantFrom('0.5000000000', '0.3333333333'), chain)
      .map(([odds, to]) => `-m statistic --mode random --probability ${odds} -j ${to}`),
    fc.tuple(address, chain).map(([addr, to]) => `! -s ${addr}/8 -d ${addr} -m comment --comment "a -j b" -j ${to}`),
    fc.tuple(address).map(([addr]) => `-j DNAT --to-destination ${addr}`),
    fc.constant('-j MASQUERADE --random-fully'),
    fc.constant('-m mark --mark 0x4000/0x4000 -j MARK --or-mark 0x4000'),
  );

  it('gives what the parser gives', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 20 }), (list) => {
        const reader = new RuleReader(new Interner());
        for (const name of ['KUBE-MARK-MASQ', 'KUBE-SEP-AAAAAAAAAAAAAAAA', 'KUBE-SVC-BBBBBBBBBBBBBBBB']) reader.know(name);
        for (const args of list) expectSame(reader, args);
      }),
    );
  });

  const present = existsSync(DUMPS);
  if (!present) console.warn('the dumps of kube-proxy are not here: 1 test is skipped');
  it.skipIf(!present)('gives what the parser gives for every rule that upstream expects', () => {
    for (const file of readdirSync(DUMPS).filter((name) => name.endsWith('.rules'))) {
      const reader = new RuleReader(new Interner());
      for (const name of ['KUBE-MARK-MASQ', 'KUBE-SERVICES', 'KUBE-NODEPORTS']) reader.know(name);
      for (const args of rulesOf(file)) expectSame(reader, args);
    }
  });
});
