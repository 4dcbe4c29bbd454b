import type { Chain, Iptables, Rule, Table } from '../../linux/netfilter/rule.ts';
import { proxiedPorts } from '../kube-proxy/service-ports.ts';
import type { Service } from '../objects/service.ts';

/** Chains that an agent fills, by their names. kube-proxy's chains for services are told by the services. */
const OWNERS: readonly (readonly [RegExp, string])[] = [
  [/^KUBE-(?:KUBELET-CANARY|FIREWALL)$/, 'kubelet'],
  [/^KUBE-/, 'kube-proxy'],
  [/^IP-MASQ-AGENT/, 'ip-masq-agent'],
  [/^CNI-(?:HOSTPORT|DN)-/, 'portmap'],
  [/^AZURE-NPM/, 'azure-npm'],
  [/^cali-/, 'felix'],
];

/**
 * Names the authors of rules that a dump does not name: a rule in a chain for a service comes from that service, a rule in another chain
 * from the agent that owns the chain, and a jump from whoever owns the chain that it leads to. Rules with an author keep it.
 * @param services the services of the cluster that the machine is a node of
 */
export function withOrigins(iptables: Iptables, services: readonly Service[]): Iptables {
  const owners = new Owners(services);
  const named: Iptables = {};
  for (const table of Object.values(iptables)) named[table.name] = owners.table(table);
  return named;
}

class Owners {
  /** Chain of kube-proxy → `svc NAMESPACE/NAME`. */
  readonly #chains = new Map<string, string>();
  /** `NAMESPACE/NAME:PORT`, as kube-proxy's comments begin → the same. */
  readonly #names = new Map<string, string>();

  constructor(services: readonly Service[]) {
    for (const service of services) {
      const origin = `svc ${service.namespace}/${service.name}`;
      for (const { name, svcChain, svlChain, fwChain, extChain } of proxiedPorts(service)) {
        this.#names.set(name, origin);
        for (const chain of [svcChain, svlChain, fwChain, extChain]) this.#chains.set(chain, origin);
      }
    }
  }

  table(table: Table): Table {
    // The chain of an endpoint is named after the endpoint; who jumps to it tells whose it is.
    for (const { name, rules } of table.chains) {
      const origin = this.#chains.get(name);
      if (origin === undefined) continue;
      for (const { target } of rules) {
        if (target.t === 'jump' && target.chain.startsWith('KUBE-SEP-') && !this.#chains.has(target.chain))
          this.#chains.set(target.chain, origin);
      }
    }
    return { name: table.name, chains: table.chains.map((chain) => this.#chain(chain)) };
  }

  #chain(chain: Chain): Chain {
    if (chain.rules.every(({ origin }) => origin !== null)) return chain;
    return { ...chain, rules: chain.rules.map((rule) => (rule.origin === null ? { ...rule, origin: this.#origin(chain, rule) } : rule)) };
  }

  #origin(chain: Chain, rule: Rule): string | null {
    const own = this.#chains.get(chain.name);
    if (own !== undefined) return own;
    const to = rule.target.t === 'jump' || rule.target.t === 'goto' ? rule.target.chain : null;
    if (chain.policy !== null) return to === null ? null : this.#ownerOf(to);
    return (to === null ? undefined : this.#chains.get(to)) ?? this.#commented(rule) ?? this.#ownerOf(chain.name);
  }

  /** kube-proxy begins its comments with the name of the service port. */
  #commented({ matches }: Rule): string | undefined {
    for (const match of matches) {
      if (match.m !== 'comment') continue;
      const origin = this.#names.get(match.text.replace(/ .*$/, ''));
      if (origin !== undefined) return origin;
    }
    return undefined;
  }

  #ownerOf(chain: string): string | null {
    return OWNERS.find(([pattern]) => pattern.test(chain))?.[1] ?? null;
  }
}
