import { subnetId } from '../../azure/subnet-id.ts';
import { formatPrefix } from '../../wire/prefix.ts';
import { ROOT } from '../../linux/netns.ts';
import type { RowRef } from '../../show/step-rows.ts';
import type { World } from '../../world/world.ts';
import type { Edit, Json } from './edit.ts';

/** Something that could be changed here: an edit that is ready, or one whose arguments are to be looked at first. */
export interface Offer {
  readonly label: string;
  /** What the keys for deleting and for writing an entry take. */
  readonly role: 'remove' | 'write' | 'other';
  readonly does:
    | { readonly kind: 'edit'; readonly edit: Edit }
    | { readonly kind: 'ask'; readonly name: string; readonly args: Json }
    | { readonly kind: 'blocked'; readonly why: string };
}

function ready(label: string, name: string, args: Json): Offer {
  return { label, role: 'other', does: { kind: 'edit', edit: { kind: 'operation', name, args } } };
}

function ask(label: string, name: string, args: Json): Offer {
  return { label, role: 'other', does: { kind: 'ask', name, args } };
}

function blocked(label: string, why: string): Offer {
  return { label, role: 'other', does: { kind: 'blocked', why } };
}

const removes = (offer: Offer): Offer => ({ ...offer, role: 'remove' });
const writes = (offer: Offer): Offer => ({ ...offer, role: 'write' });

/** A namespace as `on:` of an operation names it: a node, a pod, a machine, or by machine and name. */
export function placeText(at: string, world: World, names: ReadonlyMap<string, string>): string {
  const called = names.get(at);
  if (called !== undefined) return called.replace(/^pod /, 'pod/');
  const [machine = '', netns = ''] = at.split('/');
  if (netns === ROOT) {
    const node = Object.entries(world.cluster?.nodes ?? {}).find(([, one]) => one.machine === machine);
    if (node !== undefined) return `node/${node[0]}`;
    const kind = world.machines[machine]?.kind;
    if (kind === 'vm' || kind === 'router') return `vm/${machine}`;
  }
  return `netns/${at}`;
}

/** What can be done to one entry of a table, the removal first. @param on the place as {@link placeText} gives it */
export function offersForRow({ listing, row }: RowRef, text: string, on: string, world: World): Offer[] {
  const [kind = '', ...rest] = listing.split(':');
  const name = rest.join(':');
  const words = row.split(' ');
  switch (kind) {
    case 'iptables':
      return ruleOffers(words, text, on);
    case 'iptables-legacy':
      return [removes(blocked('change this rule', 'rules of the legacy back end can be looked at, not changed'))];
    case 'route':
      return routeOffers(words, on);
    case 'rule': {
      const rule = text.replace(/^(\d+):\s*(.*)$/, '$2 priority $1');
      return [
        removes(ready(`delete ip rule ${rule}`, 'delete-ip-rule', { on, rule })),
        writes(ask('add an ip rule', 'add-ip-rule', { on, rule })),
      ];
    }
    case 'neigh': {
      const [dev = '', ip = ''] = words;
      return [
        removes(ready(`delete neighbour ${ip} dev ${dev}`, 'delete-neighbour', { on, ip, dev })),
        writes(ask('give the neighbour another address', 'set-neighbour', { on, neighbour: `${ip} lladdr 02:00:00:00:00:01 dev ${dev}` })),
      ];
    }
    case 'conntrack':
      return [removes(ready(`forget all connections of ${on}`, 'flush-conntrack', { on }))];
    case 'nsg':
      return nsgOffers(name, row, world);
    case 'route-table':
      return udrOffers(name, row, world);
    case 'effective-routes':
      return effectiveOffers(name, words, text, world);
    case 'sysctl':
      return [writes(ask(`set ${row}`, 'set-sysctl', { on, name: row, value: text.split(' = ')[1] ?? '' }))];
    case 'link':
    case 'addr':
      return linkOffers(on, row);
    default:
      return [removes(blocked('change this entry', 'no operation changes entries of this table'))];
  }
}

function ruleOffers([table = '', chain = '', index = '']: readonly string[], text: string, on: string): Offer[] {
  if (index === 'policy') {
    const policy = text.endsWith(' DROP') ? 'ACCEPT' : 'DROP';
    return [
      ready(`set the policy of ${table}:${chain} to ${policy}`, 'set-policy', { on, table, chain, policy }),
      writes(ask(`append a rule to ${table}:${chain}`, 'append-rule', { on, table, chain, rule: '-j ACCEPT' })),
    ];
  }
  const number = Number(index);
  return [
    removes(ready(`delete rule ${table}:${chain}[${index}]`, 'delete-rule', { on, table, chain, number })),
    writes(ask(`insert a rule before ${table}:${chain}[${index}]`, 'insert-rule', { on, table, chain, number, rule: '-j ACCEPT' })),
    ask(`append a rule to ${table}:${chain}`, 'append-rule', { on, table, chain, rule: '-j DROP' }),
    ready(`flush chain ${table}:${chain}`, 'flush-chain', { on, table, chain }),
  ];
}

function routeOffers([table = '', type = '', dst = '', dev = '-', via = '-', metric = '0']: readonly string[], on: string): Offer[] {
  const route = [
    ...(type === 'unicast' ? [] : [type]),
    dst,
    ...(via === '-' ? [] : ['via', via]),
    ...(dev === '-' ? [] : ['dev', dev]),
    ...(metric === '0' ? [] : ['metric', metric]),
    ...(table === 'main' ? [] : ['table', table]),
  ].join(' ');
  return [
    removes(ready(`delete route ${route}`, 'delete-route', { on, route })),
    ask('replace this route', 'replace-route', { on, route }),
    writes(ask('add a route', 'add-route', { on, route: `blackhole ${dst}` })),
  ];
}

function nsgOffers(nsg: string, rule: string, world: World): Offer[] {
  const found = world.fabric?.nsgs.find(({ name }) => name === nsg)?.rules.find(({ name }) => name === rule);
  const add = writes(
    ask(`add a rule to ${nsg}`, 'add-nsg-rule', {
      nsg,
      rule: {
        name: 'new-rule',
        priority: freePriority(nsg, world),
        direction: 'Inbound',
        access: 'Deny',
        protocol: '*',
        source: '*',
        ports: '*',
      },
    }),
  );
  if (found === undefined) return [removes(blocked(`delete ${rule}`, 'a default rule of Azure can not be deleted, only overruled')), add];
  return [removes(ready(`delete NSG rule ${nsg}/${rule}`, 'remove-nsg-rule', { nsg, rule })), add];
}

const FIRST_PRIORITY = 100;

function freePriority(nsg: string, { fabric }: World): number {
  const taken = new Set(fabric?.nsgs.find(({ name }) => name === nsg)?.rules.map(({ priority }) => priority));
  let priority = FIRST_PRIORITY;
  while (taken.has(priority)) priority++;
  return priority;
}

function addUdr(table: string, to: string): Offer {
  return writes(ask(`add a route to ${table}`, 'add-udr', { table, route: { name: 'new-route', to, nextHopType: 'None' } }));
}

function udrOffers(table: string, route: string, world: World): Offer[] {
  const found = world.fabric?.routeTables.find(({ name }) => name === table)?.routes.find(({ name }) => name === route);
  if (found === undefined) return [addUdr(table, '0.0.0.0/0')];
  return [removes(ready(`delete UDR ${table}/${route}`, 'remove-udr', { table, route })), addUdr(table, '0.0.0.0/0')];
}

/** A route that a subnet's NICs follow: the user's own can go, Azure's can only be overruled. */
function effectiveOffers(subnet: string, words: readonly string[], text: string, world: World): Offer[] {
  const [, , dst = '0.0.0.0/0'] = words;
  const found = world.fabric?.vnets.flatMap(({ name, subnets }) => subnets.filter((one) => subnetId(name, one.name) === subnet))[0];
  const table = found?.routeTable ?? null;
  const udr = text.startsWith('User') ? udrTo(dst, table, world) : null;
  if (table !== null && udr !== null) return udrOffers(table, udr, world);
  if (table === null) return [removes(blocked('overrule this route', `subnet ${subnet} has no route table`))];
  return [
    removes(blocked('delete this route', "Azure's own routes can not be deleted, only overruled by one of yours")),
    addUdr(table, dst),
    ready(`take route table ${table} off ${subnet}`, 'detach-route-table', { subnet }),
  ];
}

/** The name of the user's route to a prefix. */
function udrTo(dst: string, table: string | null, { fabric }: World): string | null {
  const routes = fabric?.routeTables.find(({ name }) => name === table)?.routes ?? [];
  return routes.find(({ destination }) => destination.kind === 'prefix' && formatPrefix(destination.prefix) === dst)?.name ?? null;
}

function linkOffers(on: string, dev: string): Offer[] {
  return [
    ready(`take ${dev} down`, 'link-down', { on, dev }),
    ready(`take ${dev} up`, 'link-up', { on, dev }),
    ask(`change the MTU of ${dev}`, 'set-mtu', { on, dev, mtu: 1400 }),
  ];
}

/** What can be done to a place whatever decided there. */
export function offersForPlace(at: string, devices: readonly string[], world: World, names: ReadonlyMap<string, string>): Offer[] {
  if (at.startsWith('fabric/')) {
    const nics = devices.filter((nic) => world.fabric?.nics.some(({ name, nsg }) => name === nic && nsg !== null));
    return nics.map((nic) => ready(`take the security group off ${nic}`, 'detach-nsg', { nic }));
  }
  const on = placeText(at, world, names);
  const pod = on.startsWith('pod/') ? on.slice('pod/'.length) : null;
  const node = on.startsWith('node/') ? on.slice('node/'.length) : null;
  return [
    ...devices.map((dev) => ready(`take ${dev} down on ${on}`, 'link-down', { on, dev })),
    ask(`set a sysctl of ${on}`, 'set-sysctl', { on, name: 'net.ipv4.ip_forward', value: 0 }),
    ...(pod === null ? [] : [ready(`delete pod ${pod}`, 'delete-pod', { pod })]),
    ...(node === null ? [] : [ready(`delete node ${node}`, 'delete-node', { node })]),
  ];
}
