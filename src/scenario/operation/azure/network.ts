import * as z from 'zod';
import { addPeering, removePeering } from '../../../azure/edit-network.ts';
import { setIPForwarding } from '../../../azure/edit-nic.ts';
import { fabricOf, nicOf, partOf } from '../../azure/parts.ts';
import { peeringFlags } from '../../schema/azure.ts';
import { name } from '../../schema/field.ts';
import { section } from '../../schema/section.ts';
import { type Operation, OperationError, operation } from '../operation.ts';

const forwardingArgs: z.ZodType<{ nic: string; on: boolean }> = z.lazy(() =>
  section({
    nic: z.string().max(160).describe('a NIC, or the node or virtual machine that has it'),
    on: z.boolean().describe('true: the NIC may send what is not from its own address'),
  }),
);
const pair = { vnet: name.describe('the virtual network to which the half belongs'), remote: name.describe('the other one') };
const peeringArgs: z.ZodType<{ vnet: string; remote: string }> = z.lazy(() => section(pair));
const settingsArgs: z.ZodType<{
  vnet: string;
  remote: string;
  allowVirtualNetworkAccess?: boolean;
  allowForwardedTraffic?: boolean;
  allowGatewayTransit?: boolean;
  useRemoteGateways?: boolean;
}> = z.lazy(() => section({ ...pair, ...peeringFlags }));

export const nicForwarding: Operation = operation(
  'nic-forwarding',
  'az network nic update --ip-forwarding',
  forwardingArgs,
  (args, { world }) => {
    setIPForwarding(fabricOf(world), nicOf(world, args.nic).name, args.on);
  },
);

export const addPeeringOperation: Operation = operation('add-peering', 'one half of a peering', settingsArgs, (args, { world }) => {
  const fabric = fabricOf(world);
  for (const vnet of [args.vnet, args.remote]) partOf('virtual network', fabric.vnets, vnet);
  if (fabric.peerings.some((one) => one.vnet === args.vnet && one.remote === args.remote)) {
    throw new OperationError(`${args.vnet} is peered with ${args.remote} already`, 'set-peering', args.remote);
  }
  addPeering(fabric, args);
});

export const removePeeringOperation: Operation = operation(
  'remove-peering',
  'az network vnet peering delete: a connected other half is Disconnected',
  peeringArgs,
  ({ vnet, remote }, { world }) => {
    if (!removePeering(fabricOf(world), vnet, remote))
      throw new OperationError(`${vnet} has no peering with ${remote}`, 'a half that exists', remote);
  },
);

export const setPeering: Operation = operation('set-peering', 'az network vnet peering update', settingsArgs, (args, { world }) => {
  const { vnet, remote, ...settings } = args;
  const half = fabricOf(world).peerings.find((one) => one.vnet === vnet && one.remote === remote);
  if (half === undefined) throw new OperationError(`${vnet} has no peering with ${remote}`, 'a half that exists', remote);
  Object.assign(half, settings);
});
