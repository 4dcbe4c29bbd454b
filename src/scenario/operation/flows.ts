import * as z from 'zod';
import { runProbe } from '../../walk/run-probe.ts';
import { probeOf } from '../probe.ts';
import { endpoint } from '../schema/check.ts';
import { section } from '../schema/section.ts';
import { type Operation, OperationError, operation } from './operation.ts';

interface FlowsArgs {
  readonly from: string;
  readonly to: string;
  readonly proto?: 'tcp' | 'udp';
  readonly count: number;
  readonly firstSport?: number;
}

const FIRST_SPORT = 1024;
const MAX_FLOWS = 64_512;

const args: z.ZodType<FlowsArgs> = z.lazy(() =>
  section({
    from: endpoint.describe('who sends'),
    to: endpoint.describe('whom to, with :PORT'),
    proto: z.enum(['tcp', 'udp']).exactOptional().describe('default tcp'),
    count: z.int().min(1).max(MAX_FLOWS).describe('how many connections, each from a source port of its own'),
    firstSport: z.int().min(1).max(65_535).exactOptional().describe('default 1024'),
  }),
);

/** Fills connection tables and SNAT ports the way they fill: by connections. */
export const openFlows: Operation = operation(
  'open-flows',
  'many connections from one place to another',
  args,
  (asked, { before, session, sends }) => {
    const { from, to, proto = 'tcp', count, firstSport = FIRST_SPORT } = asked;
    if (firstSport + count - 1 > 65_535)
      throw new OperationError(`${count} ports from ${firstSport} on are more than there are`, 'at most 65535', count);
    const probe = probeOf({ from, to, proto, send: {} }, before);
    if ('field' in probe) throw new OperationError(`${probe.field}: ${probe.message}`, probe.expected, probe.field === 'from' ? from : to);
    if (!sends) return;
    for (let sport = firstSport; sport < firstSport + count; sport++) runProbe(before, session, { ...probe, sport }, { record: 'none' });
  },
);
