import { subnetId } from '../../azure/subnet-id.ts';
import { ROOT } from '../../linux/netns.ts';
import type { RowRef } from '../../show/step-rows.ts';
import type { World } from '../../world/world.ts';
import type { Edit, Json } from './edit.ts';

/** Something that could be changed here: an edit that is ready, or one whose arguments are to be looked at first. */
export interface Offer {
  readonly label: string;
  readonly does:
    | { readonly kind: 'edit'; readonly edit: Edit }
    | { readonly kind: 'ask'; readonly name: string; readonly args: Json }
    | { readonly kind: 'blocked'; readonly why: string };
}

function ready(label: string, name: string, args: Json): Offer {
  return { label, does: { kind: 'edit', edit: { kind: 'operation', name, args } } };
}

function ask(label: string, name: string, args: Json): Offer {
  return { label, does: { kind: 'ask', name, args } };
}

function blocked(label: string, why: string): Offer {
  return { label, does: { kind: 'blocked', why } };
}

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
      return [blocked('change this rule', 'rules of the legacy back end can be looked at, not changed')];
    case 'route':
      return routeOffers(words, on);
    case 'rule': {
      const rule = text.replace(/^(\d+):\s*(.*)$/, '$2 priority $1');
      return [ready(`delete ip rule ${rule}`, 'delete-ip-rule', { on, rule }), ask('add an ip rule', 'add-ip-rule', { on, rule })];
    }
    case 'neigh': {
      const [dev = '', ip = ''] = words;
      return [
        ready(`delete neighbour ${ip} dev ${dev}`, 'delete-neighbour', { on, ip, dev }),
        ask('give the neighbour another address', 'set-neighbour', { on, neighbour: `${ip} lladdr 02:00:00:00:00:01 dev ${dev}` }),
      ];
    }
    case 'conntrack':
      return [ready(`forget all connections of ${on}`, 'flush-conntrack', { on })];
    case 'nsg':
      return nsgOffers(name, row, world);
    case 'route-table':
      return udrOffers(name, row, world);
    case 'effective-routes':
      return effectiveOffers(name, words, world);
    case 'sysctl':
      return [ask(`set ${row}`, 'set-sysctl', { on, name: row, value: text.split(' = ')[1] ?? '' })];
    case 'link':
    case 'addr':
      return linkOffers(on, row);
    default:
      return [blocked('change this entry', 'no operation changes entries of this table')];
  }
}

function ruleOffers([table = '', chain = '', index = '']: readonly string[], text: string, on: string): Offer[] {
  if (index === 'policy') {
    const policy = text.endsWith(' DROP') ? 'ACCEPT' : 'DROP';
    return [
      ready(`set the policy of ${table}:${chain} to ${policy}`, 'set-policy', { on, table, chain, policy }),
      ask(`append a rule to ${table}:${chain}`, 'append-rule', { on, table, chain, rule: '-j ACCEPT' }),
    ];
  }
  const number = Number(index);
  return [
    ready(`delete rule ${table}:${chain}[${index}]`, 'delete-rule', { on, table, chain, number }),
    ask(`insert a rule before ${table}:${chain}[${index}]`, 'insert-rule', { on, table, chain, number, rule: '-j ACCEPT' }),
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
    ready(`delete route ${route}`, 'delete-route', { on, route }),
    ask('replace this route', 'replace-route', { on, route }),
    ask('add a route', 'add-route', { on, route: `blackhole ${dst}` }),
  ];
}

function nsgOffers(nsg: string, rule: string, world: World): Offer[] {
  const found = world.fabric?.nsgs.find(({ name }) => name === nsg)?.rules.find(({ name }) => name === rule);
  const add = ask(`add a rule to ${nsg}`, 'add-nsg-rule', {
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
  });
  if (found === undefined) return [blocked(`delete ${rule}`, 'a default rule of Azure can not be deleted, only overruled'), add];
  return [ready(`delete NSG rule ${nsg}/${rule}`, 'remove-nsg-rule', { nsg, rule }), add];
}

const FIRST_PRIORITY = 100;

function freePriority(nsg: string, { fabric }: World): number {
  const taken = new Set(fabric?.nsgs.find(({ name }) => name === nsg)?.rules.map(({ priority }) => priority));
  let priority = FIRST_PRIORITY;
  while (taken.has(priority)) priority++;
  return priority;
}

function addUdr(table: string, to: string): Offer {
  return ask(`add a route to ${table}`, 'add-udr', { table, route: { name: 'new-route', to, nextHopType: 'None' } });
}

function udrOffers(table: string, route: string, world: World): Offer[] {
  const found = world.fabric?.routeTables.find(({ name }) => name === table)?.routes.find(({ name }) => name === route);
  if (found === undefined) return [addUdr(table, '0.0.0.0/0')];
  return [ready(`delete UDR ${table}/${route}`, 'remove-udr', { table, route }), addUdr(table, '0.0.0.0/0')];
}

/** A route that a subnet's NICs follow: the user's own can go, Azure's can only be overruled. */
function effectiveOffers(subnet: string, words: readonly string[], world: World): Offer[] {
  const [, , dst = '0.0.0.0/0'] = words;
  const found = world.fabric?.vnets.flatMap(({ name, subnets }) => subnets.filter((one) => subnetId(name, one.name) === subnet))[0];
  const table = found?.routeTable ?? null;
  if (table === null) return [blocked('overrule this route', `subnet ${subnet} has no route table`)];
  return [addUdr(table, dst), ready(`take route table ${table} off ${subnet}`, 'detach-route-table', { subnet })];
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
