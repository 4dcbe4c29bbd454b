import { formatIpv4 } from '../../wire/ipv4.ts';
import { TCP } from '../../wire/proto.ts';
import { leavesChecksum } from '../checksum.ts';
import { ACK, afterSegment, type Exit, RST, Skb, SYN } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { dissectedHash } from './flow-hash.ts';
import { ipLocalOut } from './ip-output.ts';
import { announcedMss } from './path-mtu.ts';
import { note, start } from './record.ts';
import { routeSend } from './route.ts';

const RST_BYTES = 40;

/** A packet back to where `skb` came from, from the address that was asked. */
export function answerTo(stack: Stack, skb: Skb, proto: number, lengthBytes: number): Skb {
  return fromHere(stack, turned(skb, proto, lengthBytes));
}

function fromHere(stack: Stack, answer: Skb): Skb {
  answer.ttl = stack.netns.sysctl.ipDefaultTtl;
  answer.local = true;
  return answer;
}

/** A packet with the addresses and ports of `skb` the other way round, whoever sends it. */
export function turned(skb: Skb, proto: number, lengthBytes: number): Skb {
  const answer = new Skb();
  answer.proto = proto;
  answer.role = 'reply';
  answer.src = skb.dst;
  answer.dst = skb.src;
  answer.sport = skb.dport;
  answer.dport = skb.sport;
  answer.lengthBytes = lengthBytes;
  return answer;
}

/** The RST that a segment gets, whoever sends it. */
export function refusal(skb: Skb): Skb {
  const reset = turned(skb, TCP, RST_BYTES);
  reset.role = 'reset';
  reset.tcpFlags = (skb.tcpFlags & ACK) !== 0 ? RST : RST | ACK;
  if ((skb.tcpFlags & ACK) !== 0) reset.tcpSeq = skb.tcpAck;
  else reset.tcpAck = afterSegment(skb);
  reset.df = true;
  return reset;
}

/**
 * The RST with which the kernel refuses a segment. No socket has a number for the flow, a listener neither, so its headers are hashed.
 * @source net/ipv4/tcp_ipv4.c tcp_v4_send_reset, nf_reject_ipv4.c nf_reject_ip_tcphdr_put; ip_output.c ip_send_unicast_reply: txhash
 */
export function resetTo(stack: Stack, skb: Skb): Skb {
  const reset = fromHere(stack, refusal(skb));
  reset.mark = stack.netns.sysctl.fwmarkReflect ? skb.mark : 0;
  reset.byKernel = true;
  reset.sender = 'kernel';
  reset.flowHash = dissectedHash(reset);
  return reset;
}

/**
 * The sequence number that a connection begins with. The kernel hashes the tuple with a boot-time secret; any value will do.
 * @source net/core/secure_seq.c secure_tcp_seq
 */
export function initialSequence({ src, dst, sport, dport }: Pick<Skb, 'src' | 'dst' | 'sport' | 'dport'>): number {
  let h = Math.imul(src, 0x9e3779b1) ^ Math.imul(dst, 0x85ebca77) ^ Math.imul((sport << 16) | dport, 0xc2b2ae3d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

/** Why an answer is kept back. */
export interface Refusal {
  readonly reason: string;
  readonly text: string;
}

/**
 * Routes and sends what a socket or the kernel made in answer to a packet received.
 * @param text what the answer is
 * @param kept the way that its socket keeps to; null: it is looked up
 * @param settle settles what hangs on its way out; returns why it is kept back, null where it is not
 */
export function emit(
  stack: Stack,
  skb: Skb,
  stage: 'icmp' | 'socket',
  text: (answer: Skb) => string,
  settle: ((stack: Stack, answer: Skb, out: Exit) => Refusal | null) | null = null,
  kept: Exit | null = null,
): void {
  const { recorder } = stack.effects;
  if (recorder !== null) {
    skb.leg = recorder.leg(skb.role);
    start(recorder, stack, skb);
  }
  const route = kept ?? routeSend(stack, skb);
  if (route.kind === 'error') {
    stack.effects.dropped(stack, skb, 'NO_ROUTE_BACK', `no route back to ${formatIpv4(skb.dst)}: ${route.text}`);
    return;
  }
  if (route.kind === 'unknown') {
    stack.effects.unknown(stack, skb, route.reason, route.text);
    return;
  }
  const why = settle?.(stack, skb, route) ?? null;
  if (why !== null) {
    stack.effects.dropped(stack, skb, why.reason, why.text);
    return;
  }
  skb.checksumPending = leavesChecksum(skb, route.mtuBytes);
  if ((skb.tcpFlags & SYN) !== 0) skb.mssBytes = announcedMss(stack, route);
  if (recorder !== null) note(stack, skb, { stage, verb: 'ANSWERED', text: text(skb) });
  ipLocalOut(stack, skb, route);
}
