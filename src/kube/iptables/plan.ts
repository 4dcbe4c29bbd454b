/**
 * What a node's agents do to iptables, as data: the chains they make sure of, the rules they make sure of, and what they give to
 * `iptables-restore --noflush`. Rules are the text that iptables takes after `-A CHAIN`, with the name of whoever wrote them.
 */
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security';

export interface OriginRule {
  readonly args: string;
  /** Who wants the rule: `svc NAMESPACE/NAME`, `kube-proxy`, `kubelet`, `ip-masq-agent`, `node bootstrap`. */
  readonly origin: string;
}

/** A rule and the chain that it goes to. */
export interface ChainRule extends OriginRule {
  readonly chain: string;
}

/** A user chain with all of its rules, in order. */
export interface ChainRules {
  readonly name: string;
  readonly rules: readonly OriginRule[];
}

/** A user chain that is made when it is missing. */
export interface EnsureChain {
  readonly table: TableName;
  readonly chain: string;
}

/** A rule that is added when the chain does not hold it yet: `iptables -C`, and on failure `-A` or `-I`. */
export interface EnsureRule extends ChainRule {
  readonly table: TableName;
  readonly position: 'append' | 'prepend';
}

/** The part of an iptables-restore input that concerns one table. */
export interface RestoreTable {
  readonly table: TableName;
  /** Chain lines: each chain is made when missing and flushed when not. */
  readonly chains: readonly string[];
  readonly lines: readonly RestoreLine[];
}

export type RestoreLine = ({ readonly op: 'append' } & ChainRule) | { readonly op: 'delete-chain'; readonly chain: string };

/** One agent's work on a node, to be done in the order of the fields. */
export interface IptablesPlan {
  readonly policies: readonly { readonly table: TableName; readonly chain: string; readonly policy: 'ACCEPT' | 'DROP' }[];
  readonly chains: readonly EnsureChain[];
  readonly rules: readonly EnsureRule[];
  readonly restore: readonly RestoreTable[];
}

/** A table's part as the lines that iptables-restore reads. */
function printRestoreTable({ table, chains, lines }: RestoreTable): string {
  const text = [`*${table}`];
  for (const chain of chains) text.push(`:${chain} - [0:0]`);
  for (const line of lines) text.push(line.op === 'append' ? `-A ${line.chain} ${line.args}` : `-X ${line.chain}`);
  text.push('COMMIT', '');
  return text.join('\n');
}

/** A whole iptables-restore input. */
export function printRestore(tables: readonly RestoreTable[]): string {
  return tables.map(printRestoreTable).join('');
}
