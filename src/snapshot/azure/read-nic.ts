import type { CaRow, IpConfig, Nic } from '../../azure/fabric.ts';
import { subnetId } from '../../azure/subnet-id.ts';
import type { Field } from '../../kube/objects/field.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import { type Mac, ZERO_MAC, parseMac } from '../../wire/mac.ts';
import { prefixOf } from '../../wire/prefix.ts';
import { ipv4Of } from '../read/scalar.ts';
import { type ResourceId, refOf } from './resource-id.ts';
import { type Resources, resourceName } from './resources.ts';

/** NICs with the blocks of addresses that they hold besides their own. */
export interface NicsDump {
  readonly nics: Nic[];
  readonly blocks: CaRow[];
  /** The ipconfigs by the lower-case id under which load balancers refer to them. */
  readonly byId: ReadonlyMap<string, IpConfigRef>;
}

export interface IpConfigRef {
  readonly nic: string;
  readonly ipconfig: string;
}

/** Reads `az network nic list` and `az vmss nic list`. */
export function readNics(resources: Resources, publicAddress: (reference: Field) => Ipv4 | null): NicsDump {
  const { source } = resources;
  const rows = [...(source.rows('azure/nic.json') ?? []), ...(source.rows('azure/vmss-nic.json') ?? [])];
  const nics: Nic[] = [];
  const blocks: CaRow[] = [];
  const byId = new Map<string, IpConfigRef>();
  for (const { name, field } of resources.named('networkInterfaces', rows, nicName)) {
    const ipconfigs: IpConfig[] = [];
    let subnet: string | null = null;
    for (const config of field.get('ipConfigurations').items(10_000)) {
      if (config.get('privateIPAddressVersion').value === 'IPv6') continue;
      const called = resourceName(config.get('name'));
      const addr = ipv4Of(config.get('privateIPAddress'));
      const at = readSubnet(resources, config.get('subnet'));
      if (called === null || addr === null || at === null) continue;
      const id = refOf(config);
      if (id !== null) byId.set(id.key, { nic: name, ipconfig: called });
      const len = config.get('privateIPAddressPrefixLength').int(0, 32) ?? 32;
      if (len < 32) blocks.push({ prefix: prefixOf(addr, len), nic: name, subnet: at });
      else {
        subnet ??= at;
        ipconfigs.push({
          name: called,
          addr,
          primary: config.get('primary').bool(false),
          publicIp: publicAddress(config.get('publicIPAddress')),
        });
      }
    }
    if (subnet === null) {
      field.fail(`NIC ${name} has no IPv4 address in a subnet of vnet.json`, 'ipConfigurations with privateIPAddress and subnet');
      continue;
    }
    if (!ipconfigs.some(({ primary }) => primary))
      ipconfigs.splice(0, 1, ...ipconfigs.slice(0, 1).map((first) => ({ ...first, primary: true })));
    nics.push({
      name,
      mac: macOfNic(field.get('macAddress')) ?? ZERO_MAC,
      machine: '',
      subnet,
      ipconfigs,
      enableIPForwarding: forwarding(field),
      nsg: resources.referred(field.get('networkSecurityGroup'), 'networkSecurityGroups', { kind: 'nic', nic: name }),
    });
  }
  return { nics, blocks, byId };
}

/** The instances of a scale set call their NICs alike: the instance makes the name unique. */
function nicName(field: Field, id: ResourceId | null): string | null {
  const name = resourceName(field.get('name'));
  const set = id?.name('virtualMachineScaleSets') ?? null;
  const instance = id?.name('virtualMachines') ?? null;
  return name === null || set === null || instance === null ? name : `${set}_${instance}.${name}`;
}

/** `az` has spelled it both ways. */
function forwarding(field: Field): boolean {
  const now = field.get('enableIPForwarding');
  return (now.present ? now : field.get('enableIpForwarding')).bool(false);
}

/** `60-45-BD-…`. A stopped machine's NIC may have none. */
function macOfNic(field: Field): Mac | null {
  if (field.value === '') return null;
  return field.parsed((text) => parseMac(text.replaceAll('-', ':')), 'an Ethernet address such as 60-45-BD-00-00-01');
}

/** `VNET/SUBNET` of a reference to a subnet that exists. */
export function readSubnet(resources: Resources, reference: Field): string | null {
  const id = refOf(reference);
  if (id === null) return null;
  const vnet = resources.nameOf(id, 'virtualNetworks');
  const subnet = id.name('subnets');
  if (vnet !== null && subnet !== null && resources.hasSubnet(subnetId(vnet, subnet))) return subnetId(vnet, subnet);
  reference.fail('this subnet is not in vnet.json', 'the id of a subnet of azure/vnet.json');
  return null;
}
