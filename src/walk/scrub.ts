import { CT_NONE, type Skb } from '../linux/skb.ts';

/** What does not survive a wire; the mark stays inside one namespace. @source net/core/skbuff.c skb_scrub_packet */
export function scrub(skb: Skb, leavesNetns: boolean): void {
  skb.ct = null;
  skb.ctInfo = CT_NONE;
  skb.input = null;
  skb.via = null;
  skb.bridge = null;
  skb.ignoreDf = false;
  skb.fragMaxBytes = 0;
  skb.local = false;
  skb.boundDev = null;
  if (leavesNetns) {
    skb.mark = 0;
  }
  if (skb.inner !== null) scrub(skb.inner, leavesNetns);
}
