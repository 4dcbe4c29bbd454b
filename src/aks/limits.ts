type Limit =
  | 'maxNodes'
  | 'maxPods'
  | 'maxPodsPerNode'
  | 'maxServices'
  | 'maxOutsideHosts'
  | 'maxUdrsPerTable'
  | 'maxAddressesPerNic'
  | 'maxLoadBalancerRules';

/** Hard bounds, so that a stranger's file can not make the program eat a machine. Each is named in the error that it causes. */
export const LIMITS: Readonly<Record<Limit, number>> = {
  /** Nodes of one cluster. @source AKS: 5,000 nodes */
  maxNodes: 5000,
  /** Pods of one cluster. @source Kubernetes: large clusters, 150,000 pods; AKS allows 250 on each node */
  maxPods: 200_000,
  maxPodsPerNode: 250,
  /** Services of one cluster. @source Kubernetes scalability thresholds: 10,000 */
  maxServices: 20_000,
  /** Hosts outside of the cluster. */
  maxOutsideHosts: 1000,
  /** Routes of one route table. @source azure-virtual-network-limits */
  maxUdrsPerTable: 400,
  /** Private addresses of one NIC. @source azure-virtual-network-limits */
  maxAddressesPerNic: 256,
  /** Rules of one load balancer's frontends. @source load-balancer limits, Standard */
  maxLoadBalancerRules: 1500,
};
