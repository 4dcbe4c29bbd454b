import * as z from 'zod';
import { cidr } from '../../schema/field.ts';
import { section } from '../../schema/section.ts';
import { type Operation, operation } from '../operation.ts';
import { clusterOf } from './parts.ts';

const args: z.ZodType<{ nonMasqueradeCidrs?: string[]; masqLinkLocal?: boolean } | null> = z.lazy(() =>
  section({
    nonMasqueradeCidrs: z.array(cidr).max(1000).exactOptional().describe('default none'),
    masqLinkLocal: z.boolean().exactOptional().describe('default false'),
  }).nullable(),
);

/** Without any file the agent falls back to what is built in. */
export const setMasqConfig: Operation = operation(
  'set-masq-config',
  'the file of ip-masq-agent is replaced, or goes (null); the agent reads it within 60 seconds',
  args,
  (config, { world }) => {
    clusterOf(world).masqConfig =
      config === null ? null : { nonMasqueradeCIDRs: config.nonMasqueradeCidrs ?? [], masqLinkLocal: config.masqLinkLocal ?? false };
  },
);
