import type { Neighbour } from '../../linux/neighbour.ts';
import type { BridgePort, LinkKind } from '../../linux/link.ts';
import { type Host, type Netns, ROOT } from '../../linux/netns.ts';
import { addLink, addVethPair } from '../../linux/ops/add-link.ts';
import { addAddress, type AddressSpec } from '../../linux/ops/addresses.ts';
import { setMaster, setPort } from '../../linux/ops/bridge.ts';
import { createHost, createNetns } from '../../linux/ops/create-netns.ts';
import { netnsOf } from '../../linux/ops/edit.ts';
import { addNeighbour } from '../../linux/ops/neighbours.ts';
import type { OpResult } from '../../linux/ops/result.ts';
import { addRoute, type RouteSpec } from '../../linux/ops/routes.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import { setUp } from '../../linux/ops/set-up.ts';
import { addSocket } from '../../linux/ops/sockets.ts';
import { InvariantError } from '../../wire/invariant.ts';
import { ip } from '../../wire/ipv4.ts';
import { localMac, type Mac } from '../../wire/mac.ts';
import { DEFAULT_ROUTE, parseCidr } from '../../wire/prefix.ts';

/** The machine that every random network is on. */
export const MACHINE = 'lab';

/** One end of a wire to make. */
export interface WireEnd {
  readonly at: Netns;
  readonly dev: string;
  readonly mtuBytes?: number;
}

/** A machine while a random network is built on it, by the operations of a real one. */
export class Lab {
  readonly host: Host = createHost(MACHINE, 'node');
  private macs = 0;

  netns(name: string): Netns {
    done(createNetns(this.host, name, { loopbackUp: true }));
    const netns = netnsOf(this.host, name);
    if (netns === null) throw new InvariantError(`${name} was made and is not there`);
    return netns;
  }

  /** The namespaces of the network; a machine's first one is no part of it. */
  get all(): Netns[] {
    return Object.values(this.host.netns).filter(({ name }) => name !== ROOT);
  }

  nextMac(): Mac {
    return localMac(++this.macs);
  }

  /** A veth pair, both ends up. */
  wire(a: WireEnd, b: WireEnd): void {
    const end = ({ at, dev, mtuBytes = 1500 }: WireEnd) => ({ netns: at.name, name: dev, mac: this.nextMac(), mtuBytes });
    done(addVethPair(this.host, end(a), end(b), `${a.at.name}-${a.dev}`));
    this.up(a.at, a.dev);
    this.up(b.at, b.dev);
  }

  /** Any other device, up. */
  device(at: Netns, name: string, kind: Extract<LinkKind, { type: 'bridge' | 'dummy' }>, mtuBytes = 1500): void {
    done(addLink(at, { name, kind, mac: this.nextMac(), mtuBytes }));
    this.up(at, name);
  }

  /** A tunnel whose Ethernet address others have to know beforehand. */
  vxlan(at: Netns, name: string, kind: Extract<LinkKind, { type: 'vxlan' }>, mac: Mac, mtuBytes: number): void {
    done(addLink(at, { name, kind, mac, mtuBytes }));
    this.up(at, name);
  }

  up(at: Netns, dev: string): void {
    done(setUp(this.host, at.name, dev));
  }

  enslave(at: Netns, dev: string, bridge: string, port: Partial<BridgePort> = {}): void {
    done(setMaster(at, dev, bridge));
    done(setPort(at, dev, port));
  }

  /** @param cidr `10.0.0.1/24` */
  address(at: Netns, dev: string, cidr: string, more: Partial<AddressSpec> = {}): void {
    const parsed = parseCidr(cidr);
    if (parsed === null) throw new InvariantError(`${cidr} is no address with a length`);
    done(addAddress(at, dev, { local: parsed.addr, len: parsed.len, ...more }));
  }

  /** @param dst `10.0.0.0/24`, or `default` */
  route(at: Netns, dst: string, via: string | null, dev: string | null, more: Partial<RouteSpec> = {}): void {
    done(addRoute(at, { ...destination(dst), via: via === null ? null : ip(via), dev, ...more }));
  }

  sysctl(at: Netns, name: string, value: string): void {
    done(setSysctl(at, name, value));
  }

  neighbour(at: Netns, neighbour: Omit<Neighbour, 'origin'>): void {
    done(addNeighbour(at, { ...neighbour, origin: null }, 'replace'));
  }

  listen(at: Netns, proto: 'tcp' | 'udp', port: number, addr: string | null = null, dev: string | null = null): boolean {
    const bound = addr === null ? null : ip(addr);
    return addSocket(at, { proto, addr: bound, port, dev, peer: null, answers: true, owner: null }) === 'ok';
  }

  /** The machine without what is no part of the network. */
  finished(): Host {
    const netns = Object.fromEntries(this.all.map((one) => [one.name, one]));
    return { ...this.host, netns };
  }
}

/** @param text `10.0.0.0/24`, an address alone, or `default` */
function destination(text: string): Pick<RouteSpec, 'dst' | 'len'> {
  const parsed = text === 'default' ? DEFAULT_ROUTE : parseCidr(text);
  if (parsed === null) throw new InvariantError(`${text} is no prefix`);
  return { dst: parsed.addr, len: parsed.len };
}

/** @throws InvariantError when an operation was refused that must not be */
function done(result: OpResult): void {
  if (result !== 'ok') throw new InvariantError(`a random network cannot be built: ${result}`);
}
