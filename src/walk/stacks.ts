import { compileFirewall } from '../linux/compile-firewall.ts';
import { compileNetns } from '../linux/compiled-netns.ts';
import type { Device } from '../linux/device.ts';
import { flowCacheOf } from '../linux/flow-cache/flow-cache.ts';
import { compileGaps } from '../linux/gaps.ts';
import { createNetnsSession } from '../linux/netns-session.ts';
import type { Effects, Stack } from '../linux/stack.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld } from '../world/world.ts';
import type { Sender } from './fabric.ts';
import { farEnd, linkEnd } from './wires.ts';

/** What a device's link end meets. */
export type FarEnd =
  | { readonly kind: 'netns'; readonly stack: Stack; readonly device: Device }
  | { readonly kind: 'fabric'; readonly origin: Sender }
  | { readonly kind: 'out' }
  | { readonly kind: 'none' };

/** A device of a running stack. */
export interface Place {
  readonly stack: Stack;
  readonly device: Device;
}

const OUT: FarEnd = { kind: 'out' };
const NONE: FarEnd = { kind: 'none' };

/** The stacks of a World in one session, made when a packet first comes by, and how their devices are joined. */
export class Stacks {
  private readonly world: FrozenWorld;
  private readonly session: Session;
  private readonly effects: Effects;
  private readonly stacks = new Map<string, Map<string, Stack>>();
  private readonly places = new Map<string, Place | null>();
  /** By stack and device. */
  private readonly farEnds: (FarEnd | undefined)[][] = [];
  private readonly externalByMachine: ReadonlyMap<string, string>;

  constructor(world: FrozenWorld, session: Session, effects: Effects) {
    this.world = world;
    this.session = session;
    this.effects = effects;
    this.externalByMachine = new Map(
      (world.fabric?.externalHosts ?? []).flatMap((host) => (host.machine === null ? [] : [[host.machine, host.name] as const])),
    );
  }

  /** The stack of a namespace; null when the World has no such place. */
  stack(machine: string, netns: string): Stack | null {
    const known = this.stacks.get(machine)?.get(netns);
    if (known !== undefined) return known;
    const at = `${machine}/${netns}`;
    const { machines } = this.world;
    const host = Object.hasOwn(machines, machine) ? machines[machine] : undefined;
    const tables = host !== undefined && Object.hasOwn(host.netns, netns) ? host.netns[netns] : undefined;
    if (host === undefined || tables === undefined) return null;
    let session = this.session.netns.get(at);
    if (session === undefined) {
      session = createNetnsSession(at);
      session.cold = this.session.cold;
      this.session.netns.set(at, session);
    }
    const vxlanPorts = new Set<number>();
    for (const { kind, up } of tables.links) if (kind.type === 'vxlan' && up) vxlanPorts.add(kind.port);
    const compiled = compileNetns(tables);
    const firewall = compileFirewall(tables);
    const gaps = compileGaps(tables);
    const stack: Stack = {
      at,
      serial: this.farEnds.push([]) - 1,
      machine,
      netns: compiled,
      firewall,
      session,
      gaps,
      flows: flowCacheOf(compiled, firewall, gaps),
      effects: this.effects,
      vxlanPorts,
      promiscResetsConntrack: host.kernel.brPromiscConntrack === 'fixed',
    };
    let ofMachine = this.stacks.get(machine);
    if (ofMachine === undefined) this.stacks.set(machine, (ofMachine = new Map<string, Stack>()));
    ofMachine.set(netns, stack);
    return stack;
  }

  /** What is at the far end of a device. */
  far(stack: Stack, device: Device): FarEnd {
    const ends = this.farEnds[stack.serial];
    if (ends === undefined) return NONE;
    return (ends[device.index] ??= this.findFar(stack, device));
  }

  private findFar(stack: Stack, device: Device): FarEnd {
    const { kind } = device.link;
    if (kind.type !== 'veth' && kind.type !== 'end') return NONE;
    const near = { machine: stack.machine, netns: stack.netns.tables.name, dev: device.name };
    if (kind.type === 'end' && kind.nic !== null && this.world.fabric !== null)
      return { kind: 'fabric', origin: { kind: 'nic', name: kind.nic } };
    const external = this.externalByMachine.get(`${near.machine}/${near.netns}/${near.dev}`);
    if (external !== undefined) return { kind: 'fabric', origin: { kind: 'external', name: external } };
    if (kind.wire === null) return kind.type === 'end' ? OUT : NONE;
    const end = farEnd(this.world, near, kind.wire);
    if (end === null) return kind.type === 'end' ? OUT : NONE;
    const farStack = this.stack(end.machine, end.netns);
    const farDevice = farStack?.netns.deviceByName.get(end.dev);
    return farStack === null || farDevice === undefined ? NONE : { kind: 'netns', stack: farStack, device: farDevice };
  }

  /** The device behind the id by which the fabric knows a machine. */
  place(id: string): Place | null {
    const known = this.places.get(id);
    if (known !== undefined) return known;
    const end = linkEnd(id);
    const stack = end === null ? null : this.stack(end.machine, end.netns);
    const device = end === null ? undefined : stack?.netns.deviceByName.get(end.dev);
    const found = stack === null || device === undefined ? null : { stack, device };
    this.places.set(id, found);
    return found;
  }
}
