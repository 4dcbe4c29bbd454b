import { parseEndpoint } from '../aks/endpoint/syntax.ts';
import type { Probe } from '../walk/probe.ts';
import type { World } from '../world/world.ts';
import { probeOf } from './probe.ts';
import type { Send } from './schema/check.ts';
import { didYouMean } from '../wire/suggest.ts';
import { withExpected } from './source/problem.ts';

/** A probe line that can not be walked, and the id that it gave. */
export interface ProbeLineError {
  readonly id: string | number | null;
  readonly message: string;
}

/** A line that was understood. */
export interface ProbeLine {
  readonly id: string | number | null;
  readonly probe: Probe;
}

const PROTOCOLS = ['tcp', 'udp', 'icmp'] as const;
const FIELDS = ['id', 'from', 'proto', 'dst', 'dport', 'sport', 'src', 'ttl', 'size', 'df', 'mark', 'tos', 'spoof', 'bindDev'] as const;
type Field = (typeof FIELDS)[number];

/** Says what is wrong with a line; never leaves this file. */
class Wrong extends Error {}

/**
 * Reads one line of a probe file, a JSON object, and finds its endpoints in the world. Without `df`, UDP and ICMP are sent with
 * fragmentation allowed.
 */
export function parseProbeLine(text: string, world: World): ProbeLine | ProbeLineError {
  let id: string | number | null = null;
  try {
    const fields = fieldsOf(text);
    id = idOf(fields);
    for (const key of fields.keys()) {
      if (!FIELDS.some((field) => field === key))
        throw new Wrong(withExpected(`unknown field "${key}"${meantBy(key)}`, `one of ${FIELDS.join(', ')}`));
    }
    return { id, probe: { ...probe(fields, world), ...(id === null ? {} : { id: String(id) }) } };
  } catch (error) {
    if (error instanceof Wrong) return { id, message: error.message };
    throw error;
  }
}

/** What checks and the command line call `to` is `dst` here, and its port `dport`. */
const OTHER_NAMES: ReadonlyMap<string, Field> = new Map([
  ['to', 'dst'],
  ['port', 'dport'],
]);

function meantBy(key: string): string {
  const other = OTHER_NAMES.get(key);
  return other === undefined ? didYouMean(key, FIELDS) : `; did you mean "${other}"?`;
}

function fieldsOf(text: string): Map<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Wrong('this is not JSON; one object on each line is expected');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Wrong('this is not an object; one object on each line is expected');
  return new Map(Object.entries(value));
}

function idOf(fields: Map<string, unknown>): string | number | null {
  const id = fields.get('id');
  if (id === undefined || id === null) return null;
  if (typeof id === 'string' || typeof id === 'number') return id;
  throw new Wrong('id is neither text nor a number');
}

function probe(fields: Map<string, unknown>, world: World): Probe {
  const text = (field: Field): string | undefined => {
    const value = fields.get(field) ?? undefined;
    if (value !== undefined && typeof value !== 'string') throw new Wrong(`${field} is not text`);
    return value;
  };
  const number = (field: Field, min: number, max: number): number | undefined => {
    const value = fields.get(field) ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new Wrong(`${field} is not a whole number from ${min} to ${max}`);
  };
  const from = text('from');
  const dst = text('dst');
  const asked = text('proto');
  const proto = PROTOCOLS.find((one) => one === asked);
  if (from === undefined) throw new Wrong(withExpected('from is missing', 'an endpoint such as default/client'));
  if (dst === undefined) throw new Wrong(withExpected('dst is missing', 'an endpoint such as default/web, or an address'));
  if (asked === undefined) throw new Wrong(`proto is missing; expected one of ${PROTOCOLS.join(', ')}`);
  if (proto === undefined) throw new Wrong(`proto is not one of ${PROTOCOLS.join(', ')}`);
  const dport = number('dport', 1, 65_535);
  const send = given({
    sport: number('sport', 0, 65_535),
    src: text('src'),
    ttl: number('ttl', 1, 255),
    size: number('size', 0, 65_507),
    df: fragmentation(fields.get('df')),
    mark: number('mark', 0, 0xffff_ffff),
    tos: number('tos', 0, 255),
    spoof: text('spoof'),
    bindDev: text('bindDev'),
  });
  const endpoint = parseEndpoint(dst);
  if (dport !== undefined && 'port' in endpoint && typeof endpoint.port === 'number' && endpoint.port !== dport)
    throw new Wrong(`dport is ${dport}, and dst says ${endpoint.port}`);
  const needsPort = dport !== undefined && 'port' in endpoint && endpoint.port === null;
  const found = probeOf({ from, to: needsPort ? `${dst}:${dport}` : dst, proto, send }, world);
  if (!('field' in found)) return found;
  throw new Wrong(withExpected(`${found.field === 'to' ? 'dst' : found.field}: ${found.message}`, found.expected));
}

function fragmentation(df: unknown): boolean | 'auto' {
  if (df === undefined || df === null) return false;
  if (typeof df === 'boolean' || df === 'auto') return df;
  throw new Wrong('df is neither true, false nor "auto"');
}

function given(send: { [Key in keyof Send]: Send[Key] | undefined }): Send {
  return Object.fromEntries(Object.entries(send).filter(([, value]) => value !== undefined));
}
