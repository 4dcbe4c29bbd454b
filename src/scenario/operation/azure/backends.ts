import * as z from 'zod';
import { setAdminState } from '../../../azure/edit-lb.ts';
import { fabricOf, nicOf } from '../../azure/parts.ts';
import { section } from '../../schema/section.ts';
import { type Operation, OperationError, operation } from '../operation.ts';

const args: z.ZodType<{ node: string; health: 'up' | 'down' | 'probe' }> = z.lazy(() =>
  section({
    node: z.string().max(253).describe('a node, or the NIC of a backend'),
    health: z.enum(['up', 'down', 'probe']).describe('up or down whatever probes find, or what they find'),
  }),
);

export const setProbeHealth: Operation = operation(
  'set-probe-health',
  'load balancers take a backend for healthy or not',
  args,
  (asked, { world }) => {
    const fabric = fabricOf(world);
    const nic = nicOf(world, asked.node).name;
    const pools = fabric.loadBalancers.flatMap((lb) =>
      lb.pools.filter((pool) => pool.members.some((member) => member.nic === nic)).map((pool) => ({ lb, pool })),
    );
    if (pools.length === 0) throw new OperationError(`${asked.node} is behind no load balancer`, 'a backend', asked.node);
    for (const { lb, pool } of pools) setAdminState(fabric, lb.name, pool.name, nic, asked.health === 'probe' ? 'none' : asked.health);
  },
);
