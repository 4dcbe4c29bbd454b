import * as z from 'zod';
import { pauseAgent, resumeAgent } from '../../../aks/agents/pause.ts';
import type { AgentName } from '../../../world/cluster.ts';
import type { World } from '../../../world/world.ts';
import { section } from '../../schema/section.ts';
import { type Operation, OperationError, operation } from '../operation.ts';
import { clusterOf } from './parts.ts';

const AGENTS = [
  'kube-proxy',
  'ip-masq-agent',
  'azure-routes',
  'azure-load-balancer',
  'azure-cns',
  'cni',
] as const satisfies readonly AgentName[];

interface AgentArgs {
  readonly agent: AgentName;
  readonly node?: string;
}

const args: z.ZodType<AgentArgs> = z.lazy(() =>
  section({
    agent: z.enum(AGENTS).describe('which agent'),
    node: z.string().max(253).exactOptional().describe('only on this node; default everywhere'),
  }),
);

export const pauseAgentOperation: Operation = operation(
  'pause-agent',
  'an agent stops: what it owns stays as it is',
  args,
  (asked, { world }) => {
    pauseAgent(clusterOf(world), asked.agent, nodeOf(world, asked));
  },
);

export const resumeAgentOperation: Operation = operation(
  'resume-agent',
  'an agent runs again, at its next turn',
  args,
  (asked, { world }) => {
    resumeAgent(clusterOf(world), asked.agent, nodeOf(world, asked));
  },
);

function nodeOf(world: World, { node }: AgentArgs): string | null {
  if (node === undefined) return null;
  const name = node.replace(/^node\//, '');
  const names = Object.keys(clusterOf(world).nodes);
  if (!names.includes(name)) throw new OperationError(`there is no node ${name}`, `one of ${names.slice(0, 8).join(', ')}`, name);
  return name;
}
