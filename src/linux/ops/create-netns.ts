import { DEFAULT_KERNEL_PROFILE, type KernelProfile } from '../kernel-profile.ts';
import { type Host, type HostKind, type Netns, ROOT } from '../netns.ts';
import { type PolicyRule, TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from '../route.ts';
import { NO_SYSCTLS, type Sysctls, sysctlsOfNewNetns } from '../sysctl.ts';
import { netnsOf } from './edit.ts';
import { FIB_DOWN, FIB_UP, LINKS_DOWN, LINKS_UP } from './loopback.ts';
import { type OpResult, INVALID_ARGUMENT } from './result.ts';

/** A rule without any selector. */
export function tableRule(priority: number, table: number): PolicyRule {
  return {
    priority,
    not: false,
    from: null,
    to: null,
    iif: null,
    oif: null,
    fwmark: null,
    tos: 0,
    ipproto: null,
    sport: null,
    dport: null,
    uidrange: null,
    suppressPrefixlength: null,
    suppressIfgroup: null,
    action: { type: 'table', table },
    protocol: 'kernel',
  };
}

/** The rules that every namespace starts with. @source net/ipv4/fib_rules.c fib_default_rules_init */
export const DEFAULT_RULES: readonly PolicyRule[] = Object.freeze(
  [tableRule(0, TABLE_LOCAL), tableRule(32766, TABLE_MAIN), tableRule(32767, TABLE_DEFAULT)].map((rule) => {
    Object.freeze(rule.action);
    return Object.freeze(rule);
  }),
);

const NOTHING: readonly never[] = Object.freeze([]);
const NO_IPTABLES: Netns['iptables'] = Object.freeze({});
/** A namespace with nothing but `lo`. Everything in it is shared; operations replace parts, they never write to them. */
function emptyNetns(name: string, sysctls: Sysctls, loopbackUp: boolean): Netns {
  return {
    name,
    links: loopbackUp ? LINKS_UP : LINKS_DOWN,
    fib: loopbackUp ? FIB_UP : FIB_DOWN,
    rules: DEFAULT_RULES,
    neighbours: NOTHING,
    proxyNeighbours: NOTHING,
    fdb: NOTHING,
    sysctls,
    iptables: NO_IPTABLES,
    iptablesLegacy: null,
    ipsets: NOTHING,
    ebtables: null,
    sockets: NOTHING,
    unmodelled: NOTHING,
  };
}

/** A machine that has just started: one namespace, `lo` up. */
export function createHost(
  name: string,
  kind: HostKind,
  kernel: KernelProfile = DEFAULT_KERNEL_PROFILE,
  release: string | null = null,
): Host {
  return { name, kind, kernel, release, netns: { [ROOT]: emptyNetns(ROOT, NO_SYSCTLS, true) } };
}

/**
 * `ip netns add NAME`: a namespace whose `lo` is down, with the machine's `conf.all` and `conf.default`. With `loopbackUp` it is what a
 * container runtime hands to its plug-ins: `lo` up with 127.0.0.1.
 */
export function createNetns(host: Host, name: string, { loopbackUp = false }: { readonly loopbackUp?: boolean } = {}): OpResult {
  if (name === '' || name === '__proto__' || name.includes('/')) return INVALID_ARGUMENT;
  if (netnsOf(host, name) !== null) return `Error: Cannot create namespace file "/run/netns/${name}": File exists`;
  host.netns[name] = emptyNetns(name, sysctlsOfNewNetns(netnsOf(host, ROOT)?.sysctls ?? NO_SYSCTLS), loopbackUp);
  return 'ok';
}
