import type { Nic } from '../../azure/fabric.ts';
import type {
  BackendPool,
  Distribution,
  Frontend,
  InboundNatRule,
  LbProtocol,
  LbRule,
  LoadBalancer,
  OutboundRule,
  PoolMember,
  Probe,
} from '../../azure/load-balancer.ts';
import type { Field } from '../../kube/objects/field.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import { ipv4Of } from '../read/scalar.ts';
import { MAX_ROWS } from '../read/source.ts';
import { type IpConfigRef, type NicsDump, readSubnet } from './read-nic.ts';
import { type ResourceType, refOf } from './resource-id.ts';
import { type Resources, resourceName } from './resources.ts';

/** Reads `az network lb list`. */
export function readLoadBalancers(resources: Resources, dump: NicsDump, publicAddress: (reference: Field) => Ipv4 | null): LoadBalancer[] {
  const members = new Members(dump, resources);
  return (resources.list('loadBalancers') ?? []).map(({ name, field }): LoadBalancer => {
    const frontends = field
      .get('frontendIPConfigurations')
      .items(1000)
      .flatMap((one) => readFrontend(resources, one, publicAddress));
    return {
      name,
      internal: frontends.some(({ subnet }) => subnet !== null),
      frontends,
      pools: named(field.get('backendAddressPools'), (one, called): BackendPool => ({ name: called, members: members.of(one) })),
      rules: named(field.get('loadBalancingRules'), readRule),
      inboundNatRules: field
        .get('inboundNatRules')
        .items(MAX_ROWS)
        .flatMap((one) => readNatRule(one, dump.byId, resources)),
      probes: named(field.get('probes'), readProbe),
      outboundRules: named(field.get('outboundRules'), readOutboundRule),
    };
  });
}

function named<T>(list: Field, read: (field: Field, name: string) => T): T[] {
  return list.items(MAX_ROWS).flatMap((field) => {
    const name = resourceName(field.get('name'));
    return name === null ? [] : [read(field, name)];
  });
}

function readFrontend(resources: Resources, field: Field, publicAddress: (reference: Field) => Ipv4 | null): Frontend[] {
  const name = resourceName(field.get('name'));
  if (name === null || field.get('privateIPAddressVersion').value === 'IPv6') return [];
  const subnet = readSubnet(resources, field.get('subnet'));
  const addr = subnet === null ? publicAddress(field.get('publicIPAddress')) : ipv4Of(field.get('privateIPAddress'));
  return addr === null ? [] : [{ name, addr, subnet }];
}

/** Finds the NICs behind pools, whichever way a pool names them. */
class Members {
  readonly #byId: ReadonlyMap<string, IpConfigRef>;
  readonly #byAddress = new Map<Ipv4, IpConfigRef>();
  readonly #resources: Resources;

  constructor({ nics, byId }: NicsDump, resources: Resources) {
    this.#byId = byId;
    this.#resources = resources;
    for (const nic of nics) this.#add(nic);
  }

  #add({ name, ipconfigs }: Nic): void {
    for (const { name: ipconfig, addr } of ipconfigs) if (!this.#byAddress.has(addr)) this.#byAddress.set(addr, { nic: name, ipconfig });
  }

  of(pool: Field): PoolMember[] {
    const found = new Map<string, PoolMember>();
    const add = (ref: IpConfigRef | undefined, adminState: PoolMember['adminState']): void => {
      if (ref !== undefined) found.set(`${ref.nic} ${ref.ipconfig}`, { ...ref, adminState });
      else
        this.#resources.gap({
          reason: 'NOT_COLLECTED',
          text: `a member of pool ${String(pool.get('name').text(160))} is in no NIC list`,
          at: { kind: 'public' },
        });
    };
    for (const config of pool.get('backendIPConfigurations').items(MAX_ROWS)) add(this.#byId.get(refOf(config)?.key ?? ''), 'none');
    for (const address of pool.get('loadBalancerBackendAddresses').items(MAX_ROWS)) {
      const id = refOf(address.get('networkInterfaceIPConfiguration'));
      const ip = ipv4Of(address.get('ipAddress'));
      const ref = (id === null ? undefined : this.#byId.get(id.key)) ?? (ip === null ? undefined : this.#byAddress.get(ip));
      add(ref, adminState(address.get('adminState')));
    }
    return [...found.values()];
  }
}

function adminState(field: Field): PoolMember['adminState'] {
  return field.value === 'Up' ? 'up' : field.value === 'Down' ? 'down' : 'none';
}

/** The name of a part of the load balancer that a reference means. */
function partName(field: Field, type: ResourceType): string | null {
  return refOf(field)?.name(type) ?? null;
}

function protocolOf(field: Field): LbProtocol {
  const text = typeof field.value === 'string' ? field.value.toLowerCase() : '';
  return text === 'tcp' || text === 'udp' || text === 'all' ? text : field.oneOf(['tcp', 'udp', 'all'], 'tcp');
}

const DISTRIBUTIONS: ReadonlyMap<unknown, Distribution> = new Map([
  ['Default', 'default'],
  ['SourceIP', 'sourceIp'],
  ['SourceIPProtocol', 'sourceIpProtocol'],
]);

function readRule(field: Field, name: string): LbRule {
  const frontendPort = field.get('frontendPort').int(0, 65_535) ?? 0;
  const pools = field.get('backendAddressPools').items(16);
  const pool = pools[0] ?? field.get('backendAddressPool');
  return {
    name,
    frontend: partName(field.get('frontendIPConfiguration'), 'frontendIPConfigurations') ?? '',
    pool: partName(pool, 'backendAddressPools') ?? '',
    protocol: protocolOf(field.get('protocol')),
    frontendPort,
    backendPort: field.get('backendPort').int(0, 65_535) ?? frontendPort,
    floatingIp: floating(field),
    distribution: DISTRIBUTIONS.get(field.get('loadDistribution').value) ?? 'default',
    probe: partName(field.get('probe'), 'probes'),
    idleMinutes: field.get('idleTimeoutInMinutes').int(1, 120) ?? 4,
    tcpReset: field.get('enableTcpReset').bool(false),
    disableOutboundSnat: field.get('disableOutboundSnat').bool(false),
  };
}

/** `az` has spelled it both ways. */
function floating(field: Field): boolean {
  const now = field.get('enableFloatingIP');
  return (now.present ? now : field.get('enableFloatingIp')).bool(false);
}

function readNatRule(field: Field, byId: ReadonlyMap<string, IpConfigRef>, resources: Resources): InboundNatRule[] {
  const name = resourceName(field.get('name'));
  const target = byId.get(refOf(field.get('backendIPConfiguration'))?.key ?? '');
  if (name !== null && field.get('backendAddressPool').present) {
    // Such a rule opens a port of its own for each member, which the rule does not list.
    resources.gap({
      reason: 'NOT_MODELLED',
      text: `inbound NAT rule ${name} is for a whole pool, which is not modelled`,
      at: { kind: 'public' },
    });
  }
  if (name === null || target === undefined) return [];
  return [
    {
      name,
      frontend: partName(field.get('frontendIPConfiguration'), 'frontendIPConfigurations') ?? '',
      protocol: protocolOf(field.get('protocol')),
      frontendPort: field.get('frontendPort').int(0, 65_535) ?? 0,
      backendPort: field.get('backendPort').int(0, 65_535) ?? 0,
      ...target,
      floatingIp: floating(field),
      idleMinutes: field.get('idleTimeoutInMinutes').int(1, 120) ?? 4,
    },
  ];
}

function readProbe(field: Field, name: string): Probe {
  const text = String(field.get('protocol').value).toLowerCase();
  const protocol =
    text === 'tcp' || text === 'http' || text === 'https' ? text : field.get('protocol').oneOf(['tcp', 'http', 'https'], 'tcp');
  return {
    name,
    protocol,
    port: field.get('port').required('a port').int(1, 65_535) ?? 1,
    path: protocol === 'tcp' ? null : (field.get('requestPath').text(2048) ?? '/'),
    intervalSeconds: field.get('intervalInSeconds').int(1, 2_147_483) ?? 15,
    threshold: field.get('probeThreshold').int(1, 100) ?? field.get('numberOfProbes').int(1, 2_147_483) ?? 2,
  };
}

function readOutboundRule(field: Field, name: string): OutboundRule {
  return {
    name,
    frontends: field
      .get('frontendIPConfigurations')
      .items(100)
      .flatMap((one) => partName(one, 'frontendIPConfigurations') ?? []),
    pool: partName(field.get('backendAddressPool'), 'backendAddressPools') ?? '',
    protocol: protocolOf(field.get('protocol')),
    allocatedPorts: field.get('allocatedOutboundPorts').int(0, 64_000) ?? 0,
    idleMinutes: field.get('idleTimeoutInMinutes').int(1, 120) ?? 4,
    tcpReset: field.get('enableTcpReset').bool(false),
  };
}
