import { associate, addNatGateway } from '../../azure/edit-network.ts';
import { setNicNsg } from '../../azure/edit-nic.ts';
import { addNsg, addNsgRule, addRouteTable, addUdr } from '../../azure/edit-rules.ts';
import { ip } from '../../wire/ipv4.ts';
import type { World } from '../../world/world.ts';
import { fabricOf, nicOf, nsgRuleInput, subnetIdOf, udrInput } from '../azure/parts.ts';
import { OperationError, placeWithin } from '../operation/operation.ts';
import type { AzureSection, NatGatewayEntry, NsgEntry, RouteTableEntry } from '../schema/azure.ts';
import type { Path } from '../source/yaml.ts';

/** Says what is wrong with the piece at a path. */
export type Complain = (path: Path, message: string, expected: string) => void;

/**
 * Adds the pieces of Azure that a scenario describes beside the cluster. A route table or security group that exists gets the routes or
 * rules added.
 */
export function addAzurePieces(world: World, azure: AzureSection, complain: Complain): void {
  const each = <T>(section: string, entries: readonly T[] | undefined, add: (world: World, entry: T) => void): void => {
    for (const [index, entry] of (entries ?? []).entries()) {
      try {
        add(world, entry);
      } catch (error) {
        if (!(error instanceof OperationError)) throw error;
        complain(['azure', section, index, ...placeWithin(entry, error.said)], error.message, error.expected);
      }
    }
  };
  const fabric = world.fabric;
  if (fabric !== null) fabric.assumptions = { ...fabric.assumptions, ...azure.assumptions };
  each('routeTables', azure.routeTables, routeTable);
  each('nsgs', azure.nsgs, nsg);
  each('natGateways', azure.natGateways, natGateway);
}

function routeTable(world: World, { name, routes = [], subnets = [], disableBgpRoutePropagation = false }: RouteTableEntry): void {
  const fabric = fabricOf(world);
  const table = fabric.routeTables.find((one) => one.name === name) ?? addRouteTable(fabric, name, disableBgpRoutePropagation);
  for (const route of routes) {
    if (table.routes.some((one) => one.name === route.name))
      throw new OperationError(`${name} has a route ${route.name}`, 'a name of its own', route.name);
    addUdr(fabric, name, udrInput(route));
  }
  for (const subnet of subnets) associate(fabric, subnetIdOf(world, subnet), { routeTable: name });
}

function nsg(world: World, { name, rules = [], subnets = [], nics = [] }: NsgEntry): void {
  const fabric = fabricOf(world);
  const group = fabric.nsgs.find((one) => one.name === name) ?? addNsg(fabric, name);
  for (const rule of rules) {
    const clash = group.rules.find((one) => one.name === rule.name || (one.priority === rule.priority && one.direction === rule.direction));
    if (clash !== undefined)
      throw new OperationError(
        `${name} has a rule ${clash.name} of priority ${clash.priority}`,
        'a name and a priority of its own',
        clash.name === rule.name ? rule.name : rule.priority,
      );
    addNsgRule(fabric, name, nsgRuleInput(rule));
  }
  for (const subnet of subnets) associate(fabric, subnetIdOf(world, subnet), { nsg: name });
  for (const nic of nics) setNicNsg(fabric, nicOf(world, nic).name, name);
}

function natGateway(world: World, { name, publicIps, subnets = [], tcpIdleMinutes }: NatGatewayEntry): void {
  const fabric = fabricOf(world);
  if (fabric.natGateways.some((one) => one.name === name))
    throw new OperationError(`there is a NAT gateway ${name}`, 'a name of its own', name);
  addNatGateway(fabric, { name, publicIps: publicIps.map(ip), ...(tcpIdleMinutes === undefined ? {} : { tcpIdleMinutes }) });
  for (const subnet of subnets) associate(fabric, subnetIdOf(world, subnet), { natGateway: name });
}
