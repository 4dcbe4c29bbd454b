import { defaultRules } from '../azure/default-rules.ts';
import { keyOf } from '../kube/objects/meta.ts';
import type { Netns } from '../linux/netns.ts';
import { parsePrefix } from '../wire/prefix.ts';
import type { World } from '../world/world.ts';
import { globMatches } from './check/expectations.ts';

/** Every table has some of them, also where it was never touched. */
const BUILTIN = ['raw', 'mangle', 'nat', 'filter', 'security'].flatMap((table) =>
  ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map((hook) => `${table}:${hook}`),
);

/**
 * Chains that kube-proxy and portmap make where something needs them. One name stands for each family, so that a check may say that none
 * of them takes part where there are none.
 */
const ON_DEMAND = [
  ...['SVC', 'SVL', 'SEP', 'EXT', 'FW'].map((kind) => `nat:KUBE-${kind}-XXXXXXXXXXXXXXXX`),
  ...['DN-xxxxxxxxxxxxxxxxxxxxx', 'HOSTPORT-DNAT', 'HOSTPORT-SETMARK', 'HOSTPORT-MASQ'].map((name) => `nat:CNI-${name}`),
];

/** What there is in a world that a check may name: a name that is nowhere here can neither be passed nor match, so it is a slip. */
export class Landmarks {
  readonly #world: World;
  #rules: ReadonlySet<string> | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  /** Whether a packet could pass a place of that name: `MACHINE`, `MACHINE/NETNS`, `MACHINE/NETNS/DEV`, `fabric…`, with `*`. */
  hasPlace(pattern: string): boolean {
    if (pattern.startsWith('fabric/') || globMatches(pattern, 'fabric') || globMatches(pattern, 'fabric/azure')) return true;
    return Object.entries(this.#world.machines).some(([machine, host]) => {
      if (globMatches(pattern, machine)) return true;
      return Object.entries(host.netns).some(([netns, { links }]) => {
        const at = `${machine}/${netns}`;
        return globMatches(pattern, at) || links.some(({ name }) => globMatches(pattern, `${at}/${name}`));
      });
    });
  }

  /**
   * Whether there is a rule, a chain, an NSG rule or an author of that name. Of routes only the form is looked at, since Azure makes them
   * as packets need them.
   */
  hasRule(pattern: string): boolean {
    const [, place, rest] = /^([^ ]+\/[^ ]+) (.+)$/.exec(pattern) ?? [];
    if (place !== undefined && rest !== undefined) return this.hasPlace(place) && this.hasRule(rest);
    if (pattern.startsWith('route:')) return isRoute(pattern.slice('route:'.length).replace(/\[[^\]]*\]$/, ''));
    const name = pattern.replace(/\[(?:\d+|\*|policy)\]$/, '');
    this.#rules ??= new Set(ruleNames(this.#world));
    return this.#rules.has(name) || (name.includes('*') && [...this.#rules].some((one) => globMatches(name, one)));
  }
}

function isRoute(dst: string): boolean {
  return dst === 'default' || dst.includes('*') || parsePrefix(dst) !== null;
}

/** As reports print them, without the number of the rule. */
function* ruleNames(world: World): Generator<string> {
  yield* BUILTIN;
  yield* ON_DEMAND;
  for (const host of Object.values(world.machines)) for (const netns of Object.values(host.netns)) yield* chainNames(netns);
  for (const service of world.cluster?.objects.services ?? []) yield `svc ${keyOf(service)}`;
  const defaults = [...defaultRules('Inbound'), ...defaultRules('Outbound')];
  for (const nsg of world.fabric?.nsgs ?? []) for (const { name } of [...nsg.rules, ...defaults]) yield `nsg:${nsg.name}/${name}`;
}

function* chainNames({ iptables, iptablesLegacy }: Netns): Generator<string> {
  for (const table of [...Object.values(iptables), ...Object.values(iptablesLegacy ?? {})]) {
    for (const chain of table.chains) {
      yield `${table.name}:${chain.name}`;
      for (const { origin } of chain.rules) if (origin !== null) yield origin;
    }
  }
}
