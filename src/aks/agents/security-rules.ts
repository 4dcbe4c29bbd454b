import type { Fabric } from '../../azure/fabric.ts';
import type { AddressMatch, Nsg, NsgRule } from '../../azure/nsg.ts';
import { ipv4Only } from '../../kube/objects/address.ts';
import { type Service, isFloatingIpDisabled, isInternalLoadBalancer } from '../../kube/objects/service.ts';
import { parsePrefix } from '../../wire/prefix.ts';
import type { Cluster } from '../../world/cluster.ts';
import { frontendAddress, frontendName, isServiceName, securityRuleName } from './load-balancer-names.ts';

/** Where the priorities of the controller's rules begin and end. @source cloud-provider-azure LoadBalancerMinimumPriority */
const FIRST_PRIORITY = 500;
const LAST_PRIORITY = 4096;

/**
 * Lets clients through to the load balancer's frontends: one Allow rule for each port and source. A rule keeps the priority that it has.
 * The security group of a subnet is never touched.
 * @source cloud-provider-azure reconcileSecurityGroup
 */
export function syncSecurityRules(fabric: Fabric, cluster: Cluster, services: readonly Service[]): void {
  const nsg = fabric.nsgs.find((one) => one.name === cluster.network.names.nsg);
  if (nsg === undefined) return;
  const kept = nsg.rules.filter((rule) => !isServiceName(rule.name));
  const before = new Map(nsg.rules.map((rule) => [rule.name, rule.priority]));
  const wanted = services.flatMap((service) => rulesOf(service, cluster));
  const taken = new Set(kept.filter((rule) => rule.direction === 'Inbound').map((rule) => rule.priority));
  for (const rule of wanted) taken.add(before.get(rule.name) ?? 0);
  let next = FIRST_PRIORITY;
  const rules = wanted.flatMap((rule): NsgRule[] => {
    const known = before.get(rule.name);
    if (known !== undefined) return [{ ...rule, priority: known }];
    while (taken.has(next)) next++;
    if (next > LAST_PRIORITY) return [];
    taken.add(next);
    return [{ ...rule, priority: next }];
  });
  if (!isSame(nsg, [...kept, ...rules])) nsg.rules = [...kept, ...rules];
}

function isSame(nsg: Nsg, rules: readonly NsgRule[]): boolean {
  return nsg.rules.length === rules.length && JSON.stringify(nsg.rules) === JSON.stringify(rules);
}

function rulesOf(service: Service, cluster: Cluster): Omit<NsgRule, 'priority'>[] {
  const addr = frontendAddress(service);
  if (addr === null) return [];
  const frontend = frontendName(service);
  const direct = isFloatingIpDisabled(service);
  const destinations: AddressMatch[] = direct
    ? Object.values(cluster.nodes).map((node) => ({ kind: 'prefix', prefix: { addr: node.addr, len: 32 } }))
    : [{ kind: 'prefix', prefix: { addr, len: 32 } }];
  return sourcesOf(service).flatMap(([text, source]) =>
    service.ports
      .filter((port) => port.protocol !== 'SCTP')
      .map((port): Omit<NsgRule, 'priority'> => {
        const number = direct ? port.nodePort : port.port;
        return {
          name: securityRuleName(frontend, port, text),
          direction: 'Inbound',
          access: 'Allow',
          protocol: port.protocol === 'UDP' ? 'Udp' : 'Tcp',
          sources: [source],
          sourcePorts: [{ from: 0, to: 65_535 }],
          destinations,
          destinationPorts: [{ from: number, to: number }],
        };
      }),
  );
}

/** Everybody, or the `loadBalancerSourceRanges`. An internal frontend that is open to all needs no rule beyond the default ones. */
function sourcesOf(service: Service): [text: string, match: AddressMatch][] {
  const ranges = ipv4Only(service.loadBalancerSourceRanges).filter((text) => text !== '0.0.0.0/0');
  if (ranges.length === 0) return isInternalLoadBalancer(service) ? [] : [['Internet', { kind: 'tag', tag: 'Internet' }]];
  return ranges.flatMap((text): [string, AddressMatch][] => {
    const prefix = parsePrefix(text);
    return prefix === null ? [] : [[text, { kind: 'prefix', prefix }]];
  });
}
