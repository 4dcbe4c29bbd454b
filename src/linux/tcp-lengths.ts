import type { Skb } from './skb.ts';

/** A SYN with MSS, selective acknowledgement and window scale, and one with timestamps as well. @source net/ipv4/tcp_output.c tcp_syn_options */
export const SYN_BYTES = 52;
export const TIMESTAMPED_SYN_BYTES = 60;
/** With the MSS alone, in answer to a SYN that had no options. */
const PLAIN_SYN_ACK_BYTES = 44;
const ACK_BYTES = 40;
export const TIMESTAMPED_ACK_BYTES = 52;

/** @param timestamps whether the host uses them */
export function synBytes(timestamps: boolean): number {
  return timestamps ? TIMESTAMPED_SYN_BYTES : SYN_BYTES;
}

/** A SYN-ACK has the options of the SYN that the host uses, too. @source net/ipv4/tcp_output.c tcp_synack_options */
export function synAckBytes({ lengthBytes }: Skb, timestamps: boolean): number {
  if (lengthBytes < SYN_BYTES) return PLAIN_SYN_ACK_BYTES;
  return synBytes(timestamps && isTimestamped({ lengthBytes }));
}

/** Of a SYN or SYN-ACK. */
export function isTimestamped({ lengthBytes }: Pick<Skb, 'lengthBytes'>): boolean {
  return lengthBytes >= TIMESTAMPED_SYN_BYTES;
}

/** @param timestamps whether both ends use them */
export function ackBytes(timestamps: boolean): number {
  return timestamps ? TIMESTAMPED_ACK_BYTES : ACK_BYTES;
}
