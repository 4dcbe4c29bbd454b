import type { Fabric } from '../../azure/fabric.ts';
import { subnetId } from '../../azure/subnet-id.ts';
import type { Link, LinkKind } from '../../linux/link.ts';
import { type Host, type HostKind, type Netns, ROOT } from '../../linux/netns.ts';
import { farEnd } from '../../walk/wires.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { formatPrefix } from '../../wire/prefix.ts';
import type { World } from '../../world/world.ts';

/**
 * A World as a drawing needs it: machines hold namespaces, namespaces hold devices, devices lead to each other, to a NIC of the fabric or
 * out of the model. Texts are as the World has them: whoever draws makes them printable. Made machine by machine, on demand: a World of a
 * thousand nodes is never unfolded as a whole.
 */
export interface MapMachine {
  readonly name: string;
  readonly kind: HostKind;
  /** The first namespace first, then by name. */
  readonly netns: readonly MapNetns[];
}

export interface MapNetns {
  /** `MACHINE/NETNS`. */
  readonly at: string;
  readonly name: string;
  /** The pod, as `namespace/name`; null for a namespace that is no pod's. */
  readonly pod: string | null;
  /** Without `lo`, in the order of `ip link`. */
  readonly devices: readonly MapDevice[];
}

export interface MapDevice {
  readonly name: string;
  readonly type: LinkKind['type'];
  /** `10.224.0.4/16`. */
  readonly addresses: readonly string[];
  readonly mtuBytes: number;
  /** Up with a carrier. */
  readonly isUp: boolean;
  /** The bridge that it is a port of. */
  readonly bridge: string | null;
  /** What is at its other end; null for a device without one. */
  readonly far: MapEnd | null;
}

/** What a device leads to. */
export type MapEnd =
  | { readonly kind: 'device'; readonly at: string; readonly dev: string }
  | { readonly kind: 'nic'; readonly nic: string }
  /** A host outside of the virtual networks, as the fabric calls it. */
  | { readonly kind: 'external'; readonly host: string }
  | { readonly kind: 'out' };

export interface MapSubnet {
  /** `VNET/SUBNET`. */
  readonly id: string;
  readonly prefix: string;
}

/** Subnets of the fabric, in its order. */
export function subnetsOf({ vnets }: Fabric): MapSubnet[] {
  return vnets.flatMap((vnet) => vnet.subnets.map(({ name, prefix }) => ({ id: subnetId(vnet.name, name), prefix: formatPrefix(prefix) })));
}

/** How many namespaces of a machine are unfolded; a machine with more shows the first, and those that are asked for. */
const MAX_NETNS = 400;

const unfolded = new WeakMap<World, Map<string, MapMachine>>();

/**
 * One machine with its namespaces. Remembered for a frozen World, so that stepping through a walk unfolds nothing twice.
 * @param wanted namespaces to unfold even where the machine has more than {@link MAX_NETNS}
 * @returns null where the World has no such machine
 */
export function machineMap(world: World, name: string, wanted: ReadonlySet<string> = NOTHING): MapMachine | null {
  const host = Object.hasOwn(world.machines, name) ? world.machines[name] : undefined;
  if (host === undefined) return null;
  const names = Object.keys(host.netns);
  if (names.length > MAX_NETNS || !Object.isFrozen(world)) return unfold(world, host, names, wanted);
  let known = unfolded.get(world);
  if (known === undefined) unfolded.set(world, (known = new Map<string, MapMachine>()));
  let machine = known.get(name);
  if (machine === undefined) known.set(name, (machine = unfold(world, host, names, wanted)));
  return machine;
}

function unfold(world: World, host: Host, names: readonly string[], wanted: ReadonlySet<string>): MapMachine {
  const inside = names.filter((netns) => netns !== ROOT);
  const kept =
    names.length <= MAX_NETNS ? inside : inside.filter((netns, index) => index < MAX_NETNS || wanted.has(`${host.name}/${netns}`));
  const pods = podsOf(world);
  return {
    name: host.name,
    kind: host.kind,
    netns: [ROOT, ...kept].flatMap((netns) => {
      const tables = Object.hasOwn(host.netns, netns) ? host.netns[netns] : undefined;
      return tables === undefined ? [] : [netnsMap(world, host, tables, pods)];
    }),
  };
}

const NOTHING: ReadonlySet<string> = new Set();

function netnsMap(world: World, host: Host, { name, links }: Netns, pods: ReadonlyMap<string, string>): MapNetns {
  const at = `${host.name}/${name}`;
  const devices = links.filter(({ kind }) => kind.type !== 'loopback').toSorted((a, b) => a.ifindex - b.ifindex);
  return { at, name, pod: pods.get(at) ?? null, devices: devices.map((link) => deviceMap(world, host.name, name, link)) };
}

function deviceMap(world: World, machine: string, netns: string, link: Link): MapDevice {
  return {
    name: link.name,
    type: link.kind.type,
    addresses: link.addresses.map(({ local, len }) => `${formatIpv4(local)}/${len}`),
    mtuBytes: link.mtuBytes,
    isUp: link.up && link.carrier,
    bridge: link.master,
    far: farOf(world, machine, netns, link),
  };
}

function farOf(world: World, machine: string, netns: string, { name, kind }: Link): MapEnd | null {
  if (kind.type !== 'veth' && kind.type !== 'end') return null;
  if (kind.type === 'end' && kind.nic !== null && world.fabric !== null) return { kind: 'nic', nic: kind.nic };
  const external = world.fabric?.externalHosts.find((host) => host.machine === `${machine}/${netns}/${name}`);
  if (external !== undefined) return { kind: 'external', host: external.name };
  const end = kind.wire === null ? null : farEnd(world, { machine, netns, dev: name }, kind.wire);
  if (end !== null) return { kind: 'device', at: `${end.machine}/${end.netns}`, dev: end.dev };
  return kind.type === 'end' ? { kind: 'out' } : null;
}

const podsByCluster = new WeakMap<object, ReadonlyMap<string, string>>();

/** `MACHINE/NETNS` → `namespace/name` of the pod whose sandbox it is. */
export function podsOf({ cluster }: World): ReadonlyMap<string, string> {
  if (cluster === null) return NO_PODS;
  const { sandboxes } = cluster;
  const known = podsByCluster.get(sandboxes);
  if (known !== undefined) return known;
  const pods = new Map<string, string>();
  for (const pod in sandboxes) {
    const sandbox = sandboxes[pod];
    if (sandbox?.hostNetwork === false) pods.set(`${sandbox.machine}/${sandbox.netns}`, pod);
  }
  if (Object.isFrozen(sandboxes)) podsByCluster.set(sandboxes, pods);
  return pods;
}

const NO_PODS: ReadonlyMap<string, string> = new Map();

/** The first address of a machine's first namespace, without its length; null where it has none. */
export function addressOf(host: Host): string | null {
  for (const { kind, addresses } of host.netns[ROOT]?.links ?? []) {
    const [first] = addresses;
    if (kind.type === 'end' && first !== undefined) return formatIpv4(first.local);
  }
  return null;
}
