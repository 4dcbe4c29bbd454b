import * as z from 'zod';
import { associate } from '../../../azure/edit-network.ts';
import { setNicNsg } from '../../../azure/edit-nic.ts';
import { addNsg, addNsgRule, removeNsgRule } from '../../../azure/edit-rules.ts';
import { fabricOf, nicOf, nsgRuleInput, partOf, subnetIdOf } from '../../azure/parts.ts';
import { type NsgRuleEntry, nsgRuleEntry } from '../../schema/azure.ts';
import { name } from '../../schema/field.ts';
import { section } from '../../schema/section.ts';
import { type Operation, OperationError, operation } from '../operation.ts';

const nsg = name.describe('name of the security group');
const where = {
  subnet: z.string().max(160).exactOptional().describe('VNET/SUBNET, or a subnet of the cluster'),
  nic: z.string().max(160).exactOptional().describe('a NIC, or the node or virtual machine that has it'),
};
const addArgs: z.ZodType<{ nsg: string; rule: NsgRuleEntry }> = z.lazy(() => section({ nsg, rule: nsgRuleEntry.describe('the rule') }));
const removeArgs: z.ZodType<{ nsg: string; rule: string }> = z.lazy(() => section({ nsg, rule: name.describe('name of the rule') }));
const attachArgs: z.ZodType<{ nsg: string; subnet?: string; nic?: string }> = z.lazy(() => section({ nsg, ...where }));
const detachArgs: z.ZodType<{ subnet?: string; nic?: string }> = z.lazy(() => section(where));

/** A group that does not exist yet is created. */
export const addNsgRuleOperation: Operation = operation('add-nsg-rule', 'az network nsg rule create', addArgs, (args, { world }) => {
  const fabric = fabricOf(world);
  const { rules } = fabric.nsgs.find((one) => one.name === args.nsg) ?? addNsg(fabric, args.nsg);
  if (rules.some((rule) => rule.name === args.rule.name))
    throw new OperationError(`${args.nsg} has a rule ${args.rule.name}`, 'another name', args.rule.name);
  if (rules.some((rule) => rule.priority === args.rule.priority && rule.direction === args.rule.direction)) {
    throw new OperationError(
      `${args.nsg} has a rule of priority ${args.rule.priority}`,
      'a priority of its own in each direction',
      args.rule.priority,
    );
  }
  addNsgRule(fabric, args.nsg, nsgRuleInput(args.rule));
});

export const removeNsgRuleOperation: Operation = operation(
  'remove-nsg-rule',
  'az network nsg rule delete',
  removeArgs,
  (args, { world }) => {
    const fabric = fabricOf(world);
    partOf('rule', partOf('security group', fabric.nsgs, args.nsg).rules, args.rule, args.nsg);
    removeNsgRule(fabric, args.nsg, args.rule);
  },
);

export const attachNsg: Operation = operation('attach-nsg', 'a subnet or a NIC gets a security group', attachArgs, (args, { world }) => {
  const fabric = fabricOf(world);
  const { name: group } = fabric.nsgs.find((one) => one.name === args.nsg) ?? addNsg(fabric, args.nsg);
  if (args.subnet === undefined && args.nic === undefined) throw new OperationError('nothing to attach it to', 'subnet or nic');
  if (args.subnet !== undefined) associate(fabric, subnetIdOf(world, args.subnet), { nsg: group });
  if (args.nic !== undefined) setNicNsg(fabric, nicOf(world, args.nic).name, group);
});

export const detachNsg: Operation = operation('detach-nsg', 'a subnet or a NIC loses its security group', detachArgs, (args, { world }) => {
  const fabric = fabricOf(world);
  if (args.subnet === undefined && args.nic === undefined) throw new OperationError('nothing to take it from', 'subnet or nic');
  if (args.subnet !== undefined) associate(fabric, subnetIdOf(world, args.subnet), { nsg: null });
  if (args.nic !== undefined) setNicNsg(fabric, nicOf(world, args.nic).name, null);
});
