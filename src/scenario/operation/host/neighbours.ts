import * as z from 'zod';
import { forgetNeighbour, overrideNeighbour } from '../../../linux/netns-session.ts';
import { addNeighbour, deleteNeighbour } from '../../../linux/ops/neighbours.ts';
import { NO_SUCH_FILE } from '../../../linux/ops/result.ts';
import { ip } from '../../../wire/ipv4.ts';
import { address } from '../../schema/field.ts';
import { section } from '../../schema/section.ts';
import { parseNeighbour } from '../../text/ip-neigh.ts';
import { type Operation, OperationError, operation } from '../operation.ts';
import { expectedInstead, mustBeOk, on, parsed, placeOf } from './place.ts';

const setArgs: z.ZodType<{ on: string; neighbour: string }> = z.lazy(() =>
  section({
    on,
    neighbour: z.string().max(200).describe('as ip neigh replace takes it: 10.224.0.9 lladdr 02:00:00:00:00:09 dev eth0'),
  }),
);
const deleteArgs: z.ZodType<{ on: string; ip: string; dev: string }> = z.lazy(() =>
  section({ on, ip: address.describe('whose entry'), dev: z.string().max(15).describe('on which device') }),
);

export const setNeighbour: Operation = operation('set-neighbour', 'ip neigh replace', setArgs, (args, bench) => {
  const { netns, at } = placeOf(args.on, bench);
  const neighbour = parsed(parseNeighbour, args.neighbour);
  mustBeOk(addNeighbour(netns, neighbour, 'replace'), args.neighbour);
  const session = bench.session.netns.get(at);
  if (session !== undefined) overrideNeighbour(session, neighbour.dev, neighbour.ip);
});

/** What packets taught goes too. */
export const deleteNeighbourOperation: Operation = operation('delete-neighbour', 'ip neigh del', deleteArgs, (args, bench) => {
  const { netns, at } = placeOf(args.on, bench);
  const addr = ip(args.ip);
  const session = bench.session.netns.get(at);
  const learned = session !== undefined && forgetNeighbour(session, args.dev, addr);
  const result = deleteNeighbour(netns, { ip: addr, dev: args.dev });
  // Packets that were not sent may have taught it.
  if (result === 'ok' || learned || (result === NO_SUCH_FILE && !bench.sends)) return;
  throw new OperationError(result, expectedInstead(result), args.ip);
});
