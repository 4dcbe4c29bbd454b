import { describe, expect, test } from 'vitest';
import { compileTable } from '../../../../src/linux/netfilter/compile.ts';
import { needsConntrack } from '../../../../src/linux/netfilter/compile.ts';
import { hasRules } from '../../../../src/linux/netfilter/run.ts';
import { Recorder, force } from '../../../../src/trace/recorder.ts';
import { formatIpv4 } from '../../../../src/wire/ipv4.ts';
import { ACCEPT, Bench, DROP, REJECT, UNKNOWN, savedTables, table, tracked } from './support.ts';

/** The steps of a run: verb, then chain and rule number, or the policy. */
function recorded(bench: Bench): string[] {
  return bench.hop.steps.map(({ draft }) => {
    const rule = draft.rule === undefined ? undefined : force(draft.rule);
    const where = rule === undefined ? `${draft.policy?.chain} policy ${draft.policy?.verdict}` : `${rule.chain} ${rule.index}`;
    return `${draft.verb} ${where}`;
  });
}

function recording(detailed = false): Bench {
  const bench = new Bench();
  bench.recorder = new Recorder(detailed);
  return bench;
}

describe('the way through chains', () => {
  test('the policy decides when no rule does', () => {
    const bench = new Bench();
    expect(bench.run(table('filter', '-A FORWARD -p udp -j DROP'), 'FORWARD', {}).verdict).toBe(ACCEPT);
    const { verdict, env } = bench.run(table('filter', ':FORWARD DROP [0:0]'), 'FORWARD', {});
    expect(verdict).toBe(DROP);
    expect(env.dropText).toBe('the policy DROP of filter:FORWARD');
  });

  test('chains that would be read a thousand million times are UNKNOWN, and promptly', () => {
    const chains = Array.from({ length: 40 }, (_, n) => n);
    const rules = table(
      'filter',
      ...chains.map((n) => `:C${n} - [0:0]`),
      '-A FORWARD -j C0',
      ...chains.slice(1).flatMap((n) => [`-A C${n - 1} -j C${n}`, `-A C${n - 1} -j C${n}`]),
    );
    const { verdict, env } = new Bench().run(rules, 'FORWARD', {});
    expect(verdict).toBe(UNKNOWN);
    expect(env.unknownReason).toBe('IPT_BUDGET');
  });

  test('RETURN and the end of a chain lead back behind the jump', () => {
    const bench = recording();
    const rules = table(
      'filter',
      ':A - [0:0]',
      ':B - [0:0]',
      '-A FORWARD -j A',
      '-A FORWARD -j DROP',
      '-A A -j B',
      '-A A -j RETURN',
      '-A A -j ACCEPT',
      '-A B -p udp -j ACCEPT',
    );
    expect(bench.run(rules, 'FORWARD', {}).verdict).toBe(DROP);
    expect(recorded(bench)).toEqual(['MATCHED FORWARD 1', 'MATCHED A 1', 'MATCHED A 2', 'DROPPED FORWARD 2']);
  });

  test('goto does not come back: the end of its chain is the end of the calling one', () => {
    const bench = recording();
    const rules = table(
      'filter',
      ':A - [0:0]',
      ':B - [0:0]',
      '-A FORWARD -j A',
      '-A FORWARD -j DROP',
      '-A A -g B',
      '-A A -j ACCEPT',
      '-A B -p udp -j ACCEPT',
    );
    expect(bench.run(rules, 'FORWARD', {}).verdict).toBe(DROP);
    expect(recorded(bench)).toEqual(['MATCHED FORWARD 1', 'MATCHED A 1', 'DROPPED FORWARD 2']);
    const atTop = table('filter', ':FORWARD DROP [0:0]', ':B - [0:0]', '-A FORWARD -g B', '-A FORWARD -j ACCEPT', '-A B -j RETURN');
    expect(bench.run(atTop, 'FORWARD', {}).verdict).toBe(DROP);
  });

  test('a table without rules at a hook costs nothing', () => {
    const compiled = compileTable(table('filter', '-A INPUT -j ACCEPT'));
    expect([1, 2, 3].map((hook) => hasRules(compiled, hook))).toEqual([true, false, false]);
    expect(hasRules(compileTable(table('filter', ':FORWARD DROP [0:0]')), 2)).toBe(true);
  });

  test('a jump to a chain that a dump does not hold is UNKNOWN', () => {
    const bench = new Bench();
    const { filter } = savedTables('*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j GONE\nCOMMIT\n', true);
    const { verdict, env } = bench.run(filter!, 'FORWARD', {});
    expect(verdict).toBe(UNKNOWN);
    expect(env.unknownReason).toBe('IPT_TARGET_GONE');
  });

  test('a dropped packet names the rule', () => {
    const { env } = new Bench().run(table('filter', '-A FORWARD -p udp', '-A FORWARD -p tcp -j DROP'), 'FORWARD', {});
    expect(env.dropReason).toBe('NETFILTER_DROP');
    expect(env.dropText).toBe('filter:FORWARD[2] -p tcp -j DROP');
  });
});

describe('targets', () => {
  test('marks are set, masked, joined and flipped', () => {
    const bench = new Bench();
    const marked = (target: string, mark: number): number =>
      bench.run(table('mangle', `-A FORWARD -j MARK ${target}`), 'FORWARD', { mark }).skb.mark >>> 0;
    expect(marked('--set-mark 5', 0xff)).toBe(5);
    expect(marked('--set-mark 0x10/0xf0', 0xff)).toBe(0x1f);
    expect(marked('--set-xmark 0x0/0xf', 0xff)).toBe(0xf0);
    expect(marked('--or-mark 0x00004000', 1)).toBe(0x4001);
    expect(marked('--xor-mark 0x4000', 0x4001)).toBe(1);
    expect(marked('--and-mark 0xf', 0xff)).toBe(0xf);
    expect(marked('--set-mark 0x80000000', 0)).toBe(0x8000_0000);
  });

  test('connection marks are saved and restored under masks', () => {
    const bench = new Bench();
    const skb = tracked(bench.skb({ mark: 0xab }));
    bench.run(table('mangle', '-A FORWARD -j CONNMARK --save-mark --nfmask 0xf0 --ctmask 0xff'), 'FORWARD', skb);
    expect(skb.ct!.mark).toBe(0xa0);
    bench.run(table('mangle', '-A FORWARD -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff'), 'FORWARD', skb);
    expect(skb.mark).toBe(0xa0);
  });

  test('TTL, TOS, DSCP and MSS', () => {
    const bench = new Bench();
    const rules = table(
      'mangle',
      '-A FORWARD -j TTL --ttl-inc 5',
      '-A FORWARD -j DSCP --set-dscp-class EF',
      '-A FORWARD -j TOS --or-tos 1',
      '-A FORWARD -p tcp --syn -j TCPMSS --set-mss 1400',
    );
    const { skb } = bench.run(rules, 'FORWARD', { ttl: 63, tcpFlags: 2, mssBytes: 1460, tos: 2 });
    expect(skb).toMatchObject({ ttl: 68, tos: 0xb8 | 3, mssBytes: 1400 });
    expect(bench.run(rules, 'FORWARD', { tcpFlags: 2, mssBytes: 1200 }).skb.mssBytes).toBe(1200);
  });

  test('MSS is clamped to the devices it crosses', () => {
    const bench = new Bench();
    const link = bench.netns.links.find(({ name }) => name === 'eth1')!;
    bench.netns.links = bench.netns.links.map((one) => (one === link ? { ...one, mtuBytes: 1400 } : one));
    const rules = table('mangle', '-A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu');
    const fresh = { ...bench.netns };
    Object.assign(bench, { netns: fresh });
    expect(bench.run(rules, 'FORWARD', { tcpFlags: 2, mssBytes: 1460 }).skb.mssBytes).toBe(1360);
  });

  test('NOTRACK keeps new packets out of conntrack', () => {
    const bench = new Bench();
    const rules = table('raw', '-A PREROUTING -p udp -j NOTRACK', '-A PREROUTING -p tcp -j CT --notrack');
    expect(bench.run(rules, 'PREROUTING', { proto: 'udp' }).skb.ctInfo).toBe(6);
    expect(bench.run(rules, 'PREROUTING', { proto: 'tcp' }).skb.ctInfo).toBe(6);
  });

  test('REJECT asks for its answer before the verdict', () => {
    const bench = recording();
    const { verdict } = bench.run(table('filter', '-A FORWARD -p tcp -j REJECT --reject-with tcp-reset'), 'FORWARD', {});
    expect(verdict).toBe(REJECT);
    expect(bench.rejected).toEqual(['tcp-reset']);
    expect(recorded(bench)).toEqual(['REJECTED FORWARD 1']);
  });

  test('SET adds addresses for a while', () => {
    const bench = new Bench();
    Object.assign(bench.netns, { ipsets: [{ ...ipsetOf('seen', 10) }] });
    const seen = '-m set --match-set seen src';
    expect(bench.matches(seen, {})).toBe(false);
    bench.run(table('mangle', '-A FORWARD -j SET --add-set seen src'), 'FORWARD', {});
    expect(bench.matches(seen, {})).toBe(true);
    bench.nowMs = 10_000;
    expect(bench.matches(seen, {})).toBe(false);
  });

  test('a target that is not modelled makes the packet UNKNOWN', () => {
    const bench = recording();
    const { verdict, env } = bench.run(table('filter', '-A FORWARD -j NFQUEUE --queue-num 1'), 'FORWARD', {});
    expect(verdict).toBe(UNKNOWN);
    expect(env.unknownReason).toBe('IPT_TARGET_NFQUEUE');
    expect(recorded(bench)).toEqual(['UNKNOWN FORWARD 1']);
  });

  test('REDIRECT on a device without an address drops', () => {
    const bench = new Bench();
    const skb = tracked(bench.skb({}));
    const rules = table('nat', '-A PREROUTING -p tcp -j REDIRECT --to-ports 8080');
    bench.netns.links = bench.netns.links.map((link) => ({ ...link, addresses: [] }));
    Object.assign(bench, { netns: { ...bench.netns } });
    expect(bench.run(rules, 'PREROUTING', skb).verdict).toBe(DROP);
  });

  test('DNAT binds the connection of the packet', () => {
    const bench = recording();
    const skb = tracked(bench.skb({ sport: 40000, dport: 80 }));
    expect(bench.run(table('nat', '-A PREROUTING -p tcp -j DNAT --to-destination 10.244.0.5:8080'), 'PREROUTING', skb).verdict).toBe(
      ACCEPT,
    );
    expect(`${formatIpv4(skb.ct!.replySrc)}:${skb.ct!.replySport}`).toBe('10.244.0.5:8080');
    const { draft } = bench.hop.steps[0]!;
    expect(draft.verb).toBe('REWRITTEN');
    expect(force(draft.before!)).toEqual({ dst: '10.1.0.9', dport: 80 });
    expect(force(draft.after!)).toEqual({ dst: '10.244.0.5', dport: 8080 });
  });
});

function ipsetOf(name: string, timeoutSeconds: number): object {
  return {
    name,
    type: 'hash:ip',
    family: 'inet',
    timeoutSeconds,
    netmask: null,
    markmask: null,
    range: null,
    counters: false,
    comments: false,
    skbinfo: false,
    header: [],
    entries: [],
  };
}

describe('what is recorded', () => {
  test('every rule that matched gives one step, also one that only counts, marks, logs or returns', () => {
    const bench = recording();
    const rules = table(
      'mangle',
      '-A FORWARD',
      '-A FORWARD -j LOG',
      '-A FORWARD -p udp',
      '-A FORWARD -j MARK --set-mark 1',
      '-A FORWARD -j RETURN',
    );
    bench.run(rules, 'FORWARD', {});
    expect(recorded(bench)).toEqual([
      'MATCHED FORWARD 1',
      'MATCHED FORWARD 2',
      'MARKED FORWARD 4',
      'MATCHED FORWARD 5',
      'MATCHED FORWARD policy ACCEPT',
    ]);
    expect(bench.hop.steps.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(bench.hop.steps.every(({ draft }) => draft.stage === 'mangle:FORWARD')).toBe(true);
  });

  test('a step carries its rule as iptables prints it, and who wrote it', () => {
    const bench = recording();
    const made = table('filter', '-A FORWARD -m comment --comment "a b" -p tcp -j ACCEPT');
    const chains = made.chains.map((chain) => ({ ...chain, rules: chain.rules.map((rule) => ({ ...rule, origin: 'svc default/web' })) }));
    bench.run({ ...made, chains }, 'FORWARD', {});
    expect(force(bench.hop.steps[0]!.draft.rule!)).toEqual({
      table: 'filter',
      chain: 'FORWARD',
      index: 1,
      text: '-A FORWARD -p tcp -m comment --comment "a b" -j ACCEPT',
      origin: 'svc default/web',
    });
  });

  test('a mark shows before and after', () => {
    const bench = recording();
    bench.run(table('mangle', '-A FORWARD -j MARK --or-mark 0x4000'), 'FORWARD', { mark: 1 });
    const { draft } = bench.hop.steps[0]!;
    expect([force(draft.before!), force(draft.after!)]).toEqual([{ mark: 1 }, { mark: 0x4001 }]);
  });

  test('a near miss names the one selector that failed, the nearest first', () => {
    const bench = recording(true);
    const rules = table(
      'filter',
      ':FORWARD DROP [0:0]',
      ':SVC - [0:0]',
      '-A FORWARD -j SVC',
      '-A SVC -d 10.9.9.9 -p tcp --dport 80 -j ACCEPT',
      '-A SVC -d 10.1.0.9 -p tcp --dport 443 -j ACCEPT',
      '-A SVC -d 10.9.9.9 -p tcp --dport 443 -j ACCEPT',
      '-A SVC -d 10.1.0.9 -p udp --dport 80 -j DROP',
    );
    bench.run(rules, 'FORWARD', { dport: 80 });
    const policy = bench.hop.steps.at(-1)!.draft;
    const considered = force(policy.considered!);
    expect(considered.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      'rule 2 of SVC (-j ACCEPT): dport 80 is not 443',
      'rule 1 of SVC (-j ACCEPT): dst 10.1.0.9 is not in 10.9.9.9/32',
    ]);
    expect(considered[0]!.rule?.text).toBe('-A SVC -d 10.1.0.9/32 -p tcp -m tcp --dport 443 -j ACCEPT');
  });

  test('looking for near misses leaves lists and chances alone', () => {
    const bench = recording(true);
    const rules = table(
      'filter',
      ':FORWARD DROP [0:0]',
      '-A FORWARD -p udp -m statistic --mode random --probability 0.5 -j ACCEPT',
      '-A FORWARD -p udp -m recent --set -j ACCEPT',
    );
    bench.run(rules, 'FORWARD', {});
    expect(bench.chances).toEqual([]);
    expect(bench.session.netfilter.recent.size).toBe(0);
    expect(force(bench.hop.steps[0]!.draft.considered!)).toHaveLength(2);
  });

  test('rules behind the deciding one are not considered', () => {
    const bench = recording(true);
    bench.run(table('filter', '-A FORWARD -p tcp -j DROP', '-A FORWARD -p udp -j ACCEPT'), 'FORWARD', {});
    expect(bench.hop.steps[0]!.draft.considered).toBeUndefined();
  });
});

describe('when conntrack is on', () => {
  test.each([
    ['-A FORWARD -m conntrack --ctstate NEW', true],
    ['-A FORWARD -m connmark --mark 1', true],
    ['-A FORWARD -j CONNMARK --save-mark', true],
    ['-A FORWARD -j ACCEPT', false],
  ])('%s: %s', (rule, expected) => {
    expect(needsConntrack(table('mangle', rule))).toBe(expected);
  });

  test('a nat table with nothing but ACCEPT does not switch it on', () => {
    expect(needsConntrack(table('nat', '-A PREROUTING -j ACCEPT'))).toBe(false);
    expect(needsConntrack(table('nat', '-A POSTROUTING -j MASQUERADE'))).toBe(true);
  });
});
