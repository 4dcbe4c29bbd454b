import type { BackendPool, Distribution, LbProtocol, LoadBalancer } from '../../azure/load-balancer.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { JsonRow } from '../write/json-row.ts';
import { type ResourceType, exportedId, ipconfigResource, publicIpResource, subnetResource } from './resource-id.ts';

const PROTOCOLS: Readonly<Record<LbProtocol, string>> = { tcp: 'Tcp', udp: 'Udp', all: 'All' };
const DISTRIBUTIONS: Readonly<Record<Distribution, string>> = {
  default: 'Default',
  sourceIp: 'SourceIP',
  sourceIpProtocol: 'SourceIPProtocol',
};

/** A load balancer as `az network lb list` prints it. */
export function lbRow(lb: LoadBalancer): JsonRow {
  const part = (type: ResourceType, name: string): JsonRow => ({ id: exportedId(['loadBalancers', lb.name], [type, name]) });
  const frontend = (name: string): JsonRow => part('frontendIPConfigurations', name);
  const pool = (name: string): JsonRow => part('backendAddressPools', name);
  return {
    name: lb.name,
    id: exportedId(['loadBalancers', lb.name]),
    sku: { name: 'Standard' },
    frontendIPConfigurations: lb.frontends.map(({ name, addr, subnet }) => ({
      name,
      ...frontend(name),
      ...(subnet === null
        ? { publicIPAddress: { id: publicIpResource(addr) } }
        : { privateIPAddress: formatIpv4(addr), subnet: { id: subnetResource(subnet) } }),
    })),
    backendAddressPools: lb.pools.map((one) => ({ name: one.name, ...pool(one.name), ...members(one) })),
    loadBalancingRules: lb.rules.map((rule) => ({
      name: rule.name,
      frontendIPConfiguration: frontend(rule.frontend),
      backendAddressPool: pool(rule.pool),
      protocol: PROTOCOLS[rule.protocol],
      frontendPort: rule.frontendPort,
      backendPort: rule.backendPort,
      enableFloatingIP: rule.floatingIp,
      loadDistribution: DISTRIBUTIONS[rule.distribution],
      ...(rule.probe === null ? {} : { probe: part('probes', rule.probe) }),
      idleTimeoutInMinutes: rule.idleMinutes,
      enableTcpReset: rule.tcpReset,
      disableOutboundSnat: rule.disableOutboundSnat,
    })),
    inboundNatRules: lb.inboundNatRules.map((rule) => ({
      name: rule.name,
      frontendIPConfiguration: frontend(rule.frontend),
      backendIPConfiguration: { id: ipconfigResource(rule.nic, rule.ipconfig) },
      protocol: PROTOCOLS[rule.protocol],
      frontendPort: rule.frontendPort,
      backendPort: rule.backendPort,
      enableFloatingIP: rule.floatingIp,
      idleTimeoutInMinutes: rule.idleMinutes,
    })),
    probes: lb.probes.map((probe) => ({
      name: probe.name,
      ...part('probes', probe.name),
      protocol: `${probe.protocol.charAt(0).toUpperCase()}${probe.protocol.slice(1)}`,
      port: probe.port,
      ...(probe.path === null ? {} : { requestPath: probe.path }),
      intervalInSeconds: probe.intervalSeconds,
      probeThreshold: probe.threshold,
    })),
    outboundRules: lb.outboundRules.map((rule) => ({
      name: rule.name,
      frontendIPConfigurations: rule.frontends.map(frontend),
      backendAddressPool: pool(rule.pool),
      protocol: PROTOCOLS[rule.protocol],
      allocatedOutboundPorts: rule.allocatedPorts,
      idleTimeoutInMinutes: rule.idleMinutes,
      enableTcpReset: rule.tcpReset,
    })),
  };
}

/** Members stand under their NICs; the state that an administrator has set is with the address. */
function members({ members: list }: BackendPool): JsonRow {
  const states = list.filter(({ adminState }) => adminState !== 'none');
  return {
    backendIPConfigurations: list.map(({ nic, ipconfig }) => ({ id: ipconfigResource(nic, ipconfig) })),
    loadBalancerBackendAddresses: states.map(({ nic, ipconfig, adminState }) => ({
      name: `${nic}_${ipconfig}`,
      networkInterfaceIPConfiguration: { id: ipconfigResource(nic, ipconfig) },
      adminState: adminState === 'up' ? 'Up' : 'Down',
    })),
  };
}
