import { InvariantError } from '../wire/invariant.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import type { Fabric, IpConfig, Nic } from './fabric.ts';
import { addNamed, named, nicNamed, removeNamed } from './find.ts';

export type IpConfigInput = Pick<IpConfig, 'addr'> & Partial<IpConfig>;
export type NicInput = Pick<Nic, 'name' | 'mac' | 'machine' | 'subnet'> & {
  /** The first is the primary one unless another says so. */
  readonly ipconfigs: readonly IpConfigInput[];
  readonly enableIPForwarding?: boolean;
  readonly nsg?: string | null;
};

/** Attaches a NIC to a subnet. @throws InvariantError when the name is taken or there is no ipconfig */
export function addNic(fabric: Fabric, input: NicInput): Nic {
  if (input.ipconfigs.length === 0) throw new InvariantError(`NIC ${input.name} needs an ipconfig`);
  const primaryAt = Math.max(
    0,
    input.ipconfigs.findIndex((ipconfig) => ipconfig.primary === true),
  );
  return addNamed('NIC', fabric.nics, {
    name: input.name,
    mac: input.mac,
    machine: input.machine,
    subnet: input.subnet,
    ipconfigs: input.ipconfigs.map((ipconfig, i) => ({ name: `ipconfig${i + 1}`, publicIp: null, ...ipconfig, primary: i === primaryAt })),
    enableIPForwarding: input.enableIPForwarding ?? false,
    nsg: input.nsg ?? null,
  });
}

/** Detaches a NIC, and with it its places in pools, overlays and the address map. UDRs that lead to it stay, as in Azure. */
export function removeNic(fabric: Fabric, name: string): boolean {
  if (!removeNamed(fabric.nics, name)) return false;
  fabric.caMap = fabric.caMap.filter((row) => row.nic !== name);
  for (const overlay of fabric.overlays) overlay.nodes = overlay.nodes.filter((node) => node.nic !== name);
  for (const lb of fabric.loadBalancers) {
    for (const pool of lb.pools) pool.members = pool.members.filter((member) => member.nic !== name);
  }
  return true;
}

/** Adds a secondary ipconfig. */
export function addIpconfig(fabric: Fabric, nic: string, input: IpConfigInput): IpConfig {
  const { ipconfigs } = nicNamed(fabric, nic);
  return addNamed('ipconfig', ipconfigs, { name: `ipconfig${ipconfigs.length + 1}`, publicIp: null, ...input, primary: false });
}

/** Removes a secondary ipconfig. @throws InvariantError for the primary one */
export function removeIpconfig(fabric: Fabric, nic: string, name: string): boolean {
  const { ipconfigs } = nicNamed(fabric, nic);
  if (ipconfigs.some((ipconfig) => ipconfig.name === name && ipconfig.primary)) {
    throw new InvariantError(`ipconfig ${name} of ${nic} is the primary one`);
  }
  return removeNamed(ipconfigs, name);
}

export function setIPForwarding(fabric: Fabric, nic: string, on: boolean): void {
  nicNamed(fabric, nic).enableIPForwarding = on;
}

export function setNicNsg(fabric: Fabric, nic: string, nsg: string | null): void {
  nicNamed(fabric, nic).nsg = nsg;
}

/** Gives an ipconfig an instance-level public address, or takes it away. */
export function setPublicIp(fabric: Fabric, nic: string, ipconfig: string, publicIp: Ipv4 | null): void {
  named('ipconfig', nicNamed(fabric, nic).ipconfigs, ipconfig).publicIp = publicIp;
}
