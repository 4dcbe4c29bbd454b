import type { FabricAssumptions } from '../../src/azure/assumptions.ts';
import { assumption, document, type Group, source, transcript, upstream } from './claim.ts';

/** What each switch of the fabric stands for. */
const SWITCHES: Readonly<Record<keyof FabricAssumptions, string>> = {
  ttlDecrement: 'the fabric does not lower the TTL',
  platformIgnoresUdr: 'the platform addresses are reached whatever the route table says',
  platformAnswersOwnAddressesOnly: 'the platform addresses answer only the NIC’s own addresses',
  overlayInVirtualNetworkTag: 'overlay packets match the VirtualNetwork tag',
  caRowsAreOwnAddresses: 'rows of the address map count as the NIC’s own addresses',
  caRowsUseNodeSnatPorts: 'pod-subnet addresses leave through the SNAT ports of their node',
  mssDeltaOutside: 'the MSS shrinks on the way from and to hosts outside, too',
  publicIpNeedsNsg: 'a Standard public address takes nothing in without an NSG',
  icmpErrorsFollowFlow: 'ICMP errors about an admitted flow pass NSGs',
  nsgFlowIdleMs: 'an NSG forgets a silent flow after four minutes',
};

/** What podwalk claims of Azure, Kubernetes and the plug-ins. */
export const CLOUD: readonly Group[] = [
  {
    title: 'The Azure fabric',
    claims: [
      {
        behaviour: 'effective routes: system, UDR with every next-hop type, peering; their precedence',
        evidence: [document('Virtual network traffic routing')],
        tests: ['test/unit/azure/routes.test.ts'],
      },
      {
        behaviour: 'NSGs: order, default rules, service tags, memory of flows',
        evidence: [document('Network security groups')],
        tests: ['test/unit/azure/nsg.test.ts', 'test/unit/azure/flow-table.test.ts'],
      },
      {
        behaviour: 'source and destination check, IP forwarding of a NIC',
        evidence: [document('Create, change or delete a network interface'), transcript('kubenet and azure-cni sessions')],
        tests: ['test/unit/azure/checks.test.ts'],
      },
      {
        behaviour: 'ARP is answered by 12:34:56:78:9a:bc; .1 answers ARP and no ping',
        evidence: [transcript('`arp -n` on AKS nodes'), document('Azure Virtual Network FAQ')],
        tests: ['test/unit/azure', 'scenarios/aks-azure.yaml'],
      },
      {
        behaviour: 'peering, not transitive',
        evidence: [document('Virtual network peering')],
        tests: ['test/unit/azure/peering.test.ts', 'scenarios/faults/peering-is-not-transitive.yaml'],
      },
      {
        behaviour: 'load balancer: floating IP, 5-tuple hash, probes, SNAT ports and their exhaustion',
        evidence: [document('Azure Load Balancer; outbound connections')],
        tests: ['test/unit/azure/load-balancer.test.ts', 'test/unit/azure/outbound.test.ts'],
      },
      {
        behaviour: 'MSS: 50 or 42 bytes less on each traversal',
        evidence: [transcript('captures on AKS nodes')],
        tests: ['test/unit/azure', 'scenarios/aks-azure-traffic.yaml'],
      },
      ...Object.entries(SWITCHES).map(([name, behaviour]) => ({ behaviour, evidence: [assumption(name)], tests: ['test/unit/azure'] })),
    ],
  },
  {
    title: 'Kubernetes and the plug-ins',
    claims: [
      {
        behaviour: 'kube-proxy in iptables mode, full and partial sync, byte for byte',
        evidence: [upstream('dumps of its own unit tests')],
        tests: ['test/unit/kube/kube-proxy'],
      },
      {
        behaviour: 'services of every shape reach, refuse or drop as upstream’s flow tables say',
        evidence: [upstream('packet flow tests, as real walks')],
        tests: ['test/unit/kube/flows.test.ts'],
      },
      {
        behaviour: 'ip-masq-agent, WireServer rules of a node',
        evidence: [source('Azure/ip-masq-agent-v2, AgentBaker'), transcript('`iptables-save` on AKS nodes')],
        tests: ['test/unit/kube/agents.test.ts'],
      },
      {
        behaviour: 'azure-vnet transparent with azure-vnet-ipam and azure-cns',
        evidence: [source('Azure/azure-container-networking'), transcript('azure-cni session')],
        tests: ['test/unit/cni/azure-vnet.test.ts', 'test/unit/cni/ipam.test.ts'],
      },
      {
        behaviour: 'kubenet: bridge, host-local, portmap, promiscuous cbr0 and its dedup chain',
        evidence: [source('containernetworking/plugins'), transcript('kubenet session')],
        tests: ['test/unit/cni/kubenet.test.ts'],
      },
      {
        behaviour: 'what kubenet, node subnet and overlay write: links, routes, UDRs, NIC flags',
        evidence: [source('cloud-provider-azure'), transcript('AKS sessions')],
        tests: ['test/unit/aks', 'test/unit/scenarios/aks.test.ts'],
      },
      {
        behaviour: 'who the receiver sees: 25 kinds of flow in three modes',
        evidence: [document('AKS networking concepts'), transcript('AKS sessions')],
        tests: ['scenarios/matrix-azure.yaml', 'scenarios/matrix-kubenet.yaml', 'scenarios/matrix-overlay.yaml'],
      },
    ],
  },
];
