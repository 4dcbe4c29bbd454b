import { entryView } from '../../../src/walk/conntrack-view.ts';
import { verdictOf } from '../../../src/walk/verdict.ts';
import type { Walk } from '../../../src/walk/walk.ts';
import type { Session } from '../../../src/world/session.ts';

/** What a walk came to, without anything that only a recorder knows. */
export function noticed({ outcome, src, observed }: Walk): string {
  const { delivered, alsoDelivered, reply, isReset, icmpErrors, sendError, exit, isLoop, unknown } = observed;
  const drops = observed.drops.map(({ at, reason, text, leg, isCopy }) => ({ at, reason, text, leg, isCopy }));
  return JSON.stringify({
    verdict: verdictOf(observed),
    outcome,
    src,
    delivered,
    alsoDelivered,
    reply,
    isReset,
    icmpErrors,
    sendError,
    exit,
    isLoop,
    unknown,
    drops,
  });
}

/**
 * What walks left behind: connections, neighbours and bridge ports that every namespace knows, what its rules remember, the flows of the
 * fabric, and how far the random source has come.
 */
export function leftBehind({ netns, fabric, random, clock }: Session): string {
  const places = [...netns].map(([at, { conntrack, neighbours, fdb, netfilter, pathMtus, redirects, multipath, nextIpId }]) => ({
    at,
    connections: conntrack.list(clock.nowMs).map((ct) => [entryView(ct), ct.tcpState, ct.expiresAtMs, ct.masqIfindex]),
    neighbours: [...neighbours].map(([dev, learned]) => [
      dev,
      [...learned.values()].map((n) => [n.ip, n.mac, n.state, n.sinceMs, n.updatedMs, n.used]),
    ]),
    fdb: [...fdb].map(([dev, learned]) => [dev, [...learned]]),
    rules: [[...netfilter.recent], [...netfilter.nth], [...netfilter.limits], [...netfilter.ipsets.keys()]],
    pathMtus: [...pathMtus],
    redirects: [...redirects],
    multipath: [...multipath],
    nextIpId,
  }));
  const used = places.filter(({ connections, neighbours, fdb }) => connections.length + neighbours.length + fdb.length > 0);
  return JSON.stringify({
    places: used.sort((a, b) => (a.at < b.at ? -1 : 1)),
    flows: [[...fabric.nicFlows.keys], [...fabric.nicFlows.values], fabric.snatRecords],
    random,
    clock,
  });
}
