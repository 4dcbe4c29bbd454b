import type { Forget } from '../aks/forget.ts';
import { type ProbeResult, probeResults } from '../aks/probe-health.ts';
import { setProbeResult } from '../azure/session.ts';
import type { ForgottenUdpEntries } from '../kube/kube-proxy/conntrack.ts';
import { newSession } from '../walk/new-session.ts';
import { forgetNetns } from '../walk/walk.ts';
import { type Ipv4, parseIpv4 } from '../wire/ipv4.ts';
import { UDP } from '../wire/proto.ts';
import type { Session } from '../world/session.ts';
import type { FrozenWorld } from '../world/world.ts';

/** A session in which nothing has happened but what goes on without packets of ours: health probes have found what they find. */
export function startSession(world: FrozenWorld, seed: number): Session {
  const session = newSession(seed);
  updateHealth(world, session);
  return session;
}

/** What health probes find in a World; many sessions begin in the same one. */
const health = new WeakMap<FrozenWorld, readonly ProbeResult[]>();

/** Health probes run every few seconds; after an edit they find what is there now. */
export function updateHealth(world: FrozenWorld, session: Session): void {
  let results = health.get(world);
  if (results === undefined) health.set(world, (results = probeResults(world)));
  for (const { lb, probe, nic, healthy } of results) setProbeResult(session.fabric, lb, probe, nic, healthy);
}

/** Forgets the flow state that agents and vanished namespaces take with them. */
export function forget(session: Session, forgotten: readonly Forget[]): void {
  for (const what of forgotten) {
    const at = `${what.machine}/${what.netns}`;
    switch (what.kind) {
      case 'netns':
        forgetNetns(session, at);
        break;
      case 'udp-entries':
        for (const entries of what.entries) forgetUdp(session, at, entries);
        break;
    }
  }
}

function forgetUdp(session: Session, at: string, { originalDestination, originalPort, replySource }: ForgottenUdpEntries): void {
  const conntrack = session.netns.get(at)?.conntrack;
  if (conntrack === undefined) return;
  const agrees = (wanted: string | null, has: Ipv4): boolean => wanted === null || parseIpv4(wanted) === has;
  for (const entry of conntrack.list(session.clock.nowMs)) {
    const port = originalPort === null || entry.origDport === originalPort;
    if (entry.proto === UDP && port && agrees(originalDestination, entry.origDst) && agrees(replySource, entry.replySrc))
      conntrack.remove(entry);
  }
}
