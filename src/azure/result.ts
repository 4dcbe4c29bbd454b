import type { StepDraft } from '../trace/recorder.ts';
import type { Mac } from '../wire/mac.ts';

/** Why the fabric ends a packet. All of these are silent: the sender gets no ICMP error. */
export type AzureDropReason =
  | 'AZURE_ROUTE_NONE'
  | 'AZURE_NO_UDR_TARGET'
  | 'AZURE_NIC_SRC_CHECK'
  | 'AZURE_NIC_DST_CHECK'
  | 'AZURE_NSG_OUT_NIC'
  | 'AZURE_NSG_OUT_SUBNET'
  | 'AZURE_NSG_IN_SUBNET'
  | 'AZURE_NSG_IN_NIC'
  | 'AZURE_PEERING_DOWN'
  | 'AZURE_PEERING_FORWARDED'
  | 'AZURE_NO_CA_MAPPING'
  | 'AZURE_GATEWAY_ADDRESS'
  | 'AZURE_NO_GATEWAY'
  | 'AZURE_NO_OUTBOUND'
  | 'AZURE_PRIVATE_TO_INTERNET'
  | 'AZURE_PUBLIC_IP_UNKNOWN'
  | 'AZURE_PUBLIC_IP_CLOSED'
  | 'AZURE_SNAT_EXHAUSTED'
  | 'AZURE_SNAT_NO_FLOW'
  | 'AZURE_NAT_NO_ICMP'
  | 'AZURE_LB_NO_HEALTHY'
  | 'AZURE_LB_NO_RULE'
  | 'AZURE_FRAGMENT_DROPPED'
  | 'AZURE_PROTO_BLOCKED'
  | 'AZURE_MULTICAST'
  | 'AZURE_MTU_EXCEEDED'
  | 'AZURE_TTL_EXPIRED'
  | 'AZURE_RESERVED_PORT'
  | 'AZURE_FLOW_LIMIT'
  | 'AZURE_IDLE_EXPIRED'
  | 'AZURE_PLATFORM_PORT_CLOSED'
  | 'AZURE_PLATFORM_FOREIGN_SOURCE';

/** Why the fabric cannot say what happens. */
export type AzureUnknownReason =
  | 'AZURE_SERVICE_TAG'
  | 'AZURE_APPLICATION_SECURITY_GROUP'
  | 'AZURE_ICMP_ERROR_THROUGH_NAT'
  | 'AZURE_PRIVATE_ENDPOINT_POLICY'
  | 'NOT_COLLECTED'
  | 'NOT_MODELLED';

/** Services of the host at 168.63.129.16 and 169.254.169.254, and KMS. `probe`: the answer to a health probe. */
export type PlatformService = 'dns' | 'wireserver' | 'dhcp' | 'imds' | 'kms' | 'probe';

/** What became of a packet that was handed to the fabric; the packet itself has been rewritten on its way. */
export type FabricResult =
  | { readonly kind: 'deliver'; readonly nic: string; readonly machine: string; readonly smac: Mac; readonly dmac: Mac }
  | { readonly kind: 'external'; readonly network: 'internet' | 'onprem'; readonly host: string | null; readonly machine: string | null }
  | { readonly kind: 'platform'; readonly service: PlatformService }
  | { readonly kind: 'drop'; readonly reason: AzureDropReason; readonly text: string; readonly resetsSender: boolean }
  | { readonly kind: 'unknown'; readonly reason: AzureUnknownReason; readonly text: string };

export type FabricStage =
  | 'azure:protocol'
  | 'azure:nsg-out-nic'
  | 'azure:nsg-out-subnet'
  | 'azure:source-check'
  | 'azure:platform'
  | 'azure:overlay'
  | 'azure:route'
  | 'azure:udr'
  | 'azure:peering'
  | 'azure:gateway'
  | 'azure:ca-map'
  | 'azure:lb'
  | 'azure:public-ip'
  | 'azure:snat'
  | 'azure:mss'
  | 'azure:nsg-in-subnet'
  | 'azure:nsg-in-nic'
  | 'azure:destination-check';

export interface FabricStep extends StepDraft {
  readonly stage: FabricStage;
}

/** Where the fabric writes its decisions down. `null` in a bulk walk: then nothing is built. */
export interface FabricSteps {
  /** Also collect near misses. */
  readonly detailed: boolean;
  step(step: FabricStep): void;
}

/** A choice left to the load balancer's hash: every healthy candidate has the same odds. */
export interface LbChoice {
  readonly what: 'lb-hash';
  /** `fabric/LB/RULE`. */
  readonly at: string;
  readonly odds: readonly number[];
  /** The NIC behind each candidate. */
  readonly candidates: readonly string[];
  /** What the seeded hash picks. */
  readonly hashed: number;
}

/** What a caller may attach to a transmission. */
export interface FabricHooks {
  readonly steps: FabricSteps | null;
  /** Explores branches: returns the index of the candidate to take; null leaves it to the hash. */
  readonly choose: ((choice: LbChoice) => number) | null;
}
