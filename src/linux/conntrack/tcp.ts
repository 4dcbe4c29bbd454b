import { ACK, RST, SYN } from '../skb.ts';

/** @source include/uapi/linux/netfilter/nf_conntrack_tcp.h enum tcp_conntrack */
export const TCP_NONE = 0;
export const SYN_SENT = 1;
export const SYN_RECV = 2;
export const ESTABLISHED = 3;
export const FIN_WAIT = 4;
export const CLOSE_WAIT = 5;
export const LAST_ACK = 6;
export const TIME_WAIT = 7;
export const CLOSE = 8;
/** The packet does not fit: INVALID. */
export const INVALID = 10;
/** The packet is let through and changes nothing. */
export const IGNORED = 11;

export const TCP_STATE_NAMES: readonly string[] = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
];

const FIN = 1;
const [, sSS, sSR, sES, sFW, sCW, sLA, sTW, sCL, sS2, sIV, sIG] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] as const;

/** Next state by direction, kind of segment and state. @source net/netfilter/nf_conntrack_proto_tcp.c tcp_conntracks */
const NEXT: readonly (readonly (readonly number[])[])[] = [
  [
    /* SYN     */ [sSS, sSS, sIG, sIG, sIG, sIG, sIG, sSS, sSS, sS2],
    /* SYN-ACK */ [sIV, sIV, sSR, sIV, sIV, sIV, sIV, sIV, sIV, sSR],
    /* FIN     */ [sIV, sIV, sFW, sFW, sLA, sLA, sLA, sTW, sCL, sIV],
    /* ACK     */ [sES, sIV, sES, sES, sCW, sCW, sTW, sTW, sCL, sIV],
    /* RST     */ [sIV, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL],
    /* none    */ [sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV],
  ],
  [
    /* SYN     */ [sIV, sS2, sIV, sIV, sIV, sIV, sIV, sSS, sIV, sS2],
    /* SYN-ACK */ [sIV, sSR, sIG, sIG, sIG, sIG, sIG, sIG, sIG, sSR],
    /* FIN     */ [sIV, sIV, sFW, sFW, sLA, sLA, sLA, sTW, sCL, sIV],
    /* ACK     */ [sIV, sIG, sSR, sES, sCW, sCW, sTW, sTW, sCL, sIG],
    /* RST     */ [sIV, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL],
    /* none    */ [sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV, sIV],
  ],
];

function segmentKind(flags: number): number {
  if ((flags & RST) !== 0) return 4;
  if ((flags & SYN) !== 0) return (flags & ACK) !== 0 ? 1 : 0;
  if ((flags & FIN) !== 0) return 2;
  if ((flags & ACK) !== 0) return 3;
  return 5;
}

/** The state after a segment; {@link INVALID} and {@link IGNORED} are not states. */
export function nextTcpState(reply: boolean, flags: number, state: number): number {
  return NEXT[reply ? 1 : 0]?.[segmentKind(flags)]?.[state] ?? INVALID;
}
