import type { Device } from '../linux/device.ts';
import type { Gap } from '../linux/gap.ts';
import { start } from '../linux/path/record.ts';
import type { Skb } from '../linux/skb.ts';
import type { Stack } from '../linux/stack.ts';
import { LegRecord, type Recorder } from '../trace/recorder.ts';
import type { Ipv4 } from '../wire/ipv4.ts';
import type { Mac } from '../wire/mac.ts';

/** What the hosts of a walk ask each other by ARP: told as legs where that decided something, and where nobody knows who would answer. */
export class ArpQuestions {
  private readonly legs = new Map<string, LegRecord>();
  /** Questions, by who asks and for what, of which nobody knows whether they would be answered. */
  private readonly doubts = new Map<string, Gap>();

  /** A request or an answer sets out; no trace shows it yet. */
  begin(recorder: Recorder, stack: Stack, device: Device, skb: Skb): void {
    if (skb.arp === null) return;
    const leg = new LegRecord('arp');
    skb.leg = leg;
    start(recorder, stack, skb);
    if (skb.arp.op === 'request') this.legs.set(placeOf(stack, device, skb.arp.targetIp), leg);
  }

  /** It met something that a reader wants to know of. A copy is shown with what it is a copy of. */
  show(recorder: Recorder, skb: Skb): void {
    if (skb.leg === null) return;
    let leg = skb.leg;
    while (leg.origin !== null) leg = leg.origin;
    if (!recorder.legs.includes(leg)) recorder.legs.push(leg);
  }

  /** Nobody answered. @returns what is not known of who could; null where it is */
  fail(recorder: Recorder | null, stack: Stack, device: Device, ip: Ipv4): Gap | null {
    const leg = this.legs.get(placeOf(stack, device, ip));
    if (recorder !== null && leg !== undefined && !recorder.legs.includes(leg)) recorder.legs.push(leg);
    return this.doubts.get(questionOf(device.mac, ip)) ?? null;
  }

  /** One that is asked is not known well enough. Others may answer: only if nobody does is the walk unknown. */
  doubt(arp: NonNullable<Skb['arp']>, gap: Gap): void {
    const { op, senderMac, senderIp, targetMac, targetIp } = arp;
    const question = op === 'request' ? questionOf(senderMac, targetIp) : questionOf(targetMac, senderIp);
    if (!this.doubts.has(question)) this.doubts.set(question, gap);
  }

  /** To clear an empty map costs as much as to make a new one. */
  clear(): void {
    if (this.legs.size > 0) this.legs.clear();
    if (this.doubts.size > 0) this.doubts.clear();
  }
}

function placeOf(stack: Stack, device: Device, ip: Ipv4): string {
  return `${stack.at} ${device.name} ${ip}`;
}

/** The device that asks is known by its Ethernet address, which the answer bears, too. */
function questionOf(asker: Mac, asked: Ipv4): string {
  return `${asker} ${asked}`;
}
