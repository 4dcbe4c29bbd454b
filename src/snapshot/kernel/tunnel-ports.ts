import { type Flow, flowName } from '../../linux/path/flow-hash.ts';
import type { PortsOfFlows } from '../../walk/seen-ports.ts';
import type { RawTruth, TapHeader } from './answers.ts';
import type { TruthEntry } from './truth.ts';

type Sighted = Pick<RawTruth, 'frames' | 'conntrack' | 'born' | 'tunnels'>;

/**
 * Which source ports tunnels gave to which flow: the hash has a secret that nobody can read, but rules may tell its ports apart.
 * @source include/net/udp.h udp_flow_src_port
 */
function tunnelPorts({ frames, conntrack, born, tunnels }: Sighted): PortsOfFlows {
  const ports = new Map<string, number[]>();
  for (const [, ns, , out, header] of frames) {
    const { inner } = header;
    if (!out || inner === undefined || inner === null) continue;
    const port = portBeforeNat(header, [...(conntrack[ns] ?? []), ...(born[ns] ?? [])]);
    if (port === undefined) continue;
    const flow = flowName(flowOf(inner));
    // NAT further on may have changed it; the tunnel's own namespace sends it first. Elsewhere an answer is of the same flow.
    for (const key of [`${ns} ${flow}`, flow]) {
      const known = ports.get(key) ?? [];
      if (!known.includes(port)) ports.set(key, [...known, port]);
    }
  }
  const seen = new Set([...ports.values()].flat());
  for (const [ns, sent] of Object.entries(tunnels ?? {})) {
    const unseen = [...new Set(sent)].filter((port) => !seen.has(port));
    if (unseen.length > 0) ports.set(`${ns} *`, unseen);
  }
  return ports;
}

/** Of each probe. What is not seen of a flow while one is on its way may have been seen, or still be seen, of another: the secret is the same. */
export function portsOfAll(truths: readonly Sighted[]): PortsOfFlows[] {
  const each = truths.map(tunnelPorts);
  const all = new Map<string, readonly number[]>();
  for (const [flow, ports] of each.flatMap((seen) => [...seen])) all.set(flow, [...new Set([...(all.get(flow) ?? []), ...ports])]);
  return each.map((seen) => new Map([...all, ...seen]));
}

/** Taps see what leaves; where the tunnel's own namespace translates its packets, the connection tells what they were. */
function portBeforeNat({ src, dst, port, dport }: TapHeader, connections: readonly TruthEntry[]): number | undefined {
  const own = connections.find(
    ({ reply }) => reply.proto === 'udp' && reply.src === dst && reply.dst === src && reply.sport === dport && reply.dport === port,
  );
  return own?.orig.sport ?? port;
}

function flowOf({ proto, src, dst, sport, dport, port, more }: TapHeader): Flow {
  return { proto, src, dst, sport: more === true ? 0 : (port ?? sport ?? 0), dport: more === true ? 0 : (dport ?? 0) };
}
