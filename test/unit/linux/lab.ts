import type { CtEntry } from '../../../src/linux/conntrack/entry.ts';
import type { BridgePort, LinkKind } from '../../../src/linux/link.ts';
import { parseEbtablesSave } from '../../../src/linux/netfilter/ebtables-parse.ts';
import { applyCommand, applyRestore, type RestoreResult } from '../../../src/linux/netfilter/restore.ts';
import type { Host, Netns, Unmodelled } from '../../../src/linux/netns.ts';
import type { NetnsSession } from '../../../src/linux/netns-session.ts';
import type { FdbEntry, NeighbourState } from '../../../src/linux/neighbour.ts';
import { addAddress } from '../../../src/linux/ops/addresses.ts';
import { addLink, addVethPair } from '../../../src/linux/ops/add-link.ts';
import { setMaster, setPort } from '../../../src/linux/ops/bridge.ts';
import { createHost, createNetns } from '../../../src/linux/ops/create-netns.ts';
import { addFdb, addNeighbour, addProxyNeighbour } from '../../../src/linux/ops/neighbours.ts';
import type { OpResult } from '../../../src/linux/ops/result.ts';
import { addRoute, deleteRoute } from '../../../src/linux/ops/routes.ts';
import { addRule } from '../../../src/linux/ops/rules.ts';
import { setFlags, setMtu } from '../../../src/linux/ops/set-link.ts';
import { setSysctl } from '../../../src/linux/ops/set-sysctl.ts';
import { setDown, setUp } from '../../../src/linux/ops/set-up.ts';
import { addSocket } from '../../../src/linux/ops/sockets.ts';
import { parseRoute, parseRouteSelector } from '../../../src/scenario/text/ip-route.ts';
import { parseRule } from '../../../src/scenario/text/ip-rule.ts';
import { entryView } from '../../../src/walk/conntrack-view.ts';
import { newSession } from '../../../src/walk/new-session.ts';
import type { Probe } from '../../../src/walk/probe.ts';
import { runAllBranches, runProbe } from '../../../src/walk/run-probe.ts';
import { formatIpv4, ip, type Ipv4, ipv4 } from '../../../src/wire/ipv4.ts';
import { localMac, mac } from '../../../src/wire/mac.ts';
import { mask } from '../../../src/wire/prefix.ts';
import { freeze } from '../../../src/world/freeze.ts';
import type { Session } from '../../../src/world/session.ts';
import type { FrozenWorld } from '../../../src/world/world.ts';
import { Sent, entryText } from './sent.ts';

const MACHINE = 'm';

/** What a probe may say beside where it goes. */
export type Say = Partial<Omit<Probe, 'id' | 'label' | 'from' | 'proto' | 'dst' | 'dport' | 'src' | 'spoof'>> & {
  readonly src?: string;
  readonly spoof?: string;
};

/**
 * One machine with namespaces, built by the operations that the tools do, and probes sent through it. Devices are written
 * `NETNS/DEV`; a namespace comes to be when it is first named. Probes share one session until {@link Lab.fresh}. The tables may be
 * changed between probes.
 */
export class Lab {
  readonly host: Host;
  session: Session = newSession();
  #macs = 0;

  constructor(kernel: Partial<Host['kernel']> = {}) {
    this.host = createHost(MACHINE, 'node');
    this.host.kernel = { ...this.host.kernel, ...kernel };
  }

  /** The tables of a namespace. */
  netns(name: string): Netns {
    if (!Object.hasOwn(this.host.netns, name)) done(createNetns(this.host, name, { loopbackUp: true }));
    const netns = this.host.netns[name];
    if (netns === undefined) throw new RangeError(name);
    return netns;
  }

  /** A veth pair, both ends up. */
  veth(end: string, peer: string, { mtu = 1500 }: { readonly mtu?: number } = {}): this {
    const [[netns, name], [peerNetns, peerName]] = [this.#place(end), this.#place(peer)];
    const first = { netns, name, mac: this.#mac(), mtuBytes: mtu };
    done(addVethPair(this.host, first, { netns: peerNetns, name: peerName, mac: this.#mac(), mtuBytes: mtu }));
    return this.up(end).up(peer);
  }

  /** A bridge, up, with its ports in this order. */
  bridge(
    at: string,
    ports: readonly string[] = [],
    { promisc = false, ...options }: { readonly promisc?: boolean; readonly nfCallIptables?: boolean } = {},
  ): this {
    const [netns, name] = this.#place(at);
    const kind = { type: 'bridge', vlanFiltering: false, stp: false, ageingMs: 300_000, macSet: true, ...options } as const;
    done(addLink(this.netns(netns), { name, kind, mac: this.#mac() }));
    for (const port of ports) done(setMaster(this.netns(netns), port, name));
    if (promisc) done(setFlags(this.netns(netns), name, { promisc: true }));
    return this.up(at);
  }

  dummy(at: string): this {
    const [netns, name] = this.#place(at);
    done(addLink(this.netns(netns), { name, kind: { type: 'dummy' }, mac: this.#mac() }));
    return this.up(at);
  }

  /** A tunnel end, up: VNI 1, port 4789, unless told otherwise. */
  vxlan(at: string, local: string, options: Partial<Extract<LinkKind, { type: 'vxlan' }>> = {}): this {
    const [netns, name] = this.#place(at);
    const kind = {
      type: 'vxlan',
      vni: 1,
      port: 4789,
      local: ip(local),
      remote: null,
      dev: null,
      learning: true,
      ttl: null,
      tos: 0,
      df: 'unset',
      ageingMs: 300_000,
      srcPortMin: 0,
      srcPortMax: 0,
      proxy: false,
      unmodelled: [],
    } as const;
    done(addLink(this.netns(netns), { name, kind: { ...kind, ...options }, mac: this.#mac(), mtuBytes: 1450 }));
    return this.up(at);
  }

  /** `bridge fdb append MAC dev DEV dst VTEP`; the zero address is for what is flooded. */
  vtep(at: string, address: string, dst: string): this {
    const [netns, dev] = this.#place(at);
    const entry: FdbEntry = {
      mac: mac(address),
      dev,
      master: null,
      state: 'permanent',
      dst: ip(dst),
      vni: null,
      port: null,
      externLearn: false,
    };
    done(addFdb(this.netns(netns), entry, 'append'));
    return this;
  }

  /** A link end that leads out of the model. */
  outside(at: string): this {
    const [netns, name] = this.#place(at);
    done(addLink(this.netns(netns), { name, kind: { type: 'end', wire: null, nic: null }, mac: this.#mac() }));
    return this.up(at);
  }

  port(at: string, options: Partial<BridgePort>): this {
    const [netns, name] = this.#place(at);
    done(setPort(this.netns(netns), name, options));
    return this;
  }

  up(at: string): this {
    const [netns, name] = this.#place(at);
    done(setUp(this.host, netns, name));
    return this;
  }

  down(at: string): this {
    const [netns, name] = this.#place(at);
    done(setDown(this.host, netns, name));
    return this;
  }

  mtu(at: string, bytes: number): this {
    const [netns, name] = this.#place(at);
    done(setMtu(this.netns(netns), name, bytes));
    return this;
  }

  /** `ip addr add 10.0.0.1/24 brd + dev DEV`. */
  addr(at: string, ...cidrs: readonly string[]): this {
    const [netns, dev] = this.#place(at);
    for (const cidr of cidrs) {
      const local = ip(cidr.split('/')[0] ?? '');
      const len = Number(cidr.split('/')[1]);
      const broadcast = len > 30 ? null : broadcastOf(local, len);
      done(addAddress(this.netns(netns), dev, { local, len, broadcast }));
    }
    return this;
  }

  /** `ip route add …` */
  route(netns: string, ...routes: readonly string[]): this {
    for (const text of routes) done(addRoute(this.netns(netns), parseRoute(text)));
    return this;
  }

  unroute(netns: string, route: string): this {
    done(deleteRoute(this.netns(netns), parseRouteSelector(route)));
    return this;
  }

  /** `ip rule add …` */
  rule(netns: string, rule: string): this {
    done(addRule(this.netns(netns), parseRule(rule)));
    return this;
  }

  /** `sysctl -w NAME=VALUE`; `net.ipv4.` may be left out. */
  sysctl(netns: string, ...settings: readonly string[]): this {
    for (const setting of settings) {
      const [name = '', value = ''] = setting.split('=');
      done(setSysctl(this.netns(netns), name.startsWith('net.') ? name : `net.ipv4.${name}`, value));
    }
    return this;
  }

  /** A router: `ip_forward=1`. */
  forwards(...names: readonly string[]): this {
    for (const name of names) this.sysctl(name, 'ip_forward=1');
    return this;
  }

  /** Each line is a command of iptables (`-t nat -A …`); a text that begins with `*` is input of iptables-restore. */
  iptables(netns: string, ...lines: readonly string[]): this {
    const tables = this.netns(netns);
    for (const line of lines) tables.iptables = this.#rules(tables.iptables, line);
    return this;
  }

  iptablesLegacy(netns: string, ...lines: readonly string[]): this {
    const tables = this.netns(netns);
    for (const line of lines) tables.iptablesLegacy = this.#rules(tables.iptablesLegacy ?? {}, line);
    return this;
  }

  /** Output of ebtables-save. */
  ebtables(netns: string, text: string): this {
    const result = parseEbtablesSave(`${text.trim().replaceAll(/^\s+/gm, '')}\n`, 'ebtables');
    if (!result.ok) throw new Error(result.faults.map(({ message }) => message).join('; '));
    this.netns(netns).ebtables = result.tables;
    return this;
  }

  #rules(tables: Netns['iptables'], line: string): Netns['iptables'] {
    const text = line.trim();
    if (text.startsWith('*')) return read(applyRestore(tables, `${text}\n`, { noflush: true, lenient: true }));
    return read(applyCommand(tables, text.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [], { lenient: true }));
  }

  /** `ip neigh add IP lladdr MAC nud STATE dev DEV`. */
  neigh(at: string, address: string, lladdr: string, state: NeighbourState = 'permanent'): this {
    const [netns, dev] = this.#place(at);
    done(addNeighbour(this.netns(netns), { ip: ip(address), mac: mac(lladdr), dev, state, origin: null }));
    return this;
  }

  proxyNeigh(at: string, address: string): this {
    const [netns, dev] = this.#place(at);
    done(addProxyNeighbour(this.netns(netns), ip(address), dev));
    return this;
  }

  /** Somebody listens: `tcp/80`, or `udp/53 10.0.0.1`. */
  listen(netns: string, ...sockets: readonly string[]): this {
    for (const text of sockets) {
      const [what = '', addr] = text.split(' ');
      const [proto, port] = what.split('/');
      done(
        addSocket(this.netns(netns), {
          proto: proto === 'tcp' ? 'tcp' : 'udp',
          port: Number(port),
          addr: addr === undefined ? null : ip(addr),
          dev: null,
          peer: null,
          answers: true,
          owner: null,
        }),
      );
    }
    return this;
  }

  /** Something in the namespace that packets would meet and that is not modelled. */
  unmodelled(netns: string, unmodelled: Partial<Unmodelled> & Pick<Unmodelled, 'reason'>): this {
    const tables = this.netns(netns);
    tables.unmodelled = [...tables.unmodelled, { text: `${unmodelled.reason} here`, dev: null, part: null, ...unmodelled }];
    return this;
  }

  /** The Ethernet address of a device. */
  mac(at: string): string {
    const [netns, dev] = this.#place(at);
    const link = this.netns(netns).links.find(({ name }) => name === dev);
    if (link === undefined) throw new RangeError(at);
    return link.mac;
  }

  /**
   * Sends a probe: `udp 10.0.0.1:53`, `icmp 10.0.0.1`. From `NETNS`, or `NETNS/DEV` for a link end that leads out.
   */
  send(from: string, what: string, say: Say = {}): Sent {
    return new Sent(runProbe(this.world(), this.session, probeOf(from, what, say), { record: 'detailed' }));
  }

  /** The same once for every way that chance leaves open. */
  sendAll(from: string, what: string, say: Say = {}, most?: number): Sent[] {
    return runAllBranches(this.world(), this.session, probeOf(from, what, say), {}, most).map((trace) => new Sent(trace));
  }

  /** The tables as they are now. */
  world(): FrozenWorld {
    return freeze(structuredClone({ machines: { [MACHINE]: this.host }, fabric: null, cluster: null }));
  }

  /** Lets time pass. */
  wait(seconds: number): this {
    this.session.clock.nowMs += seconds * 1000;
    return this;
  }

  /** Forgets everything that packets left behind. */
  fresh(seed = 1): this {
    this.session = newSession(seed);
    return this;
  }

  /** `udp 10.0.0.2:40000>10.0.1.2:53 / 10.0.1.2:53>10.0.0.2:40000 seen-reply` for every entry. */
  conntrack(netns: string): string[] {
    const entries: readonly CtEntry[] = this.#state(netns)?.conntrack.list(this.session.clock.nowMs) ?? [];
    return entries.map((entry) => entryText(entryView(entry)));
  }

  /** `eth0 10.0.0.1 reachable` for every learned neighbour. */
  neighbours(netns: string): string[] {
    const rows = [...(this.#state(netns)?.neighbours ?? [])];
    return rows.flatMap(([dev, entries]) => [...entries.values()].map((entry) => `${dev} ${formatIpv4(entry.ip)} ${entry.state}`)).sort();
  }

  /** `02:00… port` for every learned forwarding entry of a bridge. */
  fdb(at: string): string[] {
    const [netns, dev] = this.#place(at);
    return [...(this.#state(netns)?.fdb.get(dev) ?? [])].map(([address, { port }]) => `${address} ${port ?? ''}`).sort();
  }

  #state(netns: string): NetnsSession | undefined {
    return this.session.netns.get(`${MACHINE}/${netns}`);
  }

  #place(at: string): [netns: string, dev: string] {
    const [netns = '', dev = ''] = at.split('/');
    this.netns(netns);
    return [netns, dev];
  }

  #mac(): ReturnType<typeof localMac> {
    return localMac(++this.#macs);
  }
}

/** A probe from `NETNS` or `NETNS/DEV`, as {@link Lab.send} takes it. */
export function probeOf(from: string, what: string, say: Say = {}): Probe {
  const [proto, to = ''] = what.split(' ');
  const [dst = '', dport] = to.split(':');
  const { src, spoof, ...rest } = say;
  const [netns = '', dev] = from.split('/');
  return {
    label: from,
    from: dev === undefined ? { kind: 'netns', machine: MACHINE, netns } : { kind: 'link', machine: MACHINE, netns, dev },
    proto: proto === 'tcp' ? 'tcp' : proto === 'udp' ? 'udp' : 'icmp',
    dst: ip(dst),
    ...(dport === undefined ? {} : { dport: Number(dport) }),
    ...(src === undefined ? {} : { src: ip(src) }),
    ...(spoof === undefined ? {} : { spoof: ip(spoof) }),
    ...rest,
  };
}

function broadcastOf(local: Ipv4, len: number): Ipv4 {
  return ipv4(local | ~mask(len));
}

function done(result: OpResult): void {
  if (result !== 'ok') throw new Error(result);
}

function read(result: RestoreResult): Netns['iptables'] {
  if (!result.ok) throw new Error(result.faults.map(({ message }) => message).join('; '));
  return result.tables;
}
