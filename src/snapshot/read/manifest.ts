import type { Field } from '../../kube/objects/field.ts';
import type { HostKind } from '../../linux/netns.ts';
import { isDeviceName } from './scalar.ts';
import type { Source } from './source.ts';

const MAX_MACHINES = 10_000;
const MAX_NAMESPACES = 100_000;
const MAX_WIRES = 500_000;
const MAX_KEYS = 1000;
const KEYS = new Set(['podwalkSnapshot', 'machines', 'wires']);

const KINDS = ['node', 'vm', 'onprem', 'internet', 'router'] as const satisfies readonly HostKind[];

/** A name that is a folder and part of an address `MACHINE/NETNS`: it can neither leave the directory nor drive a terminal. */
const NAME = /^[A-Za-z0-9][\w.-]{0,252}$/;
const NAME_EXPECTED = 'a name of letters, digits and . _ -, beginning with a letter or digit, at most 253 characters';

export interface MachineEntry {
  readonly name: string;
  readonly kind: HostKind;
  readonly namespaces: readonly string[];
}

export interface LinkEnd {
  readonly machine: string;
  readonly netns: string;
  readonly dev: string;
  /** Where it is written. */
  readonly field: Field;
}

/** Which machines and namespaces there are, and which link ends meet. */
export interface Manifest {
  readonly machines: readonly MachineEntry[];
  readonly wires: readonly (readonly [LinkEnd, LinkEnd])[];
  /** Keys that it does not have. */
  readonly unknownKeys: readonly string[];
}

/**
 * Reads `snapshot.json`, and `MACHINE/machine.json` of the machines that it does not list: archives of several machines unpacked into
 * one folder leave the list of the last one. Null when there is no list that can be read.
 */
export function readManifest(source: Source): Manifest | null {
  const found = source.problems.found.length;
  const document = source.json('snapshot.json');
  if (document === null) {
    if (source.problems.found.length === found) missing(source);
    return null;
  }
  if (!isVersion(document, 'podwalkSnapshot')) return null;
  const machines: MachineEntry[] = [];
  const wires = readWires(document.get('wires'), null);
  let budget = MAX_NAMESPACES;
  const add = (name: string, field: Field): void => {
    const entry = readMachine(name, field, budget);
    budget -= entry.namespaces.length;
    machines.push(entry);
  };
  const listed = new Set<string>(NO_MACHINES);
  for (const [name, field] of document.get('machines').required('the machines by name').entries(MAX_MACHINES)) {
    if (!isName(name) || NO_MACHINES.includes(name)) {
      field.fail('a machine has a name that cannot be used', `${NAME_EXPECTED}, and neither kube nor azure`);
      continue;
    }
    listed.add(name);
    add(name, field);
  }
  for (const name of source.directory.list('')) {
    if (listed.has(name) || !isName(name) || machines.length >= MAX_MACHINES) continue;
    const own = source.json(`${name}/machine.json`);
    if (own === null || !isVersion(own, 'podwalkMachine')) continue;
    add(name, own);
    for (const wire of readWires(own.get('wires'), name)) wires.push(wire);
  }
  const keys = document.entries(MAX_KEYS).map(([key]) => key);
  return { machines, wires, unknownKeys: keys.filter((key) => !KEYS.has(key)) };
}

/** Folders that hold something else. */
const NO_MACHINES: readonly string[] = ['kube', 'azure'];

function isVersion(document: Field, key: 'podwalkSnapshot' | 'podwalkMachine'): boolean {
  const version = document.get(key);
  if (version.value === 1) return true;
  (version.present ? version : document).fail('this is no snapshot of a known version', `"${key}": 1`);
  return false;
}

function readMachine(name: string, field: Field, maxNamespaces: number): MachineEntry {
  return {
    name,
    kind: field
      .get('kind')
      .required(`one of ${KINDS.join(', ')}`)
      .oneOf(KINDS, 'node'),
    namespaces: readNamespaces(field.get('namespaces').required('the names of its namespaces'), maxNamespaces),
  };
}

function missing(source: Source): void {
  source.problems.add({
    file: source.fileName('snapshot.json'),
    line: 1,
    col: 1,
    message: 'there is no such file',
    expected: 'the list of machines, namespaces and wires of a snapshot directory',
  });
}

function isName(text: string): boolean {
  return NAME.test(text);
}

function readNamespaces(list: Field, limit: number): string[] {
  const names = new Set<string>();
  for (const item of list.items(limit)) {
    const name = item.parsed((text) => (isName(text) && text !== 'iproute2' ? text : null), `${NAME_EXPECTED}, and not iproute2`);
    if (name === null) continue;
    if (names.has(name)) item.fail('this namespace is listed twice', 'each namespace once');
    names.add(name);
  }
  return [...names];
}

/** @param machine the machine that all ends lie in, and do not name; null where they name theirs */
function readWires(list: Field, machine: string | null): (readonly [LinkEnd, LinkEnd])[] {
  const form = machine === null ? 'MACHINE/NETNS/DEVICE' : 'NETNS/DEVICE';
  const wires: (readonly [LinkEnd, LinkEnd])[] = [];
  for (const wire of list.items(MAX_WIRES)) {
    const [first, second, ...more] = wire.items(1000);
    if (first === undefined || second === undefined || more.length > 0) {
      wire.fail('this is no wire', `two link ends, each ${form}`);
      continue;
    }
    const ends = [readEnd(first, machine, form), readEnd(second, machine, form)] as const;
    if (ends[0] !== null && ends[1] !== null) wires.push([ends[0], ends[1]]);
  }
  return wires;
}

function readEnd(field: Field, ownMachine: string | null, form: string): LinkEnd | null {
  return field.parsed((text) => {
    const [machine, netns, dev, ...more] = (ownMachine === null ? text : `${ownMachine}/${text}`).split('/');
    if (machine === undefined || netns === undefined || dev === undefined || more.length > 0) return null;
    return isName(machine) && isName(netns) && isDeviceName(dev) ? { machine, netns, dev, field } : null;
  }, `a link end ${form}`);
}
