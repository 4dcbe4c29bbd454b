import { formatIpv4 } from '../wire/ipv4.ts';
import { TCP, UDP } from '../wire/proto.ts';
import { isOwn } from './arrive.ts';
import type { PlatformTag } from './compiled-nsg.ts';
import { type Crossing, drop, flowText } from './crossing.ts';
import type { NicView, SubnetView } from './fabric-index.ts';
import { BY_PLATFORM, admitOut } from './nic-flows.ts';
import { nsgPlatform } from './nsg-stage.ts';
import type { FabricResult, PlatformService } from './result.ts';
import { IMDS, KMS, WIRESERVER } from './service-tags.ts';

/** Whether the host itself answers at a destination. */
export function isPlatform(dst: number): boolean {
  return dst === WIRESERVER || dst === IMDS || dst === KMS[0] || dst === KMS[1] || dst === KMS[2];
}

/**
 * A packet to the platform: answered at the host, never routed, seen by no NSG rule but those with a platform tag.
 * @param known what the NIC remembers of the connection: the answer to a health probe is one of those
 * @source what-is-ip-address-168-63-129-16, service-tags-overview
 */
export function toPlatform(c: Crossing, nic: NicView, subnet: SubnetView, known: number): FabricResult {
  if ((known & BY_PLATFORM) !== 0) return answered(c, 'probe');
  const service = serviceOf(c);
  const tag = service === null ? null : TAGS[service];
  const denied = tag === null ? null : nsgPlatform(c, nic, subnet, tag);
  if (denied !== null) return denied;
  if (c.fabric.assumptions.platformAnswersOwnAddressesOnly && !isOwn(c.index, nic, c.src)) {
    const text = `${formatIpv4(c.src)} is none of the addresses of ${nic.nic.name}: the platform does not answer it`;
    return drop(c, 'azure:platform', 'AZURE_PLATFORM_FOREIGN_SOURCE', text);
  }
  if (service === null) return drop(c, 'azure:platform', 'AZURE_PLATFORM_PORT_CLOSED', `the platform does not listen to ${flowText(c)}`);
  if (known === 0 && (nic.nsg !== null || subnet.nsg !== null)) admitOut(c, nic, 0);
  return answered(c, service);
}

const TAGS: Readonly<Record<PlatformService, PlatformTag | null>> = {
  dns: 'AzurePlatformDNS',
  imds: 'AzurePlatformIMDS',
  kms: 'AzurePlatformLKM',
  wireserver: null,
  dhcp: null,
  probe: null,
};

function serviceOf(c: Crossing): PlatformService | null {
  const { dst, dport, proto } = c;
  if (dst === IMDS) return proto === TCP && dport === 80 ? 'imds' : null;
  if (dst !== WIRESERVER) return proto === TCP && dport === 1688 ? 'kms' : null;
  if (dport === 53 && (proto === TCP || proto === UDP)) return 'dns';
  if (proto === TCP && (dport === 80 || dport === 443 || dport === 32_526)) return 'wireserver';
  return proto === UDP && dport === 67 ? 'dhcp' : null;
}

function answered(c: Crossing, service: PlatformService): FabricResult {
  if (c.steps !== null) c.steps.step({ stage: 'azure:platform', verb: 'ANSWERED', text: `the host answers (${service}): ${flowText(c)}` });
  return { kind: 'platform', service };
}
