import * as z from 'zod';
import { OUTCOMES } from '../../trace/trace.ts';
import type { Expectations } from '../check/expectations.ts';
import { ERRNOS, REASON_WORDS, namesIcmpError, isReason } from '../check/reasons.ts';
import { port, prose, ttl } from './field.ts';
import { oneOrMore, section, textThat } from './section.ts';

/** How the probe of a check is sent, apart from where to. */
export interface Send {
  readonly sport?: number;
  readonly src?: string;
  readonly ttl?: number;
  readonly size?: number;
  readonly df?: boolean | 'auto';
  readonly mark?: number;
  readonly tos?: number;
  readonly spoof?: string;
  readonly bindDev?: string;
}

/** One promise: a packet from here to there, and what becomes of it. Lists of `from` and `to` stand for every pair. */
export interface CheckEntry extends Expectations {
  readonly name?: string;
  readonly description?: string;
  readonly tags?: string[];
  readonly from: string | string[];
  readonly to: string | string[];
  readonly proto?: 'tcp' | 'udp' | 'icmp';
  readonly send?: Send;
  readonly branches?: 'one' | 'all';
}

const OUTCOME_WORDS: ReadonlySet<string> = new Set(OUTCOMES.flatMap((outcome) => [outcome, `!${outcome}`]));
const outcome = textThat((text) => OUTCOME_WORDS.has(text), `one of ${OUTCOMES.join(', ')}, or ! and one of them`).meta({
  enum: [...OUTCOME_WORDS],
});
const code = textThat(isReason, 'a reason code such as NETFILTER_DROP', REASON_WORDS);
const errno = textThat((text) => ERRNOS.includes(text), 'an errno such as ENETUNREACH', ERRNOS);
export const endpoint: z.ZodString = z.string().min(1).max(600);
const pattern = z.string().min(1).max(600);
const many = z.array(pattern).min(1).max(200);

export const send: z.ZodType<Send> = z.lazy(() =>
  section({
    sport: port
      .exactOptional()
      .describe('source port, for ICMP the echo identifier; default 40000, ICMP 1234, and one more with every walk of the steps'),
    src: z.string().exactOptional().describe('address that the socket is bound to'),
    ttl: ttl.exactOptional().describe('time to live; default 64'),
    size: z.int().min(0).max(65_507).exactOptional().describe('UDP payload, or bytes after the ICMP header; default 32'),
    df: z
      .union([z.boolean(), z.literal('auto')])
      .exactOptional()
      .describe("don't fragment; auto is the kernel's default"),
    mark: z.int().min(0).max(0xffff_ffff).exactOptional().describe('SO_MARK'),
    tos: z.int().min(0).max(255).exactOptional().describe('type of service, the whole byte'),
    spoof: z.string().exactOptional().describe('source address of a ready-made packet from a raw socket'),
    bindDev: z.string().max(15).exactOptional().describe('SO_BINDTODEVICE'),
  }).describe('how the packet is sent'),
);

const expectationFields = {
  expect: oneOrMore(outcome).exactOptional().describe('outcome of the walk; default replied'),
  seenSource: oneOrMore(endpoint).exactOptional().describe('source that the receiver sees: an address, or an endpoint that has it'),
  backend: oneOrMore(endpoint).exactOptional().describe('who takes the packet'),
  backends: z.array(endpoint).min(1).max(1000).exactOptional().describe('over all branches, exactly these take the packet'),
  via: oneOrMore(pattern).exactOptional().describe('places that the request passes, in this order, others between them'),
  notVia: oneOrMore(pattern).exactOptional().describe('places that the request does not pass'),
  replyVia: oneOrMore(pattern).exactOptional().describe('places that the reply passes, in this order'),
  hops: many.exactOptional().describe('exactly the places of the request, in order'),
  replyHops: many.exactOptional().describe('exactly the places of the reply, in order'),
  reply: z
    .union([z.boolean(), z.string().max(600)])
    .exactOptional()
    .describe('whether an answer comes, or from whom'),
  reason: oneOrMore(code).exactOptional().describe('reason code of the walk, such as AZURE_NSG_IN_NIC'),
  rule: oneOrMore(pattern)
    .exactOptional()
    .describe('rules that take part: nat:KUBE-SVC-*, filter:FORWARD[2], nsg:NAME/RULE, route:10.0.0.0/8'),
  notRule: oneOrMore(pattern).exactOptional().describe('rules that take no part'),
  errno: errno.exactOptional().describe('error of the send call'),
  icmp: textThat(namesIcmpError, 'TYPE/CODE of an ICMP error such as 3/4, or 3/*')
    .exactOptional()
    .describe('an ICMP error that reaches the sender'),
  mss: z.int().min(0).max(65_535).exactOptional().describe('MSS that the receiver of the SYN is offered'),
  ttl: ttl.exactOptional().describe('time to live with which the packet arrives'),
  text: z.string().min(1).max(1000).exactOptional().describe('part of the sentence that says what decided'),
};

export const checkEntry: z.ZodType<CheckEntry> = z.lazy(() =>
  section({
    name: prose.exactOptional().describe('the promise in words, for reports; default FROM -> TO'),
    description: prose.exactOptional().describe('more about it, for its readers'),
    tags: z.array(z.string().max(100)).max(100).exactOptional().describe('what run --tag selects'),
    from: oneOrMore(endpoint).describe('who sends: pod/NAMESPACE/NAME, node/NAME, vm/NAME, internet …'),
    to: oneOrMore(endpoint).describe('whom to: an endpoint or an address, with :PORT for tcp and udp'),
    proto: z.enum(['tcp', 'udp', 'icmp']).exactOptional().describe('default tcp; icmp where `to` has no port'),
    send: send.exactOptional(),
    branches: z.enum(['one', 'all']).exactOptional().describe('all: the promise holds whichever way load is balanced'),
    ...expectationFields,
  }).describe('one promise: a packet from here to there, and what becomes of it'),
);

export const expectations: z.ZodType<Expectations> = z.lazy(() => section(expectationFields));
