import type { Ipv4 } from '../wire/ipv4.ts';
import type { Fabric } from './fabric.ts';
import { nicNamed } from './find.ts';
import type { Probe } from './load-balancer.ts';

/** One health check that the platform makes, from 168.63.129.16. Its finding goes to `setProbeResult`. */
export interface ProbeTarget {
  readonly lb: string;
  readonly probe: Probe;
  readonly nic: string;
  readonly machine: string;
  readonly addr: Ipv4;
}

/** Every backend of every rule that has a probe, once for each probe, in the order of rules and members. */
export function probeTargets(fabric: Fabric): ProbeTarget[] {
  const targets = new Map<string, ProbeTarget>();
  for (const lb of fabric.loadBalancers) {
    for (const rule of lb.rules) {
      const probe = lb.probes.find((candidate) => candidate.name === rule.probe);
      const members = lb.pools.find((pool) => pool.name === rule.pool)?.members ?? [];
      if (probe === undefined) continue;
      for (const member of members) {
        const nic = nicNamed(fabric, member.nic);
        const ipconfig = nic.ipconfigs.find((candidate) => candidate.name === member.ipconfig);
        if (ipconfig === undefined) continue;
        const key = [lb.name, probe.name, nic.name].join('\n');
        targets.set(key, { lb: lb.name, probe, nic: nic.name, machine: nic.machine, addr: ipconfig.addr });
      }
    }
  }
  return [...targets.values()];
}
