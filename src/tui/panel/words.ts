import { rewrites } from '../../report/trace/names.ts';
import type { Outcome, Step, Trace } from '../../trace/trace.ts';
import type { Tone } from '../text/span.ts';

/** The sign of an outcome; its word always stands with it. */
export function outcomeSign(outcome: Outcome): { readonly sign: string; readonly tone: Tone } {
  switch (outcome) {
    case 'replied':
      return { sign: '✔', tone: 'good' };
    case 'delivered':
    case 'exits':
      return { sign: '~', tone: 'warn' };
    case 'unknown':
      return { sign: '?', tone: 'warn' };
    case 'send-error':
    case 'reset':
    case 'icmp-error':
    case 'dropped':
    case 'loop':
      return { sign: '✘', tone: 'bad' };
  }
}

/** How a verb is shown. */
export function verbTone({ verb }: Step): Tone {
  switch (verb) {
    case 'DROPPED':
    case 'REJECTED':
      return 'bad';
    case 'UNKNOWN':
      return 'warn';
    case 'DELIVERED':
    case 'ANSWERED':
      return 'good';
    case 'REWRITTEN':
    case 'MARKED':
      return 'strong';
    default:
      return 'plain';
  }
}

/** Where the sign of a step stands for its verb: the ends of a packet. */
export function verbSign({ verb }: Step): string {
  if (verb === 'DROPPED' || verb === 'REJECTED') return '✘';
  if (verb === 'UNKNOWN') return '?';
  return verb === 'DELIVERED' ? '✔' : ' ';
}

/** A step in a few words: what it changed, else what decided. */
export function brief(step: Step): string {
  const { rule, policy, azureRule, route, text } = step;
  const changes = rewrites(step).map((change) => change.replace(/^(\S+) .* → /, '$1 → '));
  if (changes.length > 0) return changes.join(', ');
  if (rule !== undefined) return `${rule.chain}[${rule.index}]${/ -j (\S+)/.exec(` ${rule.text}`)?.[0] ?? ''}`;
  if (policy !== undefined) return `${policy.chain} policy ${policy.verdict}`;
  if (azureRule !== undefined) return `${azureRule.rule} ${azureRule.access}`;
  if (route !== undefined && route.origin === undefined) return text;
  return text;
}

/** Marks that agents agree on. @source kube-proxy --iptables-masquerade-bit 14, --iptables-drop-bit 15 */
const MARKS: readonly { readonly bit: number; readonly means: string }[] = [
  { bit: 0x4000, means: 'masquerade, kube-proxy' },
  { bit: 0x8000, means: 'drop, kube-proxy' },
];

/** A mark with the meaning of its bits. */
export function markText(mark: number): string {
  const means = MARKS.filter(({ bit }) => (mark & bit) !== 0).map((one) => one.means);
  return `0x${mark.toString(16)}${means.length === 0 ? '' : ` (${means.join('; ')})`}`;
}

/** What became of each direction. */
export function directions(trace: Trace): { readonly request: Heard; readonly reply: Heard } {
  return { request: requestHeard(trace), reply: replyHeard(trace) };
}

/** One direction in a few words, with its sign. */
export interface Heard {
  readonly sign: string;
  readonly tone: Tone;
  readonly text: string;
}

function requestHeard({ delivered, outcome, errno, reason }: Trace): Heard {
  if (delivered !== null) return { sign: '✔', tone: 'good', text: `reached ${delivered.dst}` };
  switch (outcome) {
    case 'send-error':
      return { sign: '✘', tone: 'bad', text: `never left: ${errno ?? 'the send failed'}` };
    case 'reset':
      return { sign: '✘', tone: 'bad', text: 'refused: nobody listens, or a rule rejects' };
    case 'exits':
      return { sign: '~', tone: 'warn', text: 'left the model' };
    case 'unknown':
      return { sign: '?', tone: 'warn', text: `not known: ${reason ?? ''}` };
    case 'loop':
      return { sign: '✘', tone: 'bad', text: 'goes in a circle' };
    default:
      return { sign: '✘', tone: 'bad', text: `lost: ${reason ?? outcome}` };
  }
}

function replyHeard({ reply, outcome, icmpErrors, delivered }: Trace): Heard {
  if (reply !== null) return { sign: '✔', tone: 'good', text: `from ${reply.from}` };
  if (outcome === 'reset') return { sign: '✘', tone: 'bad', text: 'a reset came back' };
  const [error] = icmpErrors;
  if (error !== undefined) return { sign: '✘', tone: 'bad', text: `ICMP error ${error.type}/${error.code} from ${error.from}` };
  if (outcome === 'unknown') return { sign: '?', tone: 'warn', text: 'not known' };
  return delivered === null ? { sign: '·', tone: 'dim', text: 'nothing to answer' } : { sign: '✘', tone: 'bad', text: 'nothing came back' };
}

/** A sentence with the places in it by the names that people know. */
export function namedPlaces(text: string, names: ReadonlyMap<string, string>): string {
  return text.replaceAll(/[^\s,;:()]+\/[^\s,;:()]+/g, (place) => names.get(place) ?? place);
}
