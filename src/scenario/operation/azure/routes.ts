import * as z from 'zod';
import { associate } from '../../../azure/edit-network.ts';
import { addUdr, removeUdr } from '../../../azure/edit-rules.ts';
import { fabricOf, partOf, subnetIdOf, udrInput } from '../../azure/parts.ts';
import { type UdrEntry, udrEntry } from '../../schema/azure.ts';
import { name } from '../../schema/field.ts';
import { section } from '../../schema/section.ts';
import { type Operation, OperationError, operation } from '../operation.ts';

const table = name.describe('name of the route table');
const subnet = z.string().max(160).describe('VNET/SUBNET, or a subnet of the cluster');
const addArgs: z.ZodType<{ table: string; route: UdrEntry }> = z.lazy(() => section({ table, route: udrEntry.describe('the route') }));
const removeArgs: z.ZodType<{ table: string; route: string }> = z.lazy(() => section({ table, route: name.describe('name of the route') }));
const attachArgs: z.ZodType<{ table: string; subnet: string }> = z.lazy(() => section({ table, subnet }));
const detachArgs: z.ZodType<{ subnet: string }> = z.lazy(() => section({ subnet }));

export const addUdrOperation: Operation = operation('add-udr', 'az network route-table route create', addArgs, (args, { world }) => {
  const fabric = fabricOf(world);
  const { name: tableName, routes } = partOf('route table', fabric.routeTables, args.table);
  if (routes.some((route) => route.name === args.route.name))
    throw new OperationError(`${tableName} has a route ${args.route.name}`, 'another name', args.route.name);
  addUdr(fabric, tableName, udrInput(args.route));
});

export const changeUdr: Operation = operation('change-udr', 'az network route-table route update', addArgs, (args, { world }) => {
  const fabric = fabricOf(world);
  const { routes } = partOf('route table', fabric.routeTables, args.table);
  partOf('route', routes, args.route.name, args.table);
  removeUdr(fabric, args.table, args.route.name);
  addUdr(fabric, args.table, udrInput(args.route));
});

export const removeUdrOperation: Operation = operation(
  'remove-udr',
  'az network route-table route delete',
  removeArgs,
  (args, { world }) => {
    const fabric = fabricOf(world);
    partOf('route', partOf('route table', fabric.routeTables, args.table).routes, args.route, args.table);
    removeUdr(fabric, args.table, args.route);
  },
);

export const attachRouteTable: Operation = operation(
  'attach-route-table',
  'az network vnet subnet update --route-table',
  attachArgs,
  (args, { world }) => {
    const fabric = fabricOf(world);
    associate(fabric, subnetIdOf(world, args.subnet), { routeTable: partOf('route table', fabric.routeTables, args.table).name });
  },
);

export const detachRouteTable: Operation = operation(
  'detach-route-table',
  'the subnet loses its route table',
  detachArgs,
  (args, { world }) => associate(fabricOf(world), subnetIdOf(world, args.subnet), { routeTable: null }),
);
