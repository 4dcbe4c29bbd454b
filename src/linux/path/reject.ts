import { formatIpv4 } from '../../wire/ipv4.ts';
import { TCP } from '../../wire/proto.ts';
import { hasWrongChecksum } from '../checksum.ts';
import { setClosing } from '../conntrack/follow-tcp.ts';
import { attach } from '../conntrack/track.ts';
import { type HookEnv, PREROUTING } from '../netfilter/hook-env.ts';
import type { RejectKind } from '../netfilter/target/target.ts';
import { RST } from '../skb.ts';
import { resetTo } from './emit.ts';
import { deviceTransmit } from './device.ts';
import { icmpSend, isForMany } from './icmp.ts';
import { UNREACHABLE } from './icmp-types.ts';
import { ipLocalOut } from './ip-output.ts';
import { note, start } from './record.ts';
import { routeMeHarder, routeReceived } from './route.ts';

/** @source net/ipv4/netfilter/ipt_REJECT.c reject_tg */
const CODES: Readonly<Record<Exclude<RejectKind, 'tcp-reset'>, number>> = {
  'icmp-net-unreachable': 0,
  'icmp-host-unreachable': 1,
  'icmp-proto-unreachable': 2,
  'icmp-port-unreachable': 3,
  'icmp-net-prohibited': 9,
  'icmp-host-prohibited': 10,
  'icmp-admin-prohibited': 13,
};

/** Answers a packet that a REJECT rule refuses. @source net/ipv4/netfilter/nf_reject_ipv4.c nf_send_unreach, nf_send_reset */
export function rejectPacket(env: HookEnv, type: RejectKind): void {
  const { stack, skb } = env;
  // The checksum, which has to be right, is that of the whole packet: the first fragment alone gets no answer either.
  if (skb.fragOffsetBytes > 0 || skb.moreFragments || hasWrongChecksum(skb)) return;
  if (env.hook === PREROUTING && skb.input === null && env.in !== null) skb.input = routeReceived(stack, env.in, skb);
  if (type !== 'tcp-reset') {
    const device = env.in ?? env.out;
    if (device !== null) icmpSend(stack, device, skb, UNREACHABLE, CODES[type]);
    return;
  }
  if (skb.proto !== TCP || (skb.tcpFlags & RST) !== 0 || isForMany(skb)) return;
  const reset = resetTo(stack, skb);
  reset.sender = 'none';
  reset.checksumPending = true;
  // The device of the socket that is refused binds this look-up alone.
  reset.boundDev = skb.boundDev;
  const route = routeMeHarder(stack, reset);
  reset.boundDev = null;
  if (route.kind === 'unknown') stack.effects.unknown(stack, skb, route.reason, route.text);
  if (route.kind === 'error' || route.kind === 'unknown') return;
  attach(reset, skb);
  if (skb.ct !== null) setClosing(stack, skb.ct);
  const { recorder } = stack.effects;
  if (recorder !== null) {
    reset.leg = recorder.leg(reset.role);
    start(recorder, stack, reset);
    note(stack, reset, { stage: 'reject', verb: 'ORIGINATED', text: `RST from ${formatIpv4(reset.src)}:${reset.sport}` });
  }
  const port = skb.bridge === null ? undefined : stack.netns.deviceByName.get(skb.bridge.physIn);
  if (port === undefined) {
    ipLocalOut(stack, reset, route);
    return;
  }
  // What came by a bridge port is answered there at once, in the name of whom it was for; no rule sees the answer.
  reset.smac = skb.dmac;
  reset.dmac = skb.smac;
  deviceTransmit(stack, port, reset);
}
