import type { SnapshotDirectory } from '../../src/snapshot/directory.ts';
import { recordedDirectory } from './recordings.ts';

/** A header as the recorder's packet taps saw it. */
export interface TruthHeader {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  /** The ICMP echo identifier. */
  readonly id?: number;
  readonly ttl: number;
  readonly smac: string;
  readonly dmac: string;
  readonly vni?: number;
}

export interface TruthHop {
  readonly ns: string;
  readonly in?: string;
  readonly out?: string;
  readonly through?: readonly string[];
  readonly rx?: TruthHeader;
  readonly tx?: TruthHeader;
}

export interface TruthTuple {
  readonly proto: string;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly id?: number;
}

export interface TruthEntry {
  readonly orig: TruthTuple;
  readonly reply: TruthTuple;
  readonly status: readonly string[];
  readonly mark?: number;
}

export interface TruthRule {
  readonly ns: string;
  readonly table: string;
  readonly chain: string;
  readonly rule?: number;
  readonly at?: 'policy';
  readonly verdict: string;
}

export interface TruthNeighbour {
  readonly dev: string;
  readonly ip: string;
  readonly mac: string | null;
  readonly state: string;
}

/** What the kernel did with one probe. */
export interface TruthProbe {
  readonly probe: { readonly id: string; readonly from: string; readonly proto: string };
  readonly outcome: string;
  readonly sendErrno: string | null;
  readonly delivered: { readonly ns: string; readonly proto: string; readonly src: string; readonly dst: string } | null;
  readonly reply: { readonly from: string } | null;
  readonly icmpErrors: readonly { readonly type: number; readonly code: number; readonly from: string }[];
  readonly hops: readonly TruthHop[];
  readonly replyHops: readonly TruthHop[];
  readonly trace: readonly TruthRule[];
  readonly conntrack: Readonly<Record<string, readonly TruthEntry[]>>;
  readonly neigh: Readonly<Record<string, readonly TruthNeighbour[]>>;
  readonly drops: readonly string[];
}

/** A recorded topology: a snapshot directory with its probes and what the kernel did with them. */
export interface KernelCase {
  readonly name: string;
  readonly directory: SnapshotDirectory;
  /** The lines of probes.jsonl. */
  readonly probes: readonly string[];
  readonly truth: readonly TruthProbe[];
}

export function readCase(name: string): KernelCase {
  const directory = recordedDirectory(name);
  const { probes: truth } = JSON.parse(textOf(directory, 'truth.json')) as { probes: TruthProbe[] };
  return { name, directory, probes: textOf(directory, 'probes.jsonl').split('\n').filter(Boolean), truth };
}

function textOf(directory: SnapshotDirectory, file: string): string {
  const content = directory.read(file);
  if (content.kind !== 'text') throw new Error(`${directory.name}/${file} is ${content.kind}`);
  return content.text;
}
