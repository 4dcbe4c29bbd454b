import { parseIpsetSave } from '../../linux/netfilter/ipset/parse.ts';
import type { TextFault } from '../../linux/netfilter/read-lines.ts';
import { applyRestore } from '../../linux/netfilter/restore.ts';
import type { Netns } from '../../linux/netns.ts';
import { addNeighbour } from '../../linux/ops/neighbours.ts';
import type { OpResult } from '../../linux/ops/result.ts';
import { addRoute } from '../../linux/ops/routes.ts';
import { addRule } from '../../linux/ops/rules.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import type { World } from '../../world/world.ts';
import { isRuleText, type LoadedScenario } from '../load.ts';
import { expectedInstead, placeOf } from '../operation/host/place.ts';
import { OperationError } from '../operation/operation.ts';
import type { TablesEntry } from '../schema/tables.ts';
import type { Problem } from '../source/problem.ts';
import type { Path } from '../source/yaml.ts';
import { parseNeighbour } from '../text/ip-neigh.ts';
import { parseRoute } from '../text/ip-route.ts';
import { parseRule } from '../text/ip-rule.ts';
import { TextError } from '../text/words.ts';

/** Adds what a scenario writes straight into tables. */
export function addTables(world: World, loaded: LoadedScenario): Problem[] {
  const tables = new RawTables(world, loaded);
  for (const [index, entry] of (loaded.scenario.tables ?? []).entries()) tables.add(entry, ['tables', index]);
  return tables.problems;
}

class RawTables {
  readonly problems: Problem[] = [];
  readonly #world: World;
  readonly #loaded: LoadedScenario;

  constructor(world: World, loaded: LoadedScenario) {
    this.#world = world;
    this.#loaded = loaded;
  }

  add(entry: TablesEntry, path: Path): void {
    const netns = this.#netns(entry, path);
    if (netns === null) return;
    for (const [name, value] of Object.entries(entry.sysctls ?? {}))
      this.#done(setSysctl(netns, name, String(value)), [...path, 'sysctls', name]);
    this.#lines(entry.routes, [...path, 'routes'], (text) => addRoute(netns, parseRoute(text)));
    this.#lines(entry.rules, [...path, 'rules'], (text) => addRule(netns, parseRule(text)));
    this.#lines(entry.neighbours, [...path, 'neighbours'], (text) => addNeighbour(netns, parseNeighbour(text), 'replace'));
    if (entry.ipset !== undefined) this.#ipsets(netns, entry.ipset, [...path, 'ipset']);
    if (entry.iptables !== undefined) this.#iptables(netns, entry.iptables, entry.replace === true, [...path, 'iptables']);
  }

  #netns(entry: TablesEntry, path: Path): Netns | null {
    try {
      return placeOf(entry.on, { world: this.#world }).netns;
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      this.#complain([...path, 'on'], error.message, error.expected);
      return null;
    }
  }

  #lines(lines: readonly string[] | undefined, path: Path, add: (text: string) => OpResult): void {
    for (const [index, text] of (lines ?? []).entries()) {
      try {
        this.#done(add(text), [...path, index]);
      } catch (error) {
        if (!(error instanceof TextError)) throw error;
        this.#complain([...path, index], error.message, error.expected);
      }
    }
  }

  #done(result: OpResult, path: Path): void {
    if (result !== 'ok') this.#complain(path, result, expectedInstead(result));
  }

  /** The text itself, or that of the file which it names. */
  #text(textOrPath: string): { text: string; file: string | null } {
    const included = isRuleText(textOrPath) ? undefined : this.#loaded.texts.get(textOrPath);
    return { text: included?.text ?? textOrPath, file: included?.file ?? null };
  }

  #iptables(netns: Netns, textOrPath: string, replace: boolean, path: Path): void {
    const { text, file } = this.#text(textOrPath);
    const result = applyRestore(netns.iptables, text, { noflush: !replace, origin: 'scenario' });
    if (result.ok) netns.iptables = result.tables;
    else this.#faults(result.faults, file, path);
  }

  #ipsets(netns: Netns, textOrPath: string, path: Path): void {
    const { text, file } = this.#text(textOrPath);
    const result = parseIpsetSave(text, file ?? this.#loaded.file);
    if (!result.ok) return this.#faults(result.faults, file, path);
    const named = new Set(result.ipsets.map(({ name }) => name));
    netns.ipsets = [...netns.ipsets.filter(({ name }) => !named.has(name)), ...result.ipsets];
  }

  #faults(faults: readonly TextFault[], file: string | null, path: Path): void {
    for (const fault of faults) this.problems.push(this.#faultPlace(fault, file, path));
  }

  #faultPlace({ line, col, message, expected }: TextFault, file: string | null, path: Path): Problem {
    if (file !== null) return { file, line, col, message, expected };
    return { file: this.#loaded.file, ...this.#loaded.document.textAt(path, line - 1, col - 1), message, expected };
  }

  #complain(path: Path, message: string, expected: string): void {
    this.problems.push({ file: this.#loaded.file, ...this.#loaded.document.at(path), message, expected });
  }
}
