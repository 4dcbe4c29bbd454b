import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { Trace } from '../../src/trace/trace.ts';
import { build, walkAll } from './support/built.ts';
import { factsOf } from './support/facts.ts';
import { SEARCH_MS, expectNoFind } from './support/find.ts';
import { drawnFlow, flowIn } from './support/flows.ts';
import { clusters } from './support/recipe.ts';
import {
  type TraceRule,
  isSound,
  mssLosesPerCrossing,
  nicsKeepTheirAddresses,
  podsMeetThemselves,
  replyCrossesTranslators,
  replyIsUntranslated,
  ttlFallsPerHop,
} from './support/trace-rules.ts';

const noLoop: TraceRule = ({ outcome, text }: Trace) => (outcome === 'loop' || text.includes('routing loop') ? [text] : []);
const isAnswered: TraceRule = ({ outcome, delivered, text }: Trace) =>
  delivered === null || outcome === 'replied' ? [] : [`${outcome}: ${text}`];
const isDecided: TraceRule = ({ outcome, text, reason }: Trace) =>
  outcome === 'unknown' && reason !== 'AZURE_ICMP_ERROR_THROUGH_NAT' ? [`unknown: ${text}`] : [];

const RULES: readonly [name: string, rule: TraceRule][] = [
  ['a trace keeps the contract, and names only what is there', isSound],
  ['the TTL falls by one for each hop that routes', ttlFallsPerHop],
  ['whatever is delivered is answered, and the answer arrives', isAnswered],
  ['whoever asked is answered by whom it asked', replyIsUntranslated],
  ['I1: pods see each other by their own addresses', podsMeetThemselves],
  ['I2: a reply passes everybody who translated the request, backwards', replyCrossesTranslators],
  ['I3: a NIC without IP forwarding carries its own addresses only', nicsKeepTheirAddresses],
  ['I13: the MSS loses the same on each crossing of the fabric', mssLosesPerCrossing],
  ['nothing goes round in circles', noLoop],
  ['nothing is unknown', isDecided],
];

describe('in a healthy cluster', () => {
  it.each(RULES)('%s', { timeout: SEARCH_MS }, (name, rule) => {
    expectNoFind(
      name,
      fc.tuple(clusters, fc.array(drawnFlow, { minLength: 1, maxLength: 20 })),
      ([scenario]) => scenario,
      ([scenario, drawn]) => {
        const world = build(scenario);
        const facts = factsOf(scenario, world);
        return drawn.flatMap((one) => {
          const { from, to, proto = 'tcp' } = flowIn(facts, one);
          const sentences = walkAll(world, { from, to, proto }, { record: 'detailed' }).flatMap((trace) => rule(trace, world));
          return sentences.map((sentence) => ({ sentence: `${from} -> ${to} ${proto}: ${sentence}`, checks: [{ from, to, proto }] }));
        });
      },
      40,
    );
  });
});
