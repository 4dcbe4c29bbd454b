import { explicitSysctls, withoutSysctl } from '../../linux/sysctl.ts';
import type { Chain, Iptables, Rule, Table } from '../../linux/netfilter/rule.ts';
import { DEFAULT_BRIDGE_PORT, type Link } from '../../linux/link.ts';
import type { FdbEntry } from '../../linux/neighbour.ts';
import type { Host, Netns } from '../../linux/netns.ts';
import { deleteAddress } from '../../linux/ops/addresses.ts';
import { deleteLink, deleteNetns } from '../../linux/ops/delete-link.ts';
import { netnsOf } from '../../linux/ops/edit.ts';
import { setRoutes } from '../../linux/ops/fib-edit.ts';
import { setFlags, setMtu } from '../../linux/ops/set-link.ts';
import { setPort } from '../../linux/ops/bridge.ts';
import type { Probe } from '../../walk/probe.ts';
import type { RandomCase } from './case.ts';
import type { Edit } from '../kernel/edits.ts';
import { MACHINE } from './lab.ts';

/** A case while parts of it are taken away. */
export interface Draft {
  readonly host: Host;
  probes: Probe[];
  state: RandomCase['state'];
  edits: Edit[];
}

/** Something that a case can do without. Parts of one list are removed from the last to the first. */
export interface Part {
  /** The same part has the same name after others have gone. */
  readonly name: string;
  remove(draft: Draft): void;
}

type Phase = (of: RandomCase) => Part[];

function namespaces(of: RandomCase): Netns[] {
  return Object.values(of.world.machines[MACHINE]?.netns ?? {});
}

/** A part that is in one namespace, and gone with it. */
function inNetns(netns: Netns, name: string, remove: (draft: Netns, host: Host) => void): Part {
  return {
    name: `${netns.name} ${name}`,
    remove({ host }) {
      const found = netnsOf(host, netns.name);
      if (found !== null) remove(found, host);
    },
  };
}

/** A part for each row of a list in each namespace. */
function rows<T>(listOf: (netns: Netns) => readonly T[], write: (netns: Netns, kept: T[]) => void): Phase {
  return (of) =>
    namespaces(of).flatMap((netns) =>
      listOf(netns).map((row, i) => {
        const text = JSON.stringify(row);
        return inNetns(netns, `${i} ${text}`, (draft) => {
          const at = listOf(draft).findIndex((other, j) => j <= i && JSON.stringify(other) === text);
          if (at >= 0) write(draft, listOf(draft).toSpliced(at, 1));
        });
      }),
    );
}

const probes: Phase = (of) =>
  of.probes.map((probe) => ({
    name: `probe ${probe.id ?? ''}`,
    remove: (draft) => {
      draft.probes = draft.probes.filter(({ id }) => id !== probe.id);
    },
  }));

const changes: Phase = (of) =>
  of.edits.map((change, i) => ({
    name: `edit ${i} ${JSON.stringify(change)}`,
    remove: (draft) => {
      draft.edits = draft.edits.filter((other) => JSON.stringify(other) !== JSON.stringify(change));
    },
  }));

const wholeNamespaces: Phase = (of) => namespaces(of).map(({ name }) => ({ name, remove: ({ host }) => void deleteNetns(host, name) }));

const links: Phase = (of) =>
  namespaces(of).flatMap((netns) =>
    netns.links
      .filter(({ kind }) => kind.type !== 'loopback')
      .map(({ name }) => inNetns(netns, `link ${name}`, (_, host) => void deleteLink(host, netns.name, name))),
  );

const addresses: Phase = (of) =>
  namespaces(of).flatMap((netns) =>
    netns.links.flatMap(({ name, addresses: all }) =>
      all.map((address) => inNetns(netns, `address ${name} ${address.local}`, (draft) => void deleteAddress(draft, name, address))),
    ),
  );

const routes: Phase = (of) =>
  namespaces(of).flatMap((netns) =>
    netns.fib.flatMap(({ id, routes: all }) =>
      all
        .filter(({ protocol }) => protocol !== 'kernel')
        .map((route) => {
          const text = JSON.stringify(route);
          return inNetns(netns, `route ${id} ${text}`, (draft) => {
            const kept = draft.fib.find((table) => table.id === id)?.routes.filter((other) => JSON.stringify(other) !== text);
            if (kept !== undefined) setRoutes(draft, id, kept);
          });
        }),
    ),
  );

/** Things about a link that could be as they usually are. */
const oddities: Phase = (of) =>
  namespaces(of).flatMap((netns) =>
    netns.links.flatMap((link) => [
      ...(link.promisc ? [inNetns(netns, `promisc ${link.name}`, (draft) => void setFlags(draft, link.name, { promisc: false }))] : []),
      ...(link.port !== null &&
      Object.entries({ ...DEFAULT_BRIDGE_PORT, state: link.port.state }).some(([key, value]) => Reflect.get(link.port ?? {}, key) !== value)
        ? [
            inNetns(
              netns,
              `port ${link.name}`,
              (draft) => void setPort(draft, link.name, { ...DEFAULT_BRIDGE_PORT, state: link.port?.state ?? 'forwarding' }),
            ),
          ]
        : []),
      ...(link.kind.type === 'veth' && link.mtuBytes !== 1500
        ? [inNetns(netns, `mtu ${link.name}`, (draft) => void setMtu(draft, link.name, 1500))]
        : []),
    ]),
  );

/** Whether somebody gave a device that row: the others came with it. */
function isGiven({ mac, dev, dst }: FdbEntry, links: readonly Link[]): boolean {
  return dst !== null || !links.some((link) => link.name === dev && link.mac === mac);
}

const sysctls: Phase = (of) =>
  namespaces(of).flatMap((netns) =>
    explicitSysctls(netns.sysctls)
      .map(([name]) => name)
      // Without it a failing ARP takes seconds.
      .filter((name) => !name.endsWith('retrans_time_ms') && !name.endsWith('proxy_delay') && !name.endsWith('icmp_ratemask'))
      .map((name) =>
        inNetns(netns, `sysctl ${name}`, (draft) => {
          draft.sysctls = withoutSysctl(draft.sysctls, name);
        }),
      ),
  );

/** A table of one of the two back ends. */
interface Place {
  readonly backEnd: 'iptables' | 'iptablesLegacy';
  readonly table: keyof Iptables;
}

function placesOf(netns: Netns): Place[] {
  return (['iptables', 'iptablesLegacy'] as const).flatMap((backEnd) =>
    Object.values(netns[backEnd] ?? {}).map(({ name }) => ({ backEnd, table: name })),
  );
}

function nameOf({ backEnd, table }: Place): string {
  return backEnd === 'iptables' ? table : `legacy ${table}`;
}

function changeTable(netns: Netns, { backEnd, table }: Place, change: (table: Table) => Table): void {
  const found = netns[backEnd]?.[table];
  if (found !== undefined) netns[backEnd] = { ...netns[backEnd], [table]: change(found) };
}

const tables: Phase = (of) =>
  namespaces(of).flatMap((netns) =>
    placesOf(netns).map((place) =>
      inNetns(netns, `table ${nameOf(place)}`, (draft) => {
        const { [place.table]: _, ...kept } = draft[place.backEnd] ?? {};
        draft[place.backEnd] = kept;
      }),
    ),
  );

function changeChain(netns: Netns, place: Place, chain: string, change: (chain: Chain) => Chain): void {
  changeTable(netns, place, (table) => ({ ...table, chains: table.chains.map((one) => (one.name === chain ? change(one) : one)) }));
}

function everyChain(of: RandomCase): { readonly netns: Netns; readonly place: Place; readonly chain: Chain }[] {
  return namespaces(of).flatMap((netns) =>
    placesOf(netns).flatMap((place) => (netns[place.backEnd]?.[place.table]?.chains ?? []).map((chain) => ({ netns, place, chain }))),
  );
}

const rules: Phase = (of) =>
  everyChain(of).flatMap(({ netns, place, chain: { name, rules: all } }) =>
    all.map((rule, i) => {
      const text = JSON.stringify(rule);
      return inNetns(netns, `rule ${nameOf(place)} ${name} ${i} ${text}`, (draft) => {
        changeChain(draft, place, name, (chain) => {
          const at = chain.rules.findLastIndex((other, j) => j <= i && JSON.stringify(other) === text);
          return at < 0 ? chain : { ...chain, rules: chain.rules.toSpliced(at, 1) };
        });
      });
    }),
  );

/** Chains that nothing leads to. */
const chains: Phase = (of) =>
  everyChain(of).flatMap(({ netns, place, chain }) => {
    const leadsThere = ({ target }: Rule): boolean => (target.t === 'jump' || target.t === 'goto') && target.chain === chain.name;
    const isUsed = netns[place.backEnd]?.[place.table]?.chains.some((other) => other.rules.some(leadsThere)) ?? true;
    if (chain.policy !== null || isUsed) return [];
    return [
      inNetns(netns, `chain ${nameOf(place)} ${chain.name}`, (draft) => {
        changeTable(draft, place, (table) => ({ ...table, chains: table.chains.filter(({ name }) => name !== chain.name) }));
      }),
    ];
  });

const policies: Phase = (of) =>
  everyChain(of)
    .filter(({ chain }) => chain.policy === 'DROP')
    .map(({ netns, place, chain }) =>
      inNetns(netns, `policy ${nameOf(place)} ${chain.name}`, (draft) => {
        changeChain(draft, place, chain.name, (one) => ({ ...one, policy: 'ACCEPT' }));
      }),
    );

/** Selectors and matches of rules. */
const conditions: Phase = (of) =>
  everyChain(of).flatMap(({ netns, place, chain: { name, rules: all } }) =>
    all.flatMap((rule, i) => {
      const part = (what: string, change: (rule: Rule) => Rule): Part =>
        inNetns(netns, `condition ${nameOf(place)} ${name} ${i} ${what}`, (draft) => {
          changeChain(draft, place, name, (chain) => ({ ...chain, rules: chain.rules.map((one, j) => (j === i ? change(one) : one)) }));
        });
      return [
        ...(rule.src === null ? [] : [part('-s', (one) => ({ ...one, src: null }))]),
        ...(rule.dst === null ? [] : [part('-d', (one) => ({ ...one, dst: null }))]),
        ...(rule.in === null ? [] : [part('-i', (one) => ({ ...one, in: null }))]),
        ...(rule.out === null ? [] : [part('-o', (one) => ({ ...one, out: null }))]),
        ...rule.matches.map((match, k) =>
          part(`${k} ${match.m}`, (one) => ({
            ...one,
            matches: one.matches.filter((other) => JSON.stringify(other) !== JSON.stringify(match)),
          })),
        ),
      ];
    }),
  );

/** Sets that no rule asks. */
const sets: Phase = (of) =>
  namespaces(of).flatMap((netns) => {
    const asked = JSON.stringify([netns.iptables, netns.iptablesLegacy]);
    const listed = JSON.stringify(netns.ipsets.map(({ entries }) => entries));
    return netns.ipsets
      .filter(({ name }) => !asked.includes(`"${name}"`) && !listed.includes(`"${name}"`))
      .map(({ name }) =>
        inNetns(netns, `set ${name}`, (draft) => {
          draft.ipsets = draft.ipsets.filter((set) => set.name !== name);
        }),
      );
  });

const setEntries: Phase = (of) =>
  namespaces(of).flatMap((netns) =>
    netns.ipsets.flatMap(({ name, entries }) =>
      entries.map((entry) => {
        const text = JSON.stringify(entry);
        return inNetns(netns, `entry ${name} ${text}`, (draft) => {
          draft.ipsets = draft.ipsets.map((set) =>
            set.name === name ? { ...set, entries: set.entries.filter((other) => JSON.stringify(other) !== text) } : set,
          );
        });
      }),
    ),
  );

/** What a probe chooses beside its destination. */
const choices: Phase = (of) =>
  of.probes.flatMap((probe) =>
    (['mark', 'tos', 'ttl', 'sizeBytes', 'df', 'src', 'bindDev', 'spoof'] as const)
      .filter((key) => probe[key] !== undefined)
      .map((key) => ({
        name: `choice ${probe.id ?? ''} ${key}`,
        remove: (draft: Draft) => {
          draft.probes = draft.probes.map((one) => {
            if (one.id !== probe.id) return one;
            const { [key]: _, ...kept } = one;
            return kept;
          });
        },
      })),
  );

const state: Phase = (of) =>
  of.state === 'cold' || of.edits.length > 0 ? [] : [{ name: 'state', remove: (draft) => void (draft.state = 'cold') }];

/** What can go, the largest first. */
export const PHASES: readonly Phase[] = [
  probes,
  changes,
  wholeNamespaces,
  tables,
  links,
  rules,
  chains,
  policies,
  rows(
    ({ rules: all }) => all.filter(({ protocol }) => protocol !== 'kernel'),
    (netns, kept) => {
      netns.rules = [...netns.rules.filter(({ protocol }) => protocol === 'kernel'), ...kept].sort((a, b) => a.priority - b.priority);
    },
  ),
  routes,
  rows(
    ({ neighbours }) => neighbours,
    (netns, kept) => {
      netns.neighbours = kept;
    },
  ),
  rows(
    ({ proxyNeighbours }) => proxyNeighbours,
    (netns, kept) => {
      netns.proxyNeighbours = kept;
    },
  ),
  rows(
    ({ fdb, links }) => fdb.filter((row) => isGiven(row, links)),
    (netns, kept) => {
      netns.fdb = [...netns.fdb.filter((row) => !isGiven(row, netns.links)), ...kept];
    },
  ),
  rows(
    ({ sockets }) => sockets,
    (netns, kept) => {
      netns.sockets = kept;
    },
  ),
  sysctls,
  addresses,
  conditions,
  sets,
  setEntries,
  oddities,
  choices,
  state,
];
