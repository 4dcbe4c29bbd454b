import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Trace } from '../../src/trace/trace.ts';
import { walkOnce, build, freshSession } from './support/built.ts';
import { factsOf } from './support/facts.ts';
import { type Find, SEARCH_MS, expectNoFind } from './support/find.ts';
import { drawnFlow, flowIn } from './support/flows.ts';
import { clusters } from './support/recipe.ts';
import { replyIsUntranslated } from './support/trace-rules.ts';

/** Few source ports, so that connections of different senders want the same translation. */
const connections = fc.array(fc.tuple(drawnFlow, fc.integer({ min: 40_000, max: 40_002 })), { minLength: 2, maxLength: 40 });

/** What a receiver tells connections apart by; the identifier of an echo request is in no trace's delivery. */
function tupleOf({ delivered }: Trace): string | null {
  return delivered === null || delivered.proto === 'icmp' ? null : `${delivered.at} ${delivered.proto} ${delivered.src} > ${delivered.dst}`;
}

function fate(trace: Trace): string {
  return `${trace.outcome} ${tupleOf(trace) ?? 'nowhere'} ${trace.reply?.from ?? ''}`;
}

describe('many connections at once', () => {
  it('are told apart by every receiver, and each is answered by whom it asked (I7)', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'connections do not meet',
      fc.tuple(clusters, connections),
      ([scenario]) => scenario,
      ([scenario, drawn]) => {
        const world = build(scenario);
        const facts = factsOf(scenario, world);
        const session = freshSession(world);
        const seen = new Map<string, string>();
        const sent = new Set<string>();
        return drawn.flatMap(([one, sport]): Find[] => {
          const { from, to, proto = 'tcp' } = flowIn(facts, one);
          const flow = { from, to, proto, send: { sport } };
          const trace = walkOnce(world, session, flow, { record: 'summary' });
          // The same connection again is no second connection.
          const own = `${trace.probe.src} ${sport} ${trace.probe.dst} ${trace.probe.dport} ${proto}`;
          const tuple = tupleOf(trace);
          const other = tuple === null || sent.has(own) ? undefined : seen.get(tuple);
          if (tuple !== null && !sent.has(own)) seen.set(tuple, own);
          sent.add(own);
          const sentences = [
            ...(other === undefined || other === own ? [] : [`${own} looks like ${other}: ${tuple}`]),
            ...replyIsUntranslated(trace, world),
          ];
          return sentences.map((sentence) => ({ sentence: `${from} -> ${to}: ${sentence}`, steps: [{ walk: flow }] }));
        });
      },
      60,
    );
  });

  it('are answered alike the second time, when everything is known and tracked', { timeout: SEARCH_MS }, () => {
    expectNoFind(
      'a connection goes on as it began',
      fc.tuple(clusters, connections),
      ([scenario]) => scenario,
      ([scenario, drawn]) => {
        const world = build(scenario);
        const facts = factsOf(scenario, world);
        const session = freshSession(world);
        return drawn.flatMap(([one, sport]): Find[] => {
          const { from, to, proto = 'tcp' } = flowIn(facts, one);
          if (proto !== 'udp') return [];
          const flow = { from, to, proto, send: { sport } };
          const [first, second] = [walkOnce(world, session, flow), walkOnce(world, session, flow)];
          if (first.outcome !== 'replied' || fate(first) === fate(second)) return [];
          return [{ sentence: `${from} -> ${to}: first ${fate(first)}, then ${fate(second)}`, steps: [{ walk: flow }, { walk: flow }] }];
        });
      },
      40,
    );
  });
});
