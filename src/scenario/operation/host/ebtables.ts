import * as z from 'zod';
import { section } from '../../schema/section.ts';
import { type Operation, OperationError, operation } from '../operation.ts';
import { on, placeOf } from './place.ts';

const args: z.ZodType<{ on: string; table?: 'filter' | 'nat' | 'broute'; chain: string }> = z.lazy(() =>
  section({
    on,
    table: z.enum(['filter', 'nat', 'broute']).exactOptional().describe('default filter'),
    chain: z.string().min(1).max(31).describe('a chain of that table'),
  }),
);

export const flushBridgeChain: Operation = operation(
  'flush-bridge-chain',
  'ebtables -F CHAIN',
  args,
  ({ on: where, table = 'filter', chain }, bench) => {
    const { netns } = placeOf(where, bench);
    const before = netns.ebtables?.[table];
    if (before?.chains.some(({ name }) => name === chain) !== true)
      throw new OperationError(
        `the bridge table ${table} has no chain ${chain}`,
        before?.chains.map(({ name }) => name).join(', ') ?? '',
        chain,
      );
    const chains = before.chains.map((one) => (one.name === chain ? { ...one, rules: [] } : one));
    netns.ebtables = { ...netns.ebtables, [table]: { name: table, chains } };
  },
);
