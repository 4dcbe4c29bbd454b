import * as z from 'zod';
import { addNode, deleteNode } from '../../../aks/edit/nodes.ts';
import { ip } from '../../../wire/ipv4.ts';
import { didYouMean } from '../../../wire/suggest.ts';
import { address, name } from '../../schema/field.ts';
import { section } from '../../schema/section.ts';
import { settle } from '../bench.ts';
import { type Operation, OperationError, operation } from '../operation.ts';
import { clusterOf } from './parts.ts';

const addArgs: z.ZodType<{ name: string; addr?: string }> = z.lazy(() =>
  section({ name: name.describe('name of the node'), addr: address.exactOptional().describe('default the next free one of the subnet') }),
);
const deleteArgs: z.ZodType<{ node: string }> = z.lazy(() => section({ node: name.describe('name of the node') }));

export const addNodeOperation: Operation = operation('add-node', 'az aks scale: one more node', addArgs, (args, bench) => {
  clusterOf(bench.world);
  const added = addNode(bench.world, args.name, args.addr === undefined ? null : ip(args.addr));
  if (typeof added === 'string') throw new OperationError(`${args.name}: ${added}`, '', args.name);
  settle(bench, added);
});

export const deleteNodeOperation: Operation = operation(
  'delete-node',
  'a node is gone with its machine and its pods; workloads start others elsewhere',
  deleteArgs,
  ({ node }, bench) => {
    const { nodes } = clusterOf(bench.world);
    const found = Object.hasOwn(nodes, node) ? nodes[node] : undefined;
    const names = Object.keys(nodes);
    if (found === undefined)
      throw new OperationError(`there is no node ${node}${didYouMean(node, names)}`, `one of ${names.slice(0, 8).join(', ')}`, node);
    settle(bench, deleteNode(bench.world, found));
  },
);
