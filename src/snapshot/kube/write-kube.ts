import type { MasqConfig } from '../../kube/ip-masq-agent/config.ts';
import type { ClusterObjects } from '../../kube/objects/cluster-objects.ts';
import type { Governing } from '../../kube/objects/governing.ts';
import type { Node } from '../../kube/objects/node.ts';
import type { JsonRow } from '../write/json-row.ts';
import { serviceManifest, sliceManifest } from './write-service.ts';
import { labelCells, metadata, podManifest, requirements, workloadManifest } from './write-workload.ts';

/** The files of `kube/` as `kubectl get … -A -o json` prints them: what is modelled of each object. */
export function kubeFiles(objects: ClusterObjects): Map<string, string> {
  const policies = objects.policies.map(policyManifest).filter((policy) => policy !== null);
  const lists: [name: string, items: readonly JsonRow[]][] = [
    ['nodes', objects.nodes.map(nodeManifest)],
    ['pods', objects.pods.map(podManifest)],
    ['services', objects.services.map(serviceManifest)],
    ['endpointslices', objects.endpointSlices.map(sliceManifest)],
    ['networkpolicies', policies],
    ['workloads', objects.workloads.map(workloadManifest)],
    ['configmaps', objects.masqConfigs.length === 0 ? [] : [masqConfigMap(objects.masqConfigs)]],
  ];
  return new Map(lists.map(([name, items]) => [`kube/${name}.json`, listText(items)]));
}

/** An object a line. */
function listText(items: readonly JsonRow[]): string {
  const lines = items.map((item) => `\n${JSON.stringify(item)}`).join(',');
  return `{"apiVersion": "v1", "kind": "List", "items": [${lines}]}\n`;
}

function nodeManifest(node: Node): JsonRow {
  const [podCIDR] = node.podCIDRs;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metadata(node),
    spec: {
      ...(podCIDR === undefined ? {} : { podCIDR, podCIDRs: [...node.podCIDRs] }),
      ...(node.providerID === null ? {} : { providerID: node.providerID }),
      ...(node.unschedulable ? { unschedulable: true } : {}),
    },
    status: {
      addresses: [
        ...node.internalIPs.map((address) => ({ type: 'InternalIP', address })),
        ...node.externalIPs.map((address) => ({ type: 'ExternalIP', address })),
      ],
      conditions: [{ type: 'Ready', status: node.ready ? 'True' : 'False' }],
    },
  };
}

/** A NetworkPolicy with what is known of it: whom it selects and for which directions. Null for other kinds. */
function policyManifest(policy: Governing): JsonRow | null {
  const { governs } = policy;
  if (policy.apiVersion !== 'networking.k8s.io/v1' || policy.kind !== 'NetworkPolicy' || governs.what !== 'pods') return null;
  const { matchLabels, matchExpressions } = governs.selector;
  return {
    apiVersion: policy.apiVersion,
    kind: policy.kind,
    metadata: metadata(policy),
    spec: {
      podSelector: {
        ...labelCells('matchLabels', matchLabels),
        ...(matchExpressions.length === 0 ? {} : { matchExpressions: requirements(matchExpressions) }),
      },
      policyTypes: governs.directions.map((direction) => (direction === 'ingress' ? 'Ingress' : 'Egress')),
    },
  };
}

/** The ConfigMap whose files ip-masq-agent reads. */
function masqConfigMap(configs: readonly MasqConfig[]): JsonRow {
  const data = Object.fromEntries(configs.map((config, i) => [`ip-masq-agent-${i}`, masqText(config)]));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'azure-ip-masq-agent-config', namespace: 'kube-system' }, data };
}

function masqText({ nonMasqueradeCIDRs, masqLinkLocal }: MasqConfig): string {
  const cidrs = nonMasqueradeCIDRs.map((cidr) => `\n  - ${cidr}`).join('');
  return `nonMasqueradeCIDRs:${cidrs === '' ? ' []' : cidrs}\nmasqLinkLocal: ${masqLinkLocal}\n`;
}
