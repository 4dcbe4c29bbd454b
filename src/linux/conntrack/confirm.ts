import { UDP } from '../../wire/proto.ts';
import { isReply, type Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { type CtEntry, IPS_CONFIRMED, IPS_DYING } from './entry.ts';
import { hasSameOrigin } from './table.ts';

/** @source nf_conntrack_core.c nf_ct_resolve_clash_harder */
const CLASH_TIMEOUT_MS = 1_000;

/**
 * Puts the packet's connection into the table, if it is the first to get this far. Of datagrams that came in at once a later one joins the
 * connection of the first, or is translated otherwise and will know its answer.
 * @source net/netfilter/nf_conntrack_core.c __nf_conntrack_confirm, __nf_ct_resolve_clash, nf_ct_resolve_clash_harder
 */
export function confirm(stack: Stack, skb: Skb): boolean {
  const { ct } = skb;
  if (ct === null || isReply(skb)) return true;
  if ((ct.status & (IPS_CONFIRMED | IPS_DYING)) !== 0) return true;
  const { conntrack } = stack.session;
  const now = stack.effects.nowMs;
  const isKnownFree = ct.uniqueAt === conntrack.generation && ct.bornAt === conntrack.generation;
  const rival = isKnownFree ? null : conntrack.rival(ct, now);
  if (rival === null) {
    conntrack.insert(ct);
    return true;
  }
  if (ct.proto !== UDP) return false;
  if (isSame(rival, ct)) {
    skb.ct = rival;
    return true;
  }
  const { proto, replySrc, replyDst, replySport, replyDport } = ct;
  if (conntrack.find(proto, replySrc, replyDst, replySport, replyDport, now) !== null) return false;
  ct.isReplyOnly = true;
  ct.expiresAtMs = now + CLASH_TIMEOUT_MS;
  conntrack.insert(ct);
  return true;
}

/** Whether it is the connection that another datagram of the flow began, which came in at once. @source nf_conntrack_core.c nf_ct_match */
function isSame(rival: CtEntry, ct: CtEntry): boolean {
  if (!hasSameOrigin(rival, ct)) return false;
  return (
    rival.replySrc === ct.replySrc &&
    rival.replyDst === ct.replyDst &&
    rival.replySport === ct.replySport &&
    rival.replyDport === ct.replyDport
  );
}
