import type { Ipv4 } from '../wire/ipv4.ts';
import type { CaRow, Fabric, Nic, PrivateEndpoint, VNet } from './fabric.ts';
import type { Frontend, LoadBalancer } from './load-balancer.ts';
import { memo } from './memo.ts';
import { type PrefixMap, prefixMap } from './prefix-map.ts';
import { vnetOf } from './subnet-id.ts';

/** What stands at an address of a VNet besides NICs. */
export type Fixture =
  | { readonly kind: 'frontend'; readonly lb: LoadBalancer; readonly frontend: Frontend }
  | { readonly kind: 'endpoint'; readonly endpoint: PrivateEndpoint };

/** The customer addresses of one VNet: which NIC or fixture has each. */
export interface AddressMap {
  /** NIC ordinals; a fixture is `-1 - its index`. */
  readonly addresses: ReadonlyMap<number, number>;
  readonly rows: PrefixMap<CaRow>;
}

export interface AddressMaps {
  readonly ordinals: ReadonlyMap<string, number>;
  readonly byVnet: ReadonlyMap<string, AddressMap>;
  readonly fixtures: readonly Fixture[];
  /** NICs that hold rows of the address map. */
  readonly rowHolders: ReadonlySet<string>;
}

const compile = memo((nics: Nic[], vnets: VNet[], caMap: CaRow[], lbs: LoadBalancer[], endpoints: PrivateEndpoint[]): AddressMaps => {
  const fixtures: Fixture[] = [];
  const addresses = new Map(vnets.map((vnet) => [vnet.name, new Map<number, number>()]));
  const claim = (subnet: string, addr: Ipv4, code: number): void => {
    const map = addresses.get(vnetOf(subnet));
    if (map !== undefined && !map.has(addr)) map.set(addr, code);
  };
  nics.forEach((nic, ordinal) => {
    for (const ipconfig of nic.ipconfigs) claim(nic.subnet, ipconfig.addr, ordinal);
  });
  const place = (subnet: string, addr: Ipv4, fixture: Fixture): void => {
    fixtures.push(fixture);
    claim(subnet, addr, -fixtures.length);
  };
  for (const lb of lbs) {
    for (const frontend of lb.frontends) {
      if (frontend.subnet !== null) place(frontend.subnet, frontend.addr, { kind: 'frontend', lb, frontend });
    }
  }
  for (const endpoint of endpoints) place(endpoint.subnet, endpoint.addr, { kind: 'endpoint', endpoint });
  return {
    ordinals: new Map(nics.map((nic, ordinal) => [nic.name, ordinal])),
    byVnet: new Map(
      [...addresses].map(([vnet, map]) => {
        const rows = caMap.filter((row) => vnetOf(row.subnet) === vnet);
        return [vnet, { addresses: map, rows: prefixMap(rows.map((row) => [row.prefix, row])) }];
      }),
    ),
    fixtures,
    rowHolders: new Set(caMap.map((row) => row.nic)),
  };
});

/** Compiles the address maps of all VNets; cached while NICs, VNets, load balancers and endpoints stay as they are. */
export function addressMaps(fabric: Fabric): AddressMaps {
  return compile(fabric.nics, fabric.vnets, fabric.caMap, fabric.loadBalancers, fabric.privateEndpoints);
}
