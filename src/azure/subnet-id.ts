/** A subnet's id: `VNET/SUBNET`. */
export type SubnetId = string;

export function subnetId(vnet: string, subnet: string): SubnetId {
  return `${vnet}/${subnet}`;
}

/** The VNet part of a subnet's id. */
export function vnetOf(id: SubnetId): string {
  return id.slice(0, id.indexOf('/'));
}
