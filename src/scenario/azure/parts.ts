import type { Fabric, Nic } from '../../azure/fabric.ts';
import type { NsgRuleInput, UdrInput } from '../../azure/edit-rules.ts';
import type { AddressMatch, PortRange } from '../../azure/nsg.ts';
import { parseAddressMatch, parsePortRanges } from '../../azure/nsg-notation.ts';
import { ip } from '../../wire/ipv4.ts';
import { parsePrefix } from '../../wire/prefix.ts';
import type { World } from '../../world/world.ts';
import { list } from '../check/expectations.ts';
import { OperationError } from '../operation/operation.ts';
import type { NsgRuleEntry, UdrEntry } from '../schema/azure.ts';
import { didYouMean } from '../../wire/suggest.ts';

/** The fabric of a world. @throws OperationError when it has none */
export function fabricOf(world: World): Fabric {
  if (world.fabric === null) throw new OperationError('this world has no Azure fabric');
  return world.fabric;
}

/** The part of that name. @throws OperationError that lists the names there are */
export function partOf<T extends { readonly name: string }>(
  kind: string,
  parts: readonly T[],
  name: string,
  where = '',
  said: string = name,
): T {
  const found = parts.find((part) => part.name === name);
  if (found !== undefined) return found;
  const names = parts.map((part) => part.name);
  throw new OperationError(
    `there is no ${kind} ${name}${where === '' ? '' : ` in ${where}`}${didYouMean(name, names)}`,
    names.length === 0
      ? `the name of a ${kind}, and there is none${where === '' ? '' : ` in ${where}`}`
      : `one of ${names.slice(0, 8).join(', ')}`,
    said,
  );
}

/** `VNET/SUBNET` of a subnet that exists; a bare name is a subnet of the cluster's virtual network. @throws OperationError */
export function subnetIdOf(world: World, text: string): string {
  const fabric = fabricOf(world);
  const clusterVnet = world.cluster?.network.subnet.split('/')[0];
  const [first = '', second] = text.split('/');
  const vnetName = second === undefined ? clusterVnet : first;
  const vnet = partOf('virtual network', fabric.vnets, vnetName ?? '', '', text);
  return `${vnet.name}/${partOf('subnet', vnet.subnets, second ?? first, vnet.name, text).name}`;
}

/** A NIC by its own name, or by the name of the node or virtual machine that has it. @throws OperationError */
export function nicOf(world: World, text: string): Nic {
  const fabric = fabricOf(world);
  const machine = text.replace(/^(?:node|vm)\//, '');
  const nic = fabric.nics.find(({ name }) => name === text) ?? fabric.nics.find((one) => one.machine.split('/')[0] === machine);
  if (nic !== undefined) return nic;
  const names = fabric.nics.map(({ name }) => name);
  throw new OperationError(
    `there is no NIC ${text}${didYouMean(text, names)}`,
    `a NIC, a node or a virtual machine: ${names.slice(0, 8).join(', ')}`,
    text,
  );
}

/** A user-defined route as its editor takes it. @throws OperationError */
export function udrInput({ name, to, nextHopType, nextHopIp }: UdrEntry): UdrInput {
  if ((nextHopType === 'VirtualAppliance') !== (nextHopIp !== undefined)) {
    throw new OperationError(
      `route ${name}: nextHopIp belongs to VirtualAppliance and to nothing else`,
      nextHopIp === undefined ? 'nextHopIp' : 'no nextHopIp',
      nextHopIp ?? name,
    );
  }
  const match = parseAddressMatch(to);
  if (match === null || match.kind === 'asg') throw new OperationError(`route ${name}: "${to}"`, 'a prefix or a service tag', to);
  const destination = match.kind === 'tag' ? match.tag : (parsePrefix(to) ?? { addr: ip('0.0.0.0'), len: 0 });
  return { name, to: destination, nextHopType, ...(nextHopIp === undefined ? {} : { nextHopIp: ip(nextHopIp) }) };
}

/** An NSG rule as its editor takes it. @throws OperationError */
export function nsgRuleInput(entry: NsgRuleEntry): NsgRuleInput {
  const { name, priority, direction, access, protocol, source, sourcePorts, destination, ports } = entry;
  return {
    name,
    priority,
    direction,
    access,
    ...(protocol === undefined ? {} : { protocol }),
    ...(source === undefined ? {} : { sources: addresses(name, source) }),
    ...(sourcePorts === undefined ? {} : { sourcePorts: portRanges(name, sourcePorts) }),
    ...(destination === undefined ? {} : { destinations: addresses(name, destination) }),
    ...(ports === undefined ? {} : { destinationPorts: portRanges(name, ports) }),
  };
}

function addresses(rule: string, texts: string | string[]): AddressMatch[] {
  return list(texts).map((text) => {
    const match = parseAddressMatch(text);
    if (match === null) throw new OperationError(`rule ${rule}: "${text}"`, 'a prefix, an address, a service tag, or *', text);
    return match;
  });
}

function portRanges(rule: string, texts: string | number | (string | number)[]): PortRange[] {
  return list(texts).flatMap((text) => {
    const ranges = parsePortRanges(String(text));
    if (ranges === null) throw new OperationError(`rule ${rule}: "${text}"`, '*, a port or a range such as 8000-8999', text);
    return ranges;
  });
}
