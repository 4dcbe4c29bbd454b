import { describe, expect, test } from 'vitest';
import { PLAIN } from '../../../src/report/paint.ts';
import { printable } from '../../../src/report/printable.ts';
import { traceJson } from '../../../src/report/trace/json.ts';
import { traceMarkdown } from '../../../src/report/trace/markdown.ts';
import { traceJsonSchema, traceSchema } from '../../../src/report/trace/schema.ts';
import { traceText } from '../../../src/report/trace/text.ts';
import { soundTrace, violations } from '../../../src/trace/invariants.ts';
import type { Trace } from '../../../src/trace/trace.ts';
import { droppedTrace, repliedTrace } from './fake-trace.ts';

describe('a trace as text', () => {
  test('minimal shows devices, changes and the verdict', () => {
    expect(traceText(droppedTrace(), { detail: 'minimal' })).toBe(
      [
        'pod/default/web 10.244.1.7:40000 -> 10.0.125.25:80 TCP',
        'request',
        '  1. node0/root  azv1 → cbr0 → eth0',
        '     MARKED      mark 0x0 → 0x4000',
        '     REWRITTEN   dst 10.0.125.25:80 → 10.224.0.87:8080',
        '     DROPPED     dropped',
        'DROPPED  NETFILTER_DROP  dropped at node0/root: DROP by rule 3 of chain AZURE-NPM-INGRESS in table filter',
        '',
      ].join('\n'),
    );
  });

  test('summary names the rules that decided and leaves out jumps and accepting policies', () => {
    const text = traceText(droppedTrace(), { detail: 'summary' });
    expect(text).toContain('REWRITTEN   nat:KUBE-SEP-X[2] -p tcp -j DNAT --to-destination 10.224.0.87:8080 (from svc default/web) — dst');
    expect(text).toContain('DROPPED     filter:AZURE-NPM-INGRESS[3] -m mark --mark 0x4000 -j DROP  NETFILTER_DROP');
    expect(text).toContain('ROUTED      10.224.0.87 dev eth0');
    expect(text).not.toContain('KUBE-SERVICES');
    expect(text).not.toContain('policy ACCEPT');
    expect(text).not.toContain('not nat:');
  });

  test('detailed shows everything, near misses too', () => {
    const text = traceText(droppedTrace(), { detail: 'detailed' });
    expect(text).toContain('nat:PREROUTING[1] -j KUBE-SERVICES (from kube-proxy)');
    expect(text).toContain('mangle:FORWARD policy ACCEPT');
    expect(text).toContain('not nat:KUBE-SEP-X[1] -s 10.224.0.87/32 -j KUBE-MARK-MASQ: src 10.244.1.7 is not in 10.224.0.87/32');
    expect(text).toContain('rx 10.244.1.7:40000 -> 10.0.125.25:80 tcp ttl 64');
  });

  test('detailed says nothing twice', () => {
    const text = traceText(droppedTrace(), { detail: 'detailed' });
    expect(text).not.toMatch(/(\S+:[A-Z-]+): \1/);
    expect(text).not.toContain('policy ACCEPT —');
    const probe = { ...droppedTrace().probe, from: '10.244.1.7', src: '10.244.1.7' };
    expect(traceText({ ...droppedTrace(), probe }, { detail: 'minimal' })).toMatch(/^10\.244\.1\.7:\d+ -> /);
  });

  test('a branch says which way it took, with what odds', () => {
    expect(traceText(repliedTrace(), { detail: 'minimal' })).toContain('branch 2 of 3, odds 33.3 %: node0/root statistic took 2 of 3');
  });

  test('ICMP has no ports', () => {
    expect(traceText(repliedTrace(), { detail: 'minimal' })).toMatch(/^internet 203\.0\.113\.10 -> 10\.224\.0\.4 ICMP\n/);
  });

  test('a pod is called by its name where the caller knows it', () => {
    const places = new Map([['node0/root', 'node node0']]);
    expect(traceText(repliedTrace(), { detail: 'minimal', places })).toContain('1. node node0 (node0/root)  eth0');
  });

  test('colours change nothing but the colour', () => {
    const paint = { ...PLAIN, red: (text: string) => `<${text}>`, green: (text: string) => `{${text}}` };
    const painted = traceText(droppedTrace(), { detail: 'summary', paint });
    expect(painted).toContain('<DROPPED>');
    expect(painted.replaceAll(/[<{]([^<>{}]*)[>}]/g, '$1')).toBe(traceText(droppedTrace(), { detail: 'summary' }));
  });
});

describe('what could drive a terminal is shown, not obeyed', () => {
  const nasty = '\u001b[31mred\u0007\r\n\u009b0m\u202eevil\ud800\u2028';

  test('each such character becomes its number', () => {
    expect(printable(nasty)).toBe(String.raw`\u{1b}[31mred\u{7}\u{d}\u{a}\u{9b}0m\u{202e}evil\u{d800}\u{2028}`);
    expect(printable('plain text – with accents é')).toBe('plain text – with accents é');
  });

  const everywhere = (): Trace => {
    const trace = JSON.parse(JSON.stringify(droppedTrace()).replaceAll('node0/root', String.raw`node0/\u001b[2J`)) as Trace;
    return { ...trace, text: nasty, probe: { ...trace.probe, from: nasty } };
  };

  test.each(['minimal', 'summary', 'detailed'] as const)('in text, %s', (detail) => {
    expect(traceText(everywhere(), { detail }).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\u202e\u2028]/u);
  });

  test('in JSON, which stays the same value', () => {
    const json = traceJson(everywhere());
    expect(json.trimEnd()).not.toMatch(/[\p{Cc}\p{Cs}\u202e\u2028]/u);
    expect(JSON.parse(json)).toEqual(everywhere());
  });

  test('in Markdown, whose own marks are literal too', () => {
    const trace = { ...everywhere(), text: '| <script> `x` **bold**' };
    const markdown = traceMarkdown(trace, 'summary');
    expect(markdown.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\u202e]/u);
    expect(markdown).toContain('\\| \\<script\\> \\`x\\` \\*\\*bold\\*\\*');
  });

  test('in Markdown, where no name makes a link, a mention or a cell of its own', () => {
    const trace = droppedTrace();
    trace.text = 'see @somebody, https://evil.example and www.evil.example';
    const rule = trace.legs[0]?.hops[0]?.steps[2]?.rule;
    if (rule === undefined) throw new Error('no rule');
    rule.text = '-A KUBE-SEP-X -m comment --comment "a | b `c` @team" -j DNAT';
    const markdown = traceMarkdown(trace, 'summary');
    expect(markdown).toContain('see @\u200bsomebody, https\\://evil.example and www\\.evil.example');
    expect(markdown).toContain('``nat:KUBE-SEP-X[2] -m comment --comment "a \\| b `c` @team" -j DNAT');
    // Four cells a row: a pipe that is not escaped would make a fifth.
    for (const row of markdown.split('\n').filter((line) => line.startsWith('|'))) expect(row.match(/(?<!\\)\|/g)).toHaveLength(5);
  });

  test('in Markdown, which begins with the verdict and what decided', () => {
    const lines = traceMarkdown(droppedTrace(), 'summary').split('\n');
    expect(lines[2]).toMatch(/^\*\*DROPPED {2}NETFILTER\\_DROP/);
    expect(lines[4]).toMatch(/^Decided at hop \d of the request, .*: DROPPED `/);
  });
});

describe('the invariants of a trace', () => {
  test('a sound trace has no violation and fits the published schema', () => {
    for (const trace of [droppedTrace(), repliedTrace()]) {
      expect(violations(trace)).toEqual([]);
      expect(traceSchema.safeParse(trace).success).toBe(true);
    }
  });

  const broken: readonly (readonly [name: string, trace: Partial<Trace>, says: string])[] = [
    ['two requests', { legs: [...droppedTrace().legs, ...repliedTrace().legs] }, 'exactly one request'],
    ['no reason', { reason: null }, 'has a reason'],
    ['a reason in lower case', { reason: 'nope' }, 'upper-case code'],
    ['no text', { text: '' }, 'one sentence'],
    ['a reply without reply', { outcome: 'replied', reason: null }, 'has a reply'],
    ['a send error without errno', { outcome: 'send-error' }, 'has an errno'],
    ['an ICMP error that never came', { outcome: 'icmp-error' }, 'holds the error'],
    ['a redirect as an error', { icmpErrors: [{ type: 5, code: 0, from: '10.0.0.1' }] }, 'redirect'],
    ['a branch beyond the last', { branch: { index: 3, of: 3, odds: 1, choices: [] } }, 'not one of 3'],
    ['odds of nothing', { branch: { index: 0, of: 1, odds: 0, choices: [] } }, 'odds'],
  ];

  test.each(broken)('%s is noticed', (_, change, says) => {
    const trace = { ...droppedTrace(), ...change };
    expect(violations(trace).join('; ')).toContain(says);
    expect(() => soundTrace(trace)).toThrow(says);
  });

  test('a number that two steps share is noticed', () => {
    const trace = droppedTrace();
    const step = trace.legs[0]?.hops[0]?.steps[1];
    if (step !== undefined) step.seq = 1;
    expect(violations(trace)).toContain('sequence number 1 twice');
  });

  test('a packet that changes on a wire is noticed', () => {
    const trace = droppedTrace();
    const hop = trace.legs[0]?.hops[0];
    if (hop?.rx === undefined) throw new Error('the fake trace has no hop');
    trace.legs[0]?.hops.push({ at: 'node1/root', in: 'eth0', rx: { ...hop.rx, src: '1.2.3.4' }, steps: [] });
    hop.tx = hop.rx;
    expect(violations(trace).join()).toContain('changed on the wire from node0/root to node1/root');
  });
});

test('the JSON Schema of a trace names its fields', () => {
  expect(traceJsonSchema()).toMatchObject({
    oneOf: [
      {
        type: 'object',
        required: expect.arrayContaining(['trace', 'probe', 'outcome', 'legs']) as unknown,
      },
      { required: ['trace', 'id', 'error'] },
    ],
  });
});
