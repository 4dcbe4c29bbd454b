import { describe, expect, test } from 'vitest';
import { Recorder } from '../../../src/trace/recorder.ts';
import { legsOf } from '../../../src/walk/legs.ts';

const step = (text: string) => ({ stage: 'here', verb: 'MATCHED', text }) as const;

describe('a recorder', () => {
  test('numbers the steps in the order in which they are written, over all legs', () => {
    const recorder = new Recorder();
    const request = recorder.hop(recorder.leg('request'), 'm/a');
    const error = recorder.hop(recorder.leg('icmp-error'), 'm/b');
    recorder.step(request, step('first'));
    recorder.step(error, step('second'));
    recorder.step(request, step('third'));
    expect(legsOf(recorder).map(({ hops }) => hops.map(({ steps }) => steps.map(({ seq, text }) => `${seq} ${text}`)))).toEqual([
      [['1 first', '3 third']],
      [['2 second']],
    ]);
  });

  test('makes a text only when the trace is written', () => {
    const recorder = new Recorder();
    let made = 0;
    recorder.step(recorder.hop(recorder.leg('request'), 'm/a'), { stage: 'here', verb: 'MATCHED', text: () => `text ${++made}` });
    expect(made).toBe(0);
    legsOf(recorder);
    expect(made).toBe(1);
  });

  test('tells what a copy has in common with its packet once', () => {
    const recorder = new Recorder();
    const leg = recorder.leg('request');
    const hop = recorder.hop(leg, 'm/sw');
    hop.in = 'a';
    recorder.step(hop, step('arrives'));
    const fork = recorder.fork(leg, hop);
    recorder.step(fork.hop, step('goes to b'));
    recorder.step(hop, step('goes to c'));
    const [request] = legsOf(recorder);
    expect(request?.hops[0]?.steps.map(({ text }) => text)).toEqual(['arrives', 'goes to c']);
    expect(request?.copies?.[0]?.hops[0]).toMatchObject({ at: 'm/sw', in: 'a', steps: [{ text: 'goes to b' }] });
  });

  test('makes the copy that a socket took the leg, and the rest its copy', () => {
    const recorder = new Recorder();
    const leg = recorder.leg('request');
    recorder.hop(leg, 'm/a').out = 'eth0';
    const hop = recorder.hop(leg, 'm/sw');
    recorder.step(hop, step('arrives'));
    const fork = recorder.fork(leg, hop);
    recorder.step(fork.hop, step('goes to b'));
    fork.leg.delivered = true;
    recorder.step(hop, step('goes to c'));
    const [request] = legsOf(recorder);
    expect(request?.hops.map(({ at, steps }) => `${at}: ${steps.map(({ text }) => text).join(', ')}`)).toEqual([
      'm/a: ',
      'm/sw: arrives, goes to b',
    ]);
    expect(request?.copies?.map(({ hops }) => hops.map(({ steps }) => steps.map(({ text }) => text)))).toEqual([[['goes to c']]]);
  });

  test('does not take a sender’s own copy of a broadcast for the leg', () => {
    const recorder = new Recorder();
    const leg = recorder.leg('request');
    const hop = recorder.hop(leg, 'm/a');
    const fork = recorder.fork(leg, hop);
    fork.leg.loopedBack = true;
    fork.leg.delivered = true;
    recorder.step(hop, step('goes out'));
    expect(legsOf(recorder)[0]?.hops[0]?.steps[0]?.text).toBe('goes out');
  });
});
