import { violations } from '../../../src/trace/invariants.ts';
import type { ConntrackEntry, Delivered, Header, Leg, Outcome, Step, Trace, Tuple } from '../../../src/trace/trace.ts';

/** A probe that was sent, and what to ask of it in one line. Its trace is sound, or there is none. */
export class Sent {
  readonly trace: Trace;

  constructor(trace: Trace) {
    const found = violations(trace);
    if (found.length > 0) throw new Error(`unsound trace: ${found.join('; ')}\n${JSON.stringify(trace, null, 1)}`);
    this.trace = trace;
  }

  get outcome(): Outcome {
    return this.trace.outcome;
  }

  get reason(): string | null {
    return this.trace.reason;
  }

  get text(): string {
    return this.trace.text;
  }

  get errno(): string | null {
    return this.trace.errno;
  }

  /** As the receiver sees it: `b 10.0.0.2:40000 > 10.0.1.2:80 ttl 63`; `nowhere` when it was not delivered. */
  get seen(): string {
    const { delivered } = this.trace;
    return delivered === null ? 'nowhere' : deliveredText(delivered);
  }

  /** Further receivers. */
  get alsoSeen(): string[] {
    return (this.leg('request')?.alsoDelivered ?? []).map(deliveredText);
  }

  /** From whom the answer came, as the sender sees it. */
  get answeredBy(): string | null {
    return this.trace.reply?.from ?? null;
  }

  /** `3/1 from 10.0.0.1` for every ICMP error that the sender got. */
  get errors(): string[] {
    return this.trace.icmpErrors.map(({ type, code, from }) => `${type}/${code} from ${from}`);
  }

  /** `a >eth0, r v1>v2, b eth0>` */
  get path(): string {
    return this.pathOf('request');
  }

  pathOf(kind: Leg['kind']): string {
    const leg = this.leg(kind);
    return leg === null ? 'none' : pathText(leg);
  }

  leg(kind: Leg['kind']): Leg | null {
    return this.trace.legs.find((leg) => leg.kind === kind) ?? null;
  }

  get legs(): string[] {
    return this.trace.legs.map(({ kind }) => kind);
  }

  /** Where copies of the request went. */
  get copies(): string[] {
    return (this.leg('request')?.copies ?? []).map(pathText);
  }

  /** `r nat:PREROUTING[1]` for every rule that a packet matched, in the kernel's order. */
  get rules(): string[] {
    return this.steps.flatMap(({ at, step: { rule } }) => (rule === undefined ? [] : [`${at} ${rule.table}:${rule.chain}[${rule.index}]`]));
  }

  /** Every step with its namespace, in order. */
  get steps(): { readonly at: string; readonly kind: Leg['kind']; readonly step: Step }[] {
    const found = new Map<number, { at: string; kind: Leg['kind']; step: Step }>();
    const take = (leg: Leg): void => {
      for (const { at, steps } of leg.hops) for (const step of steps) found.set(step.seq, { at: netns(at), kind: leg.kind, step });
      for (const copy of leg.copies ?? []) take(copy);
    };
    for (const leg of this.trace.legs) take(leg);
    return [...found.values()].sort((a, b) => a.step.seq - b.step.seq);
  }

  /** `r DROPPED no route to …` for every step with one of these verbs. */
  told(...verbs: readonly Step['verb'][]): string[] {
    return this.steps.flatMap(({ at, step }) => (verbs.includes(step.verb) ? [`${at} ${step.verb} ${step.text}`] : []));
  }

  /** The packet of a leg as it came into (`rx`) or left (`tx`) a namespace. */
  header(at: string, which: 'rx' | 'tx', kind: Leg['kind'] = 'request'): Header | null {
    const header = this.leg(kind)?.hops.find((hop) => netns(hop.at) === at)?.[which];
    return header === undefined || header.proto === 'arp' || !('ttl' in header) ? null : header;
  }

  /** `udp 10.0.0.2:40000>10.0.1.2:53 / 10.0.1.2:53>10.0.0.2:40000 seen-reply` for each connection met in a namespace. */
  conntrack(at: string): string[] {
    return Object.entries(this.trace.conntrack).flatMap(([place, entries]) => (netns(place) === at ? entries.map(entryText) : []));
  }
}

function deliveredText({ at, src, dst, ttl }: Delivered): string {
  return `${netns(at)} ${src} > ${dst} ttl ${ttl}`;
}

function netns(at: string): string {
  return at.slice(at.indexOf('/') + 1);
}

function pathText(leg: Leg): string {
  return leg.hops
    .filter((hop) => hop.in !== undefined || hop.out !== undefined)
    .map((hop) => `${netns(hop.at)} ${hop.in ?? ''}>${hop.out ?? ''}`)
    .join(', ');
}

export function entryText({ orig, reply, status, mark }: ConntrackEntry): string {
  const text = `${orig.proto} ${tupleText(orig)} / ${tupleText(reply)} ${status.join(' ')}`.trim();
  return mark === undefined ? text : `${text} mark=${mark}`;
}

function tupleText({ src, dst, sport, dport }: Tuple): string {
  return dport === undefined ? `${src}>${dst}${sport === undefined ? '' : ` id ${sport}`}` : `${src}:${sport ?? 0}>${dst}:${dport}`;
}
