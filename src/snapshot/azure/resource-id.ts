import { vnetOf } from '../../azure/subnet-id.ts';
import type { Field } from '../../kube/objects/field.ts';
import { type Ipv4, formatIpv4 } from '../../wire/ipv4.ts';

/** The kinds of resources that others refer to, as they stand in a resource id. */
export type ResourceType =
  | 'virtualNetworks'
  | 'subnets'
  | 'networkSecurityGroups'
  | 'routeTables'
  | 'natGateways'
  | 'publicIPAddresses'
  | 'networkInterfaces'
  | 'ipConfigurations'
  | 'loadBalancers'
  | 'frontendIPConfigurations'
  | 'backendAddressPools'
  | 'probes';

/** A resource id of Azure Resource Manager, by the type names in it. Types are compared without regard to case, as Azure does. */
export class ResourceId {
  readonly #parts = new Map<string, string>();
  /** The id, in lower case: two ids are the same resource when these are equal. */
  readonly key: string;

  constructor(text: string) {
    this.key = text.toLowerCase();
    const words = text.split('/').filter((word) => word !== '');
    for (let i = 0; i + 1 < words.length; i += 2) {
      // `providers/Microsoft.Network/virtualNetworks/x`: the provider is the value of `providers`.
      this.#parts.set((words[i] ?? '').toLowerCase(), words[i + 1] ?? '');
    }
  }

  name(type: ResourceType | 'resourceGroups' | 'virtualMachineScaleSets' | 'virtualMachines'): string | null {
    return this.#parts.get(type.toLowerCase()) ?? null;
  }

  /** The id of the resource that this one lies in: everything up to and with the name of that type. */
  upTo(type: ResourceType): string {
    const name = this.name(type);
    const end = name === null ? -1 : this.key.indexOf(`/${type.toLowerCase()}/${name.toLowerCase()}`);
    return end < 0 ? this.key : this.key.slice(0, end + type.length + (name ?? '').length + 2);
  }
}

const ID = /^\/subscriptions\/[\w-]{1,64}\/resourceGroups\/[^/\s]{1,90}\/providers\/[\w.]{1,64}(?:\/[^/\s]{1,260}){2,12}$/i;

/** The id of a resource, or null when absent or (a problem) something else. */
export function idOf(field: Field): ResourceId | null {
  return field.parsed(
    (text) => (ID.test(text) ? new ResourceId(text) : null),
    'a resource id: /subscriptions/…/resourceGroups/…/providers/…',
  );
}

/** The id that a reference such as `"subnet": {"id": …}` holds. */
export function refOf(field: Field): ResourceId | null {
  return idOf(field.get('id'));
}

/** Ids of exported resources: they need a subscription and a group, and nobody looks at either. */
const SUBSCRIPTION = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/podwalk/providers/Microsoft.Network';

/** The id under which an export names a resource: pairs of type and name, outermost first. */
export function exportedId(...path: readonly (readonly [ResourceType, string])[]): string {
  return path.reduce((id, [type, name]) => `${id}/${type}/${name}`, SUBSCRIPTION);
}

/** @param id `VNET/SUBNET` */
export function subnetResource(id: string): string {
  return exportedId(['virtualNetworks', vnetOf(id)], ['subnets', id.slice(id.indexOf('/') + 1)]);
}

export function ipconfigResource(nic: string, ipconfig: string): string {
  return exportedId(['networkInterfaces', nic], ['ipConfigurations', ipconfig]);
}

/** The name that a public address is exported under: the fabric has only the address. */
export function publicIpName(addr: Ipv4): string {
  return `pip-${formatIpv4(addr).replaceAll('.', '-')}`;
}

export function publicIpResource(addr: Ipv4): string {
  return exportedId(['publicIPAddresses', publicIpName(addr)]);
}
