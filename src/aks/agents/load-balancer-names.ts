import type { Service, ServicePort } from '../../kube/objects/service.ts';
import { keyOf } from '../../kube/objects/meta.ts';
import { ipv4Only } from '../../kube/objects/address.ts';
import { hexName, sha256Of } from '../../wire/digest.ts';
import { type Ipv4, parseIpv4 } from '../../wire/ipv4.ts';

/** The frontend's name: `a` and the service's UID without dashes. The UID is derived from the name. @source cloud-provider-azure GetLoadBalancerName */
export function frontendName(service: Service): string {
  return hexName('a', sha256Of(`service/${keyOf(service)}`), 31);
}

/** @source cloud-provider-azure getLoadBalancerRuleName */
export function ruleName(frontend: string, port: ServicePort): string {
  return `${frontend}-${port.protocol}-${port.port}`;
}

/** @source cloud-provider-azure getSecurityRuleName */
export function securityRuleName(frontend: string, port: ServicePort, source: string): string {
  return `${frontend}-${port.protocol}-${port.port}-${source.replaceAll('/', '_')}`;
}

/** Whether an object of the load balancer or the security group is one that the service controller made. */
export function isServiceName(name: string): boolean {
  return /^a[0-9a-f]{31}(?:-|$)/.test(name);
}

/** The frontend address of a service, once it has one. */
export function frontendAddress(service: Service): Ipv4 | null {
  const [text] = ipv4Only(service.ingress.map((entry) => entry.ip));
  return text === undefined ? null : parseIpv4(text);
}
