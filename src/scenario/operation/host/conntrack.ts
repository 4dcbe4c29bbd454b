import * as z from 'zod';
import { section } from '../../schema/section.ts';
import { type Operation, operation } from '../operation.ts';
import { on, placeOf } from './place.ts';

const args: z.ZodType<{ on: string }> = z.lazy(() => section({ on }));

export const flushConntrack: Operation = operation('flush-conntrack', 'conntrack -F', args, (args, bench) => {
  bench.session.netns.get(placeOf(args.on, bench).at)?.conntrack.clear();
});
