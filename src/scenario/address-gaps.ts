import { OWN_TAGS, type UnknownAddresses, unknownAddresses } from '../azure/unknown-addresses.ts';
import type { Fabric } from '../azure/fabric.ts';
import type { Place } from '../kube/objects/located.ts';
import type { LoadedScenario } from './load.ts';
import { placeWithin } from './operation/operation.ts';
import { didYouMean } from '../wire/suggest.ts';
import type { Path } from './source/yaml.ts';

/** Gaps that are told one by one. */
const MAX_TOLD = 20;

/** What the rules and routes of a fabric name and nobody knows the addresses of, a line each. */
export function addressGaps(fabric: Fabric | null): string[] {
  return fabric === null ? [] : firstOf(unknownAddresses(fabric), gapText, (text) => text);
}

/** The same for all the fabrics that a scenario comes to, each once, with the place where it was written. */
export function addressGapsIn(fabrics: Iterable<Fabric>, loaded: LoadedScenario): Told[] {
  const gaps = new Map<string, UnknownAddresses>();
  for (const fabric of fabrics) for (const gap of unknownAddresses(fabric)) gaps.set(JSON.stringify(gap), gap);
  const told = (gap: UnknownAddresses): Told => ({ place: placeOf(gap, loaded), text: gapText(gap) });
  return firstOf([...gaps.values()], told, (text) => ({ place: null, text }));
}

interface Told {
  readonly place: Place | null;
  readonly text: string;
}

/** The first gaps, and how many more there are. */
function firstOf<T>(gaps: readonly UnknownAddresses[], told: (gap: UnknownAddresses) => T, more: (text: string) => T): T[] {
  const first = gaps.slice(0, MAX_TOLD).map(told);
  return gaps.length > MAX_TOLD ? [...first, more(`${gaps.length - MAX_TOLD} more rules and routes`)] : first;
}

function gapText({ holder, of, entry, kind, name }: UnknownAddresses): string {
  const where = holder === 'nsg' ? `NSG ${of}: rule ${entry}` : `route table ${of}: route ${entry}`;
  const hint = kind === 'service tag' && !OWN_TAGS.includes(name) ? didYouMean(name, OWN_TAGS) : '';
  return `${where} names ${kind} ${name}, whose addresses are not known${hint}`;
}

const EDITS: readonly string[] = ['add-nsg-rule', 'add-udr', 'change-udr'];

/** Null for what came with a snapshot. */
function placeOf(gap: UnknownAddresses, { file, document, scenario }: LoadedScenario): Place | null {
  const path = pathInAzure(gap, scenario) ?? pathInSteps(gap, scenario);
  return path === null ? null : { file, ...document.at(path) };
}

function pathInAzure({ holder, of, entry, name }: UnknownAddresses, { azure = {} }: LoadedScenario['scenario']): Path | null {
  const [section, part] = holder === 'nsg' ? ['nsgs', 'rules'] : ['routeTables', 'routes'];
  const tables =
    holder === 'nsg'
      ? (azure.nsgs ?? []).map((nsg) => ({ name: nsg.name, entries: nsg.rules ?? [] }))
      : (azure.routeTables ?? []).map((table) => ({ name: table.name, entries: table.routes ?? [] }));
  for (const [index, table] of tables.entries()) {
    if (table.name !== of) continue;
    const at = table.entries.findIndex((one) => one.name === entry);
    const within = at < 0 ? [] : placeWithin(table.entries[at], name);
    if (within.length > 0) return ['azure', section, index, part, at, ...within];
  }
  return null;
}

function pathInSteps({ of, entry, name }: UnknownAddresses, { steps = [] }: LoadedScenario['scenario']): Path | null {
  for (const [index, step] of steps.entries()) {
    for (const edit of EDITS) {
      const within = placeWithin(step[edit], name);
      const isAbout = [of, entry].every((word) => placeWithin(step[edit], word).length > 0);
      if (within.length > 0 && isAbout) return ['steps', index, edit, ...within];
    }
  }
  return null;
}
