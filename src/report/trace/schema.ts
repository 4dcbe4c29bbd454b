import * as z from 'zod';
import { type ArpHeader, type FurtherFrame, type Header, type Leg, LEG_KINDS, OUTCOMES, type Trace, VERBS } from '../../trace/trace.ts';

interface ProbeError {
  readonly trace: 1;
  readonly id: string | number | null;
  readonly error: { readonly line: number; readonly message: string };
}

const address = z.string();
const port = z.int().min(0).max(65_535);
const code = z.string().regex(/^[A-Z][A-Z0-9_]*$/);
const at = z.string().describe('MACHINE/NETNS, or fabric/… for Azure');

const header: z.ZodType<Header> = z.object({
  src: address,
  dst: address,
  proto: z.string(),
  sport: port.exactOptional(),
  dport: port.exactOptional(),
  icmpType: z.int().exactOptional(),
  icmpCode: z.int().exactOptional(),
  ttl: z.int().min(0).max(255),
  smac: z.string().exactOptional(),
  dmac: z.string().nullable().exactOptional(),
  mark: z.int(),
  length: z.int().exactOptional(),
  mss: z.int().exactOptional(),
  flags: z.string().exactOptional(),
  df: z.boolean().exactOptional(),
  tos: z.int().exactOptional(),
  id: z.int().exactOptional().describe('IP identification; absent on a datagram that was never cut'),
  fragment: z.object({ offset: z.int().min(0), more: z.boolean() }).exactOptional(),
  seqNumber: z.int().min(0).exactOptional(),
  ackNumber: z.int().min(0).exactOptional(),
  nextHopMtu: z.int().exactOptional(),
  gateway: address.exactOptional(),
  get quoted() {
    return header.exactOptional().describe('the packet that an ICMP error quotes');
  },
  vni: z.int().exactOptional(),
  tunnelSport: port.exactOptional().describe('the source port of an encapsulated packet; its sport is 0'),
  get inner() {
    return z.union([header, arpHeader]).exactOptional();
  },
});

const arpHeader: z.ZodType<ArpHeader> = z.object({
  proto: z.literal('arp'),
  op: z.enum(['request', 'reply']),
  src: address,
  dst: address,
  smac: z.string(),
  dmac: z.string(),
  targetMac: z.string().exactOptional(),
});

const frameTime = z.object({
  frame: z.int().min(1).describe("counts frames over the whole trace, in the kernel's time order"),
  ms: z.number().describe('the clock of the walk'),
});

const furtherFrame: z.ZodType<FurtherFrame> = z.object({
  ...frameTime.shape,
  get header() {
    return z.union([header, arpHeader]);
  },
});

const someHeader = z.record(z.string(), z.unknown()).describe('the fields of a header that changed');

const backEnd = z.literal('legacy').exactOptional().describe('where both back ends of iptables hold rules: this one is of iptables-legacy');

const rule = z.object({
  table: z.string(),
  chain: z.string(),
  index: z.int().min(1).describe('from 1, as iptables -L --line-numbers counts'),
  text: z.string(),
  origin: z.string().exactOptional(),
  backEnd,
});

const tuple = z.object({ proto: z.string(), src: address, dst: address, sport: port.exactOptional(), dport: port.exactOptional() });

const step = z.object({
  seq: z.int().min(1).describe("counts steps over the whole trace, in the kernel's time order"),
  stage: z.string(),
  verb: z.enum(VERBS),
  text: z.string(),
  before: someHeader.exactOptional(),
  after: someHeader.exactOptional(),
  rule: rule.exactOptional(),
  policy: z.object({ table: z.string(), chain: z.string(), verdict: z.string(), backEnd }).exactOptional(),
  azureRule: z
    .object({ nsg: z.string(), rule: z.string(), priority: z.int(), access: z.enum(['Allow', 'Deny']), text: z.string() })
    .exactOptional(),
  route: z
    .object({
      table: z.string(),
      dst: z.string(),
      type: z.string(),
      dev: z.string().exactOptional(),
      via: z.string().exactOptional(),
      src: z.string().exactOptional(),
      metric: z.int().exactOptional(),
      tos: z.int().exactOptional(),
      origin: z.string().exactOptional(),
    })
    .exactOptional(),
  neigh: z.object({ ip: address, mac: z.string().nullable(), dev: z.string(), state: z.string() }).exactOptional(),
  conntrack: z
    .object({ state: z.enum(['NEW', 'ESTABLISHED', 'RELATED']), direction: z.enum(['original', 'reply']), orig: tuple })
    .exactOptional()
    .describe('the connection that the packet belongs to'),
  considered: z.array(z.object({ what: z.string(), why: z.string(), rule: rule.exactOptional() })).exactOptional(),
  reason: code.exactOptional(),
});

const delivered = z.object({ at, proto: z.string(), src: z.string(), dst: z.string(), ttl: z.int(), mss: z.int().exactOptional() });

const leg: z.ZodType<Leg> = z.object({
  kind: z.enum(LEG_KINDS),
  hops: z.array(
    z.object({
      at,
      in: z.string().exactOptional(),
      out: z.string().exactOptional(),
      through: z.array(z.string()).exactOptional(),
      rx: z.union([header, arpHeader]).exactOptional(),
      tx: z.union([header, arpHeader]).exactOptional(),
      rxAt: frameTime.exactOptional(),
      txAt: frameTime.exactOptional(),
      rxPort: furtherFrame.exactOptional(),
      rxFragments: z.array(furtherFrame).exactOptional(),
      txFragments: z.array(furtherFrame).exactOptional(),
      steps: z.array(step),
    }),
  ),
  fragments: z.int().min(2).exactOptional(),
  get copies() {
    return z.array(leg).exactOptional();
  },
  alsoDelivered: z.array(delivered).exactOptional(),
});

/** The JSON of a trace, version 1. Fields that it does not name are allowed: later versions add some. */
export const traceSchema: z.ZodType<Trace> = z.object({
  trace: z.literal(1),
  id: z.string().exactOptional(),
  probe: z.object({
    from: z.string(),
    proto: z.string(),
    src: z.string().nullable(),
    sport: port.exactOptional(),
    dst: z.string(),
    dport: port.exactOptional(),
    ttl: z.int().min(0).max(255),
  }),
  outcome: z.enum(OUTCOMES),
  reason: code.nullable().describe('stable upper-case code when the outcome is not replied, delivered or exits'),
  text: z.string().describe('one sentence that names what decided and where'),
  errno: z.string().nullable(),
  delivered: delivered.nullable().describe('as the receiver sees it'),
  reply: z.object({ from: z.string() }).nullable().describe('as the sender sees it'),
  icmpErrors: z.array(z.object({ type: z.int(), code: z.int(), from: address })),
  legs: z.array(leg),
  conntrack: z.record(
    z.string(),
    z.array(z.object({ orig: tuple, reply: tuple, status: z.array(z.string()), mark: z.int().exactOptional() })),
  ),
  branch: z
    .object({
      index: z.int().min(0),
      of: z.int().min(1),
      odds: z.number(),
      choices: z.array(
        z.object({ at, what: z.enum(['statistic', 'numgen', 'ecmp', 'lb-hash']), picked: z.int().min(0), of: z.int().min(1) }),
      ),
      truncated: z.literal(true).exactOptional(),
    })
    .exactOptional(),
  truncated: z.literal(true).exactOptional().describe('there are more branches than were walked'),
});

/** What stands in the place of the trace of a probe line that could not be walked. */
export const probeErrorSchema: z.ZodType<ProbeError> = z.object({
  trace: z.literal(1),
  id: z.union([z.string(), z.number()]).nullable().describe("the probe's own, where it could be read"),
  error: z.object({ line: z.int().min(1), message: z.string() }),
});

/** The JSON Schema (draft 2020-12) of a line that `podwalk trace` writes: a trace, or why there is none. */
export function traceJsonSchema(): object {
  const { anyOf: oneOf, ...rest } = z.toJSONSchema(z.union([traceSchema, probeErrorSchema]), { io: 'input', unrepresentable: 'any' });
  return { title: 'podwalk trace', ...rest, oneOf };
}
