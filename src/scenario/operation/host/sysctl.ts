import * as z from 'zod';
import { setSysctl } from '../../../linux/ops/set-sysctl.ts';
import { section } from '../../schema/section.ts';
import { type Operation, operation } from '../operation.ts';
import { mustBeOk, on, placeOf } from './place.ts';

const args: z.ZodType<{ on: string; name: string; value: string | number }> = z.lazy(() =>
  section({
    on,
    name: z.string().max(200).describe('such as net.ipv4.ip_forward'),
    value: z.union([z.string().max(200), z.int()]).describe('as sysctl takes it'),
  }),
);

export const setSysctlOperation: Operation = operation('set-sysctl', 'sysctl -w NAME=VALUE', args, ({ on, name, value }, bench) => {
  mustBeOk(setSysctl(placeOf(on, bench).netns, name, String(value)), name);
});
