import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

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
  readonly folder: string;
  /** The lines of probes.jsonl. */
  readonly probes: readonly string[];
  readonly truth: readonly TruthProbe[];
}

const FOLDER = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../shared/data/kernel');

/** The names of the recorded cases; none where the recordings are not there. */
export function caseNames(): string[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((name) => existsSync(path.join(FOLDER, name, 'truth.json')))
    .sort();
}

export function readCase(name: string): KernelCase {
  const folder = path.join(FOLDER, name);
  const { probes: truth } = JSON.parse(readFileSync(path.join(folder, 'truth.json'), 'utf8')) as { probes: TruthProbe[] };
  const probes = readFileSync(path.join(folder, 'probes.jsonl'), 'utf8').split('\n').filter(Boolean);
  return { name, folder, probes, truth };
}
