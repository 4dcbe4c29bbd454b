import type { PortMapping } from '../../cni/plugin.ts';
import type { ContainerPort, Pod } from '../../kube/objects/pod.ts';
import { parseIpv4 } from '../../wire/ipv4.ts';

const NONE: readonly PortMapping[] = Object.freeze([]);

/** The host ports that a pod's containers ask for, as kubelet hands them to the runtime. */
export function portMappings({ ports }: Pod): readonly PortMapping[] {
  return ports.some((port) => port.hostPort !== null) ? ports.flatMap(portMapping) : NONE;
}

function portMapping({ hostPort, port, protocol, hostIP }: ContainerPort): PortMapping[] {
  if (hostPort === null) return [];
  const lower = protocol === 'TCP' ? 'tcp' : protocol === 'UDP' ? 'udp' : 'sctp';
  return [{ protocol: lower, hostPort, containerPort: port, hostIp: hostIP === null || hostIP === '0.0.0.0' ? null : parseIpv4(hostIP) }];
}
