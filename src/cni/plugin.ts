import type { IpConfig } from '../azure/fabric.ts';
import type { Host } from '../linux/netns.ts';
import type { Random } from '../sim/random.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import type { Mac } from '../wire/mac.ts';
import type { Prefix } from '../wire/prefix.ts';
import type { CniState } from './state.ts';

/** One `portMappings` entry that kubelet hands to the runtime: a container's `hostPort`. */
export interface PortMapping {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly hostPort: number;
  readonly containerPort: number;
  /** The node address it is opened on; null for all. */
  readonly hostIp: Ipv4 | null;
}

/**
 * What a runtime passes to every plug-in of a list; the container id follows from the namespace, see `containerIdOf`.
 * @source CNI specification, CNI_CONTAINERID … CNI_ARGS, runtimeConfig
 */
export interface CniArgs {
  /** The pod's namespace on the host; it exists before ADD and is deleted after DEL. */
  readonly netns: string;
  readonly ifName: string;
  readonly pod: { readonly namespace: string; readonly name: string };
  /** The address that the pod must have; null leaves the choice to the IPAM plug-in. */
  readonly addr: Ipv4 | null;
  readonly portMappings: readonly PortMapping[];
}

/** The NIC as the wireserver describes it to azure-vnet-ipam. */
export interface HostNic {
  readonly mac: Mac;
  readonly subnet: Prefix;
  readonly ipconfigs: readonly Pick<IpConfig, 'addr' | 'primary'>[];
}

/** The machine a plug-in works on. Plug-ins change `host` and `state` in place. */
export interface CniEnv {
  readonly host: Host;
  readonly state: CniState;
  readonly nic: HostNic | null;
  /** For what real plug-ins draw at random: addresses, MACs, veth names. */
  readonly random: Random;
}

/** An address that IPAM gave, with the subnet it counts as part of. */
export interface CniAddress {
  readonly addr: Ipv4;
  readonly len: number;
  readonly gateway: Ipv4;
}

/** What ADD returns and what the runtime caches for CHECK and DEL. */
export interface CniResult extends CniAddress {
  /** The link end on the host. */
  readonly hostLink: string;
  /** The address of the pod's end. */
  readonly mac: Mac;
}

/** What a plug-in prints: its result, or the error text that kubelet shows. */
export type CniOutcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

export function done<T>(value: T): CniOutcome<T> {
  return { ok: true, value };
}

export function failed(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}
