import { ROOT } from '../../../linux/netns.ts';
import { type MapDevice, addressOf, machineMap, podsOf, subnetsOf } from '../../../show/map/topology.ts';
import { type Visit, machineOf } from '../../../show/map/visits.ts';
import type { Step } from '../../../trace/trace.ts';
import { formatIpv4 } from '../../../wire/ipv4.ts';
import type { World } from '../../../world/world.ts';
import { rewrites, routeLine } from '../names.ts';
import { stepLine } from '../text.ts';

/** One place of a walk on the picture: a namespace, or the fabric. */
export interface Card {
  readonly id: string;
  /** The machine that it is drawn in; null for the fabric. */
  readonly machine: string | null;
  readonly title: string;
  readonly rows: readonly CardRow[];
  /** What happened to packets here, a line each. */
  readonly notes: readonly CardNote[];
  readonly visits: readonly Visit[];
}

/** A device, or a heading above some. */
export interface CardRow {
  readonly kind: 'device' | 'heading' | 'more';
  /** The device's name; a heading's text. */
  readonly name: string;
  readonly detail: string;
}

export interface CardNote {
  readonly kind: 'change' | 'dropped' | 'unknown' | 'delivered';
  readonly label: string;
  readonly text: string;
  /** The whole of it, for who wants to know. */
  readonly full: string;
}

/** A machine with what of it is not drawn. */
export interface MachineFrame {
  readonly name: string;
  readonly title: string;
  readonly hidden: string;
}

export const FABRIC_CARD = 'fabric';

/** Where a place is drawn. */
export function cardOf(at: string): string {
  return machineOf(at) === 'fabric' ? FABRIC_CARD : at;
}

/** The places that a walk was in, in the order in which it came there. */
export function cardsOf(visits: readonly Visit[], world: World): Card[] {
  const ids = [...new Set(visits.map(({ at }) => cardOf(at)))];
  return ids.map((id) => {
    const there = visits.filter(({ at }) => cardOf(at) === id);
    const notes = there.flatMap(notesOf);
    return id === FABRIC_CARD ? fabricCard(there, notes, world) : netnsCard(id, there, notes, world);
  });
}

function netnsCard(at: string, visits: readonly Visit[], notes: readonly CardNote[], world: World): Card {
  const machine = machineOf(at);
  const netns = machineMap(world, machine, new Set([at]))?.netns.find((one) => one.at === at);
  const devices = netns?.devices ?? [];
  const crossed = new Set(visits.flatMap(({ hop }) => [hop.in, ...(hop.through ?? []), hop.out]));
  const shown = devices.filter(({ name }) => crossed.has(name));
  const known = new Set(shown.map(({ name }) => name));
  // A walk of another World, or over loopback: the trace alone knows of the device.
  const others = [...crossed]
    .filter((name) => name !== undefined && !known.has(name))
    .map((name) => ({ kind: 'device', name: name ?? '', detail: '' }) as const);
  const hidden = devices.length - shown.length;
  return {
    id: at,
    machine,
    title: podsOf(world).get(at) ?? at.slice(at.indexOf('/') + 1),
    rows: [
      ...shown.map(deviceRow),
      ...others,
      ...(hidden === 0 ? [] : [{ kind: 'more', name: `+${hidden} ${hidden === 1 ? 'device' : 'devices'}`, detail: '' } as const]),
    ],
    notes,
    visits,
  };
}

function deviceRow({ name, addresses, isUp, type }: MapDevice): CardRow {
  const detail = [...addresses.slice(0, 1), ...(type === 'bridge' || type === 'vxlan' ? [type] : []), ...(isUp ? [] : ['down'])].join(' ');
  return { kind: 'device', name, detail };
}

function fabricCard(visits: readonly Visit[], notes: readonly CardNote[], { fabric }: World): Card {
  const ends = [...new Set(visits.flatMap(({ hop }) => [hop.in, hop.out]).filter((end) => end !== undefined))];
  const rows: CardRow[] = [];
  const placed = new Set<string>();
  for (const { id, prefix } of fabric === null ? [] : subnetsOf(fabric)) {
    const nics = (fabric?.nics ?? []).filter(({ name, subnet }) => subnet === id && ends.includes(name));
    if (nics.length === 0) continue;
    rows.push({ kind: 'heading', name: id, detail: prefix });
    for (const { name, ipconfigs } of nics) {
      placed.add(name);
      const [first] = ipconfigs;
      rows.push({ kind: 'device', name, detail: first === undefined ? '' : formatIpv4(first.addr) });
    }
  }
  const outside = ends.filter((end) => !placed.has(end));
  if (outside.length > 0 && rows.length > 0) rows.push({ kind: 'heading', name: 'outside', detail: '' });
  rows.push(...outside.map((name) => ({ kind: 'device', name, detail: '' }) as const));
  return { id: FABRIC_CARD, machine: null, title: 'Azure fabric', rows, notes, visits };
}

/** What changed a packet, and how it ended. */
function notesOf(visit: Visit): CardNote[] {
  if (visit.isCopy) return [];
  return visit.hop.steps.flatMap((step): CardNote[] => {
    const kind = kindOf(step, visit);
    if (kind === null) return [];
    const changed = rewrites(step).join(', ');
    const text = kind === 'change' ? changed : `${step.reason ?? step.verb}${changed === '' ? '' : ` ${changed}`}`;
    return [{ kind, label: visit.label, text, full: stepLine(step, 'summary') }];
  });
}

function kindOf(step: Step, { end }: Visit): CardNote['kind'] | null {
  if (step.verb === 'DROPPED' || step.verb === 'REJECTED') return 'dropped';
  if (step.verb === 'UNKNOWN') return 'unknown';
  if (step.verb === 'DELIVERED' && end === 'delivered') return null;
  return step.verb === 'REWRITTEN' && rewrites(step).length > 0 ? 'change' : null;
}

/** The machines of the cards, in their order. */
export function machinesOf(cards: readonly Card[], world: World): MachineFrame[] {
  const names = [...new Set(cards.flatMap(({ machine }) => (machine === null ? [] : [machine])))];
  return names.map((name) => {
    const host = Object.hasOwn(world.machines, name) ? world.machines[name] : undefined;
    const address = host === undefined ? null : addressOf(host);
    const total = host === undefined ? 0 : Object.keys(host.netns).filter((netns) => netns !== ROOT).length;
    const drawn = cards.filter(({ machine, id }) => machine === name && !id.endsWith(`/${ROOT}`)).length;
    const hidden = total - drawn;
    return {
      name,
      title: address === null ? name : `${name}  ${address}`,
      hidden: hidden <= 0 ? '' : `+${hidden} more`,
    };
  });
}

/** What of the World is not drawn. */
export function hiddenMachines(drawn: readonly MachineFrame[], { machines }: World): string {
  const names = new Set(drawn.map(({ name }) => name));
  let nodes = 0;
  let others = 0;
  for (const name in machines) {
    if (names.has(name)) continue;
    if (machines[name]?.kind === 'node') nodes++;
    else others++;
  }
  const parts = [
    ...(nodes === 0 ? [] : [`+${nodes} ${nodes === 1 ? 'node' : 'nodes'}`]),
    ...(others === 0 ? [] : [`+${others} other ${others === 1 ? 'machine' : 'machines'}`]),
  ];
  return parts.join(', ');
}

/** Everything that decided in a visit, for the tooltip of its arrow. */
export function decidedIn({ hop }: Visit): string[] {
  return hop.steps.flatMap((step) => {
    if (step.route !== undefined) return [`${step.verb} ${routeLine(step.route)}`];
    const counts =
      step.verb === 'MATCHED' ||
      step.verb === 'TRACKED' ||
      step.verb === 'RESOLVED' ||
      step.verb === 'RECEIVED' ||
      step.verb === 'TRANSMITTED';
    return counts && step.reason === undefined ? [] : [`${step.verb} ${stepLine(step, 'summary')}`];
  });
}
