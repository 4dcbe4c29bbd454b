import { type Flow, flowName } from '../../linux/path/flow-hash.ts';
import type { PortsOfFlows } from '../../walk/seen-ports.ts';
import type { TapFrame, TapHeader } from './answers.ts';

/**
 * Which source ports tunnels gave to which flow: the hash has a secret that nobody can read,
 * but rules may tell its ports apart.
 * @source include/net/udp.h udp_flow_src_port
 */
export function tunnelPorts(frames: readonly TapFrame[]): PortsOfFlows {
  const ports = new Map<string, number[]>();
  for (const [, ns, , out, { inner, port }] of frames) {
    if (!out || port === undefined || inner === undefined || inner === null) continue;
    const flow = flowName(flowOf(inner));
    // NAT further on may have changed it; the tunnel's own namespace sends it first. Elsewhere an answer is of the same flow.
    for (const key of [`${ns} ${flow}`, flow]) {
      const known = ports.get(key) ?? [];
      if (!known.includes(port)) ports.set(key, [...known, port]);
    }
  }
  return ports;
}

function flowOf({ proto, src, dst, sport, dport, port, more }: TapHeader): Flow {
  return { proto, src, dst, sport: more === true ? 0 : (port ?? sport ?? 0), dport: more === true ? 0 : (dport ?? 0) };
}
