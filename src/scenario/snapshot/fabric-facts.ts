import * as z from 'zod';
import type { FabricAssumptions } from '../../azure/assumptions.ts';
import type {
  CaRow,
  ExternalHost,
  Fabric,
  FabricGap,
  Gateway,
  Overlay,
  OverlayNode,
  PrivateEndpoint,
  ServiceTag,
} from '../../azure/fabric.ts';
import type { Ipv4 } from '../../wire/ipv4.ts';
import { assumptions } from '../schema/azure.ts';
import { section, textThat } from '../schema/section.ts';
import { type Codec, ipv4Text, line, rangeText } from './text.ts';

/** What no list of `az network` says about the fabric. A fact that is left out is as the lists have it, or as Azure makes it. */
export interface FabricFacts {
  readonly overlays?: Overlay[];
  readonly addressMap?: CaRow[];
  readonly gateways?: Gateway[];
  readonly privateEndpoints?: PrivateEndpoint[];
  readonly externalHosts?: ExternalHost[];
  readonly serviceTags?: ServiceTag[];
  readonly mssDeltaBytes?: 0 | 42 | 50;
  readonly mtuBytes?: number;
  readonly defaultOutboundIp?: Ipv4;
  readonly flowsPerNic?: number;
  readonly assumptions?: Partial<FabricAssumptions>;
  /** Load balancers without a frontend that are internal all the same. */
  readonly internal?: string[];
  readonly gaps?: readonly FabricGap[];
}

const name = line.min(1).max(260);
const subnet = textThat((text) => /^[^/\s]{1,160}\/[^/\s]{1,160}$/.test(text), 'VNET/SUBNET');
const ranges = z.array(rangeText).max(10_000);
const overlayNode: Codec<OverlayNode> = section({ nic: name, prefixes: ranges });
const linkEnd = textThat((text) => text.split('/').length === 3, 'a link end MACHINE/NETNS/DEVICE');

const gapAt = z.discriminatedUnion('kind', [
  section({ kind: z.literal('nic'), nic: name }),
  section({ kind: z.literal('subnet'), subnet }),
  section({ kind: z.literal('public') }),
]);
const gap: Codec<FabricGap> = section({
  reason: z.enum(['NOT_COLLECTED', 'NOT_MODELLED']),
  text: line,
  at: gapAt,
  to: rangeText.exactOptional(),
});

export const fabricFacts: Codec<FabricFacts> = section({
  overlays: z
    .array(section({ name, prefixes: ranges, nodes: z.array(overlayNode).max(10_000) }))
    .max(100)
    .exactOptional()
    .describe('routing domains beside the virtual network: who has which range of pods'),
  addressMap: z
    .array(section({ prefix: rangeText, nic: name, subnet }))
    .max(100_000)
    .exactOptional()
    .describe('addresses that the fabric maps to a NIC besides its ipconfigs'),
  gateways: z
    .array(section({ name, vnet: name, kind: z.enum(['vpn', 'expressRoute']), subnet, prefixes: ranges }))
    .max(100)
    .exactOptional()
    .describe('virtual network gateways, with the ranges that they know'),
  privateEndpoints: z
    .array(section({ name, subnet, addr: ipv4Text, host: name }))
    .max(10_000)
    .exactOptional(),
  externalHosts: z
    .array(section({ name, kind: z.enum(['internet', 'onprem']), addrs: z.array(ipv4Text).min(1).max(64), machine: linkEnd.nullable() }))
    .max(1000)
    .exactOptional()
    .describe('hosts that are machines of this snapshot, or that nobody plays'),
  serviceTags: z
    .array(section({ name, prefixes: ranges }))
    .max(1000)
    .exactOptional(),
  mssDeltaBytes: z.union([z.literal(0), z.literal(42), z.literal(50)]).exactOptional(),
  mtuBytes: z.int().min(68).max(65_535).exactOptional(),
  defaultOutboundIp: ipv4Text.exactOptional(),
  flowsPerNic: z.int().min(1).exactOptional(),
  assumptions: assumptions.exactOptional(),
  internal: z.array(name).max(1000).exactOptional(),
  gaps: z.array(gap).max(10_000).exactOptional(),
}).describe('what no list of az network says about the fabric');

/** Puts facts into a fabric. References have been checked. */
export function applyFacts(fabric: Fabric, facts: FabricFacts): void {
  const { addressMap, flowsPerNic, assumptions: assumed, internal = [], ...same } = facts;
  Object.assign(fabric, same);
  if (addressMap !== undefined) fabric.caMap = addressMap;
  if (flowsPerNic !== undefined) fabric.limits = { flowsPerNic };
  if (assumed !== undefined) fabric.assumptions = { ...fabric.assumptions, ...assumed };
  fabric.loadBalancers = fabric.loadBalancers.map((lb) => (internal.includes(lb.name) ? { ...lb, internal: true } : lb));
}

/** The facts of a fabric. */
export function factsOf(fabric: Fabric): FabricFacts {
  const { overlays, caMap, gateways, privateEndpoints, externalHosts, serviceTags, loadBalancers, gaps } = fabric;
  const internal = loadBalancers.filter((lb) => lb.internal && !lb.frontends.some((one) => one.subnet !== null)).map((lb) => lb.name);
  return {
    ...filled({ overlays, addressMap: caMap, gateways, privateEndpoints, serviceTags, internal }),
    // Also where there are none: a snapshot that says nothing is given a host that stands for the internet.
    externalHosts,
    mssDeltaBytes: fabric.mssDeltaBytes,
    mtuBytes: fabric.mtuBytes,
    defaultOutboundIp: fabric.defaultOutboundIp,
    flowsPerNic: fabric.limits.flowsPerNic,
    assumptions: fabric.assumptions,
    ...(gaps === undefined ? {} : { gaps }),
  };
}

/** The lists that are not empty. */
function filled<T extends Readonly<Record<string, readonly unknown[]>>>(lists: T): Partial<T> {
  const kept: Partial<T> = {};
  for (const key in lists) if (lists[key]?.length !== 0) kept[key] = lists[key];
  return kept;
}

/** What facts refer to and the fabric does not have: where in the section, what, what was expected. */
export function danglingFacts(
  fabric: Fabric,
  facts: FabricFacts,
): { readonly path: readonly (string | number)[]; readonly message: string; readonly expected: string }[] {
  const subnets = new Set(fabric.vnets.flatMap((vnet) => vnet.subnets.map((one) => `${vnet.name}/${one.name}`)));
  const vnets = new Set(fabric.vnets.map((vnet) => vnet.name));
  const nics = new Set(fabric.nics.map((nic) => nic.name));
  const found: ReturnType<typeof danglingFacts> = [];
  const check = (known: ReadonlySet<string>, value: string, what: string, ...path: (string | number)[]): void => {
    if (!known.has(value)) found.push({ path, message: `there is no ${what} ${value}`, expected: `a ${what} of azure/` });
  };
  facts.addressMap?.forEach((row, i) => {
    check(subnets, row.subnet, 'subnet', 'addressMap', i, 'subnet');
    check(nics, row.nic, 'NIC', 'addressMap', i, 'nic');
  });
  facts.overlays?.forEach((overlay, i) => {
    overlay.nodes.forEach((node, n) => check(nics, node.nic, 'NIC', 'overlays', i, 'nodes', n, 'nic'));
  });
  facts.gateways?.forEach((gateway, i) => {
    check(subnets, gateway.subnet, 'subnet', 'gateways', i, 'subnet');
    check(vnets, gateway.vnet, 'virtual network', 'gateways', i, 'vnet');
  });
  facts.privateEndpoints?.forEach((endpoint, i) => check(subnets, endpoint.subnet, 'subnet', 'privateEndpoints', i, 'subnet'));
  const named = new Set<string>();
  facts.externalHosts?.forEach((host, i) => {
    if (named.has(host.name))
      found.push({ path: ['externalHosts', i, 'name'], message: `two hosts are called ${host.name}`, expected: 'a name of its own' });
    named.add(host.name);
  });
  return found;
}
