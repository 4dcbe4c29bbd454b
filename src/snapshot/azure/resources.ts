import type { Field } from '../../kube/objects/field.ts';
import type { FabricGap } from '../../azure/fabric.ts';
import { subnetId } from '../../azure/subnet-id.ts';
import { MAX_ROWS, type Source } from '../read/source.ts';
import { type ResourceId, type ResourceType, idOf } from './resource-id.ts';

/** The resources that have a list of their own in `azure/`. */
type ListedType = 'virtualNetworks' | 'networkSecurityGroups' | 'routeTables' | 'natGateways' | 'publicIPAddresses' | 'loadBalancers';

const FILES: Readonly<Record<ListedType, string>> = {
  virtualNetworks: 'vnet',
  networkSecurityGroups: 'nsg',
  routeTables: 'route-table',
  natGateways: 'nat-gateway',
  publicIPAddresses: 'public-ip',
  loadBalancers: 'lb',
};

const NAME = /^[A-Za-z0-9_][\w.()-]{0,159}$/;

/** One resource of a list: its name in the fabric, which is its own unless another resource group has one of that name. */
export interface Resource {
  readonly name: string;
  readonly field: Field;
}

/** What the lists of `azure/` hold, and what they lack. Names are the fabric's: unique per kind. */
export class Resources {
  readonly source: Source;
  readonly gaps: FabricGap[] = [];
  readonly #lists = new Map<ListedType, readonly Resource[] | null>();
  readonly #names = new Map<string, string>();
  #subnets: ReadonlySet<string> | null = null;

  constructor(source: Source) {
    this.source = source;
    for (const type of TYPES) {
      const rows = source.rows(`azure/${FILES[type]}.json`);
      this.#lists.set(type, rows === null ? null : this.named(type, rows));
    }
  }

  /** The resources of one kind; null when their list was not collected. */
  list(type: ListedType): readonly Resource[] | null {
    return this.#lists.get(type) ?? null;
  }

  /** Gives each resource of a list its name in the fabric. */
  named(type: ResourceType, rows: readonly Field[], nameOf: (row: Field, id: ResourceId | null) => string | null = plainName): Resource[] {
    const taken = new Set<string>();
    return rows.slice(0, MAX_ROWS).flatMap((field) => {
      const id = idOf(field.get('id'));
      const own = nameOf(field, id);
      if (own === null) return [];
      const group = id?.name('resourceGroups') ?? null;
      const name = taken.has(own) && group !== null ? `${own}.${group}` : own;
      if (taken.has(name)) {
        field.get('name').fail(`two ${type} have this name`, 'a name of its own in each resource group');
        return [];
      }
      taken.add(name);
      if (id !== null) this.#names.set(id.key, name);
      return [{ name, field }];
    });
  }

  /** The name of the resource that an id means; null when its list was collected and does not have it, or was not collected. */
  nameOf(id: ResourceId, type: ResourceType): string | null {
    return this.#names.get(id.upTo(type)) ?? null;
  }

  /**
   * The name of a resource that another refers to. Where it is in no list the fabric has a gap: whoever meets it is UNKNOWN.
   * @returns null where there is no reference, or none that could be followed
   */
  referred(reference: Field, type: ListedType, at: FabricGap['at']): string | null {
    const id = idOf(reference.get('id'));
    if (id === null) return null;
    const name = this.nameOf(id, type);
    if (name === null) this.missing(type, id.name(type) ?? '', at);
    return name;
  }

  /** Whether `VNET/SUBNET` is in vnet.json. */
  hasSubnet(id: string): boolean {
    this.#subnets ??= new Set(
      (this.list('virtualNetworks') ?? []).flatMap(({ name, field }) =>
        field
          .get('subnets')
          .items(MAX_ROWS)
          .map((subnet) => subnetId(name, String(subnet.get('name').value))),
      ),
    );
    return this.#subnets.has(id);
  }

  /** Records that a resource which is used is not in the dump. */
  missing(type: ListedType, name: string, at: FabricGap['at']): void {
    const file = `azure/${FILES[type]}.json`;
    const text =
      this.list(type) === null ? `${file} was not collected, and ${name} is used` : `${file} does not hold ${name}, which is used`;
    this.gap({ reason: 'NOT_COLLECTED', text, at });
  }

  gap(gap: FabricGap): void {
    const same = (one: FabricGap): boolean => one.text === gap.text && JSON.stringify(one.at) === JSON.stringify(gap.at);
    if (!this.gaps.some(same)) this.gaps.push(gap);
  }
}

const TYPES = [
  'virtualNetworks',
  'networkSecurityGroups',
  'routeTables',
  'natGateways',
  'publicIPAddresses',
  'loadBalancers',
] as const satisfies readonly ListedType[];

function plainName(row: Field): string | null {
  return resourceName(row.get('name'));
}

/** The name of a resource, or of a part of one. */
export function resourceName(field: Field): string | null {
  return field.required('a name').matching(NAME, 'a name of letters, digits and . _ -', 160);
}
