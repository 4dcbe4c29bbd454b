import type { AgentName, Cluster } from '../../world/cluster.ts';

/** Whether an agent runs on a node; pass no node for an agent of the whole cluster. */
export function isPaused(cluster: Cluster, agent: AgentName, node: string | null = null): boolean {
  const { paused } = cluster.agents;
  return paused.includes(agent) || (node !== null && paused.includes(`${agent}@${node}`));
}

/** Stops an agent, on one node or everywhere: what it owns stays as it is from now on. */
export function pauseAgent(cluster: Cluster, agent: AgentName, node: string | null = null): void {
  const name = node === null ? agent : `${agent}@${node}`;
  if (!cluster.agents.paused.includes(name)) cluster.agents.paused = [...cluster.agents.paused, name];
}

/** Lets an agent run again; it brings its tables in line at its next turn. */
export function resumeAgent(cluster: Cluster, agent: AgentName, node: string | null = null): void {
  const name = node === null ? agent : `${agent}@${node}`;
  cluster.agents.paused = cluster.agents.paused.filter((one) => one !== name);
}
