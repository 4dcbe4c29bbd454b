import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/wire/invariant.ts';
import { soundTrace, violations } from '../../../src/trace/invariants.ts';
import type { Trace } from '../../../src/trace/trace.ts';
import { Lab } from '../linux/lab.ts';

function answered(): Trace {
  const lab = new Lab().veth('a/eth0', 'b/eth0').addr('a/eth0', '10.0.0.2/24').addr('b/eth0', '10.0.0.3/24').listen('b', 'udp/53');
  return structuredClone(lab.send('a', 'udp 10.0.0.3:53').trace);
}

/** What is found in a sound trace after one change. */
const broken = (change: (trace: Trace) => void): string[] => {
  const trace = answered();
  change(trace);
  return violations(trace);
};

const step = (trace: Trace) => {
  const found = trace.legs[0]?.hops[0]?.steps[0];
  if (found === undefined) throw new RangeError('no step');
  return found;
};

describe('a trace is unsound', () => {
  test('no: one of the engine has nothing wrong', () => {
    expect(violations(answered())).toEqual([]);
  });

  test.each<[string, (trace: Trace) => void, string]>([
    ['with two requests', (trace) => trace.legs.forEach((leg) => (leg.kind = 'request')), 'exactly one request'],
    ['that replied without a reply', (trace) => (trace.reply = null), 'a replied trace has a reply'],
    ['that dropped without a reason', (trace) => (trace.outcome = 'dropped'), 'has a reason'],
    ['with a reason that is no code', (trace) => (trace.reason = 'no route'), 'is not an upper-case code'],
    ['that says nothing', (trace) => (trace.text = ''), 'in one sentence'],
    ['with a step at no stage', (trace) => (step(trace).stage = ''), 'is at no stage'],
    ['with a number twice', (trace) => (step(trace).seq = 2), 'sequence number 2 twice'],
    ['with a rule 0', (trace) => (step(trace).rule = { table: 'filter', chain: 'INPUT', index: 0, text: '' }), 'rules count from 1'],
    [
      'with a step that two things decided',
      (trace) =>
        Object.assign(step(trace), {
          rule: { table: 'filter', chain: 'INPUT', index: 1, text: '' },
          policy: { table: 'filter', chain: 'INPUT', verdict: 'DROP' },
        }),
      'was decided twice',
    ],
    [
      'whose packet changes on the wire',
      (trace) => {
        const rx = trace.legs[0]?.hops[1]?.rx;
        if (rx !== undefined) rx.src = '10.9.9.9';
      },
      'the packet changed on the wire from m/a to m/b',
    ],
    [
      'with a redirect among its errors',
      (trace) => trace.icmpErrors.push({ type: 5, code: 1, from: '10.0.0.3' }),
      'a redirect is no ICMP error',
    ],
  ])('%s', (_, change, sentence) => {
    expect(broken(change).join('; ')).toContain(sentence);
  });

  test('and then it is a bug', () => {
    const trace = answered();
    trace.reply = null;
    expect(() => soundTrace(trace)).toThrow(InvariantError);
    expect(soundTrace(answered()).outcome).toBe('replied');
  });
});
