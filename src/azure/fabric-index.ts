import { InvariantError } from '../wire/invariant.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import type { Prefix } from '../wire/prefix.ts';
import { type AddressMap, type AddressMaps, type Fixture, addressMaps } from './address-map.ts';
import { FABRIC_MAC } from './arp.ts';
import { type CompiledNsg, compileNsg } from './compiled-nsg.ts';
import type { CaRow, ExternalHost, Fabric, NatGateway, Nic, Overlay, Udr, VNet } from './fabric.ts';
import type { TagScope } from './nsg-match.ts';
import { allowsAccess, gatewaysOf, peeringHalf, peersOf } from './peering.ts';
import { type PrefixMap, type PrefixSet, lookup, prefixMap, prefixSet } from './prefix-map.ts';
import { type PublicTarget, publicAddresses } from './public-addresses.ts';
import type { FabricResult } from './result.ts';
import { type EffectiveRoute, effectiveRoutes, unresolvedTagRoute } from './routes.ts';
import { WIRESERVER_PREFIX } from './service-tags.ts';
import { findSubnet } from './subnets.ts';

/** How a VNet stands to a connected peer. */
export interface PeerLink {
  readonly vnet: VNetView;
  readonly access: boolean;
  /** The peer takes packets whose source is not in this VNet. */
  readonly takesForwarded: boolean;
}

export interface VNetView {
  readonly vnet: VNet;
  readonly map: AddressMap;
  readonly ranges: PrefixSet;
  readonly peers: ReadonlyMap<string, PeerLink>;
}

export interface SubnetView {
  readonly id: string;
  readonly prefix: Prefix;
  readonly vnet: VNetView;
  readonly nsg: CompiledNsg | null;
  readonly routes: PrefixMap<EffectiveRoute>;
  /** A UDR by a service tag whose prefixes are not known. */
  readonly unresolvedTag: Udr | null;
  readonly natGateway: NatGateway | null;
  readonly defaultOutbound: boolean;
  readonly scope: TagScope;
}

export interface OverlayView {
  readonly overlay: Overlay;
  readonly ranges: PrefixSet;
  readonly nodes: PrefixMap<string>;
  readonly members: ReadonlySet<string>;
}

export interface NicView {
  readonly nic: Nic;
  readonly primary: Ipv4;
  readonly subnet: SubnetView;
  readonly nsg: CompiledNsg | null;
  readonly overlays: readonly OverlayView[];
  readonly scope: TagScope;
  readonly holdsRows: boolean;
  /** Made once: delivery to this NIC. */
  readonly arrival: FabricResult;
}

/** What an address of a VNet leads to. */
export type Target =
  { readonly kind: 'nic'; readonly nic: NicView; readonly subnet: SubnetView } | { readonly kind: 'fixture'; readonly fixture: Fixture };

/**
 * A frozen fabric compiled for packets. Views are made when first needed; the tables beneath them are cached on their own, so that an
 * edit costs what it touched.
 */
export class FabricIndex {
  readonly fabric: Fabric;
  readonly publicTargets: ReadonlyMap<number, PublicTarget>;
  private readonly maps: AddressMaps;
  private readonly nics: (NicView | undefined)[];
  private readonly targets: (Target | undefined)[];
  private readonly subnets = new Map<string, SubnetView>();
  private readonly vnets = new Map<string, VNetView>();
  private readonly scopes = new Map<string, TagScope>();
  private readonly overlays: readonly OverlayView[];
  private readonly hosts: ReadonlyMap<number, ExternalHost>;

  constructor(fabric: Fabric) {
    this.fabric = fabric;
    this.maps = addressMaps(fabric);
    this.publicTargets = publicAddresses(fabric);
    this.nics = Array.from({ length: fabric.nics.length });
    this.targets = Array.from({ length: fabric.nics.length });
    this.overlays = fabric.overlays.map((overlay) => ({
      overlay,
      ranges: prefixSet(overlay.prefixes),
      members: new Set(overlay.nodes.map((node) => node.nic)),
      nodes: prefixMap(overlay.nodes.flatMap((node) => node.prefixes.map((prefix): [Prefix, string] => [prefix, node.nic]))),
    }));
    this.hosts = new Map(
      [...fabric.externalHosts].reverse().flatMap((host) => host.addrs.map((addr): [number, ExternalHost] => [addr, host])),
    );
  }

  nicNamed(name: string): NicView | null {
    const ordinal = this.maps.ordinals.get(name);
    return ordinal === undefined ? null : this.nicAt(ordinal);
  }

  hostAt(addr: Ipv4): ExternalHost | null {
    return this.hosts.get(addr) ?? null;
  }

  /** What has an address of a VNet, longest match; null: nothing. */
  find(vnet: VNetView, addr: Ipv4): Target | null {
    const code = vnet.map.addresses.get(addr);
    if (code === undefined) return this.findRow(vnet, addr);
    if (code >= 0) return this.targetAt(code);
    const fixture = this.maps.fixtures[-1 - code];
    return fixture === undefined ? null : { kind: 'fixture', fixture };
  }

  /** The address-map row for an address that is no ipconfig. */
  rowFor(vnet: VNetView, addr: Ipv4): CaRow | null {
    return lookup(vnet.map.rows, addr) ?? null;
  }

  private findRow(vnet: VNetView, addr: Ipv4): Target | null {
    const row = this.rowFor(vnet, addr);
    const nic = row === null ? null : this.nicNamed(row.nic);
    return row === null || nic === null ? null : { kind: 'nic', nic, subnet: this.subnet(row.subnet) };
  }

  private targetAt(ordinal: number): Target {
    const held = this.targets[ordinal];
    if (held !== undefined) return held;
    const nic = this.nicAt(ordinal);
    const target: Target = { kind: 'nic', nic, subnet: nic.subnet };
    this.targets[ordinal] = target;
    return target;
  }

  private nicAt(ordinal: number): NicView {
    const held = this.nics[ordinal];
    if (held !== undefined) return held;
    const nic = this.fabric.nics[ordinal];
    if (nic === undefined) throw new InvariantError(`no NIC ${ordinal} in the fabric`);
    const view = this.nicView(nic);
    this.nics[ordinal] = view;
    return view;
  }

  private nicView(nic: Nic): NicView {
    const subnet = this.subnet(nic.subnet);
    const overlays = this.overlays.filter((view) => view.members.has(nic.name));
    const primary = nic.ipconfigs.find((ipconfig) => ipconfig.primary) ?? nic.ipconfigs[0];
    if (primary === undefined) throw new InvariantError(`NIC ${nic.name} has no ipconfig`);
    const widened = overlays.length > 0 && this.fabric.assumptions.overlayInVirtualNetworkTag;
    return {
      nic,
      primary: primary.addr,
      subnet,
      nsg: this.nsg(nic.nsg),
      overlays,
      scope: widened ? this.scope(subnet.id, overlays) : subnet.scope,
      holdsRows: this.maps.rowHolders.has(nic.name),
      arrival: Object.freeze({ kind: 'deliver', nic: nic.name, machine: nic.machine, smac: FABRIC_MAC, dmac: nic.mac }),
    };
  }

  subnet(id: string): SubnetView {
    const held = this.subnets.get(id);
    if (held !== undefined) return held;
    const { subnet, vnet } = findSubnet(this.fabric, id);
    const table = this.fabric.routeTables.find((candidate) => candidate.name === subnet.routeTable) ?? null;
    const active = effectiveRoutes(this.fabric, id).filter((route) => route.state === 'Active');
    const view: SubnetView = {
      id,
      prefix: subnet.prefix,
      vnet: this.vnet(vnet),
      nsg: this.nsg(subnet.nsg),
      routes: prefixMap(active.map((route) => [route.prefix, route])),
      unresolvedTag: unresolvedTagRoute(this.fabric, table),
      natGateway: this.fabric.natGateways.find((gateway) => gateway.name === subnet.natGateway) ?? null,
      defaultOutbound: subnet.defaultOutboundAccess,
      scope: this.scope(id, []),
    };
    this.subnets.set(id, view);
    return view;
  }

  private vnet(vnet: VNet): VNetView {
    const held = this.vnets.get(vnet.name);
    if (held !== undefined) return held;
    const map = this.maps.byVnet.get(vnet.name);
    if (map === undefined) throw new InvariantError(`no address map of ${vnet.name}`);
    const peers = new Map<string, PeerLink>();
    const view: VNetView = { vnet, map, ranges: prefixSet(vnet.prefixes), peers };
    this.vnets.set(vnet.name, view);
    for (const peer of peersOf(this.fabric, vnet.name)) {
      const remote = this.fabric.vnets.find((candidate) => candidate.name === peer);
      if (remote === undefined) continue;
      peers.set(peer, {
        vnet: this.vnet(remote),
        access: allowsAccess(this.fabric, vnet.name, peer),
        takesForwarded: peeringHalf(this.fabric, peer, vnet.name)?.allowForwardedTraffic === true,
      });
    }
    return view;
  }

  private nsg(name: string | null): CompiledNsg | null {
    const nsg = this.fabric.nsgs.find((candidate) => candidate.name === name);
    return nsg === undefined ? null : compileNsg(nsg, this.fabric.serviceTags);
  }

  private scope(id: string, overlays: readonly OverlayView[]): TagScope {
    const key = [id, ...overlays.map((view) => view.overlay.name)].join('\n');
    const held = this.scopes.get(key);
    if (held !== undefined) return held;
    const scope = this.newScope(id, overlays);
    this.scopes.set(key, scope);
    return scope;
  }

  /** @source service-tags-overview, VirtualNetwork */
  private newScope(id: string, overlays: readonly OverlayView[]): TagScope {
    const { fabric } = this;
    const { subnet, vnet } = findSubnet(fabric, id);
    const peers = peersOf(fabric, vnet.name).filter((peer) => peeringHalf(fabric, vnet.name, peer)?.allowVirtualNetworkAccess === true);
    const table = fabric.routeTables.find((candidate) => candidate.name === subnet.routeTable);
    const udrs = (table?.routes ?? []).flatMap(({ destination }) => (destination.kind === 'prefix' ? [destination.prefix] : []));
    const known = [
      ...vnet.prefixes,
      ...peers.flatMap((peer) => fabric.vnets.find((candidate) => candidate.name === peer)?.prefixes ?? []),
      ...gatewaysOf(fabric, vnet.name).flatMap((gateway) => gateway.prefixes),
      ...overlays.flatMap((view) => view.overlay.prefixes),
      WIRESERVER_PREFIX,
    ];
    return { virtualNetwork: prefixSet([...known, ...udrs]), notInternet: prefixSet([...known, ...udrs.filter((udr) => udr.len > 0)]) };
  }
}

const indexes = new WeakMap<Fabric, FabricIndex>();

/** The compiled form of a frozen fabric. @throws InvariantError when it is not frozen */
export function indexOf(fabric: Fabric): FabricIndex {
  const held = indexes.get(fabric);
  if (held !== undefined) return held;
  if (!Object.isFrozen(fabric)) throw new InvariantError('a fabric must be frozen before packets cross it');
  const index = new FabricIndex(fabric);
  indexes.set(fabric, index);
  return index;
}
