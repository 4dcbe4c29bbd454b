import type { EnsureRule, IptablesPlan } from '../iptables/plan.ts';

/** What varies between AKS node images and cluster settings. */
export interface NodeBootstrap {
  /** Since the release of 2024-08-27 pods are kept from port 32526 of the WireServer too. */
  readonly blocksPort32526: boolean;
  /** Keeps pods from the instance metadata service (`podLinkLocalAccess: None`); `null` leaves it open, as AKS does by default. */
  readonly imdsRestriction: { readonly nodeIP: string; readonly table: 'filter' | 'mangle' } | null;
}

export const DEFAULT_NODE_BOOTSTRAP: NodeBootstrap = { blocksPort32526: true, imdsRestriction: null };

/**
 * The rules of an AKS node from before kubelet and kube-proxy start. Each goes to the front of FORWARD, so the last one stands first; what
 * kube-proxy inserts later stands before them all.
 * @source AgentBaker cse_config.sh, block_wireserver.sh, ensure_imds_restriction.sh
 */
export function nodeBootstrapRules({ blocksPort32526, imdsRestriction }: NodeBootstrap): IptablesPlan {
  const rules = [wireServerDrop(80)];
  if (blocksPort32526) rules.push(wireServerDrop(32_526));
  if (imdsRestriction !== null) {
    const args = `! -s ${imdsRestriction.nodeIP} -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DROP`;
    rules.push(inFront(imdsRestriction.table, args));
  }
  return { policies: [{ table: 'filter', chain: 'FORWARD', policy: 'ACCEPT' }], chains: [], rules, restore: [] };
}

function wireServerDrop(port: number): EnsureRule {
  return inFront('filter', `-d 168.63.129.16 -p tcp -m tcp --dport ${port} -j DROP`);
}

function inFront(table: 'filter' | 'mangle', args: string): EnsureRule {
  return { table, chain: 'FORWARD', position: 'prepend', args, origin: 'node bootstrap' };
}
