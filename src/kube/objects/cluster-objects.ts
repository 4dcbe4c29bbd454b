import type { EndpointSlice } from './endpoint-slice.ts';
import type { Governing } from './governing.ts';
import type { MasqConfig } from '../ip-masq-agent/config.ts';
import type { Node } from './node.ts';
import type { Pod } from './pod.ts';
import type { Service } from './service.ts';
import type { Workload } from './workload.ts';

/** An object that cannot touch a packet. */
export interface IgnoredObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What an API server holds, as far as packets are concerned. Plain data; each list is in the order in which it was written. */
export interface ClusterObjects {
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly workloads: readonly Workload[];
  /** Configuration files of ip-masq-agent, from the ConfigMaps that it mounts. */
  readonly masqConfigs: readonly MasqConfig[];
  /** Network policies, Ingresses, Gateways: known to govern packets, not modelled. */
  readonly policies: readonly Governing[];
  /** Objects of unknown kinds, and properties of known objects that are not modelled. */
  readonly unmodelled: readonly Governing[];
  readonly ignored: readonly IgnoredObject[];
}

/** A cluster without objects. */
export const NO_OBJECTS: ClusterObjects = Object.freeze({
  nodes: [],
  pods: [],
  services: [],
  endpointSlices: [],
  workloads: [],
  masqConfigs: [],
  policies: [],
  unmodelled: [],
  ignored: [],
});
