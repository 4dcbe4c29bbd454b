import type { Branch, Considered, Hop, Leg, Outcome, Step, Trace } from '../../trace/trace.ts';
import { placeNames, withPlaceNames } from '../../scenario/places.ts';
import type { World } from '../../world/world.ts';
import { PLAIN, type Paint } from '../paint.ts';
import { printable } from '../printable.ts';
import { type Detail, shows } from './detail.ts';
import { decider, headerLine, probeLine, rewrites, ruleLine } from './names.ts';

export interface TextOptions {
  readonly detail: Detail;
  readonly paint?: Paint;
  /** What people call a place: `node-0/cni-1770aa7f` → `pod default/web`. Default: what `world` knows. */
  readonly places?: ReadonlyMap<string, string>;
  /** The world that was walked: its pods are called by their names. */
  readonly world?: World;
}

/** Options with nothing left open. */
type Style = Required<Omit<TextOptions, 'world'>>;

const NO_PLACES: ReadonlyMap<string, string> = new Map();
const VERB_WIDTH = 12;

/** A trace as people read it: the packet, its legs hop by hop, what decided at each, and one verdict. Ends with a newline. */
export function traceText(trace: Trace, options: TextOptions): string {
  const style: Style = { detail: options.detail, paint: options.paint ?? PLAIN, places: placesOf(options) };
  const { paint } = style;
  const lines: string[] = [paint.bold(probeLine(trace.probe))];
  if (trace.branch !== undefined && trace.branch.of > 1) lines.push(paint.dim(branchLine(trace.branch)));
  for (const leg of trace.legs) legLines(lines, leg, style, '');
  lines.push(verdictLine(trace, paint, style.places), '');
  return lines.join('\n');
}

/** What the places of a trace are called. */
export function placesOf({ places, world }: Pick<TextOptions, 'places' | 'world'>): ReadonlyMap<string, string> {
  return places ?? (world === undefined ? NO_PLACES : placeNames(world));
}

/** A place by the name that people know, with its own in brackets. */
export function placeLine(at: string, places: ReadonlyMap<string, string>): string {
  const called = places.get(at);
  return printable(called === undefined ? at : `${called} (${at})`);
}

/** `DROPPED  IPT_RULE_DROP  filter:FORWARD[2] dropped it on node0/root`. */
export function verdictLine(trace: Trace, paint: Paint = PLAIN, places: ReadonlyMap<string, string> = NO_PLACES): string {
  const code = trace.reason ?? trace.errno;
  const word = trace.outcome.toUpperCase();
  const text = withPlaceNames(trace.text, places);
  return `${outcomePaint(trace.outcome, paint)(word)}${code === null ? '' : `  ${printable(code)}`}  ${printable(text)}`;
}

function outcomePaint(outcome: Outcome, paint: Paint): (text: string) => string {
  switch (outcome) {
    case 'replied':
    case 'delivered':
      return paint.green;
    case 'unknown':
    case 'exits':
      return paint.yellow;
    case 'send-error':
    case 'reset':
    case 'icmp-error':
    case 'dropped':
    case 'loop':
      return paint.red;
  }
}

/** `branch 2 of 3, odds 33.3 %: node0/root statistic took 2 of 3`. */
export function branchLine(branch: Branch): string {
  const choices = branch.choices.map((choice) => `${choice.at} ${choice.what} took ${choice.picked + 1} of ${choice.of}`);
  const odds = `${(branch.odds * 100).toFixed(1)} %`;
  const least = branch.truncated === true ? 'at least ' : '';
  return printable(
    `branch ${branch.index + 1} of ${least}${branch.of}, odds ${odds}${choices.length > 0 ? `: ${choices.join(', ')}` : ''}`,
  );
}

function legLines(lines: string[], leg: Leg, style: Style, indent: string): void {
  const { detail, paint } = style;
  const fragments = leg.fragments === undefined || leg.fragments < 2 ? '' : ` in ${leg.fragments} fragments`;
  lines.push(`${indent}${paint.cyan(leg.kind)}${fragments}`);
  leg.hops.forEach((hop, index) => hopLines(lines, hop, index + 1, style, `${indent}  `));
  if (detail !== 'detailed') return;
  for (const copy of leg.copies ?? []) {
    lines.push(`${indent}  ${paint.dim('copy')}`);
    legLines(lines, copy, style, `${indent}    `);
  }
  for (const other of leg.alsoDelivered ?? [])
    lines.push(printable(`${indent}  also delivered at ${other.at} ${other.src} -> ${other.dst}`));
}

function hopLines(lines: string[], hop: Hop, number: number, style: Style, indent: string): void {
  const { detail, paint, places } = style;
  lines.push(`${indent}${number}. ${placeLine(hop.at, places)}${paint.dim(crossing(hop))}`);
  const inner = `${indent}   `;
  if (detail === 'detailed' && hop.rx !== undefined) lines.push(inner + paint.dim(`rx ${headerLine(hop.rx)}`));
  for (const step of hop.steps) if (shows(detail, step)) stepLines(lines, step, detail, paint, inner);
  if (detail === 'detailed' && hop.tx !== undefined) lines.push(inner + paint.dim(`tx ${headerLine(hop.tx)}`));
}

/** `  eth0 → cbr0 → veth1`: the devices of a hop in the order in which the packet met them. */
export function crossing(hop: Hop): string {
  if (hop.in === undefined && hop.out === undefined && hop.through === undefined) return '';
  const devices = [hop.in ?? '', ...(hop.through ?? []), hop.out ?? ''];
  return `  ${printable(devices.join(' → ').trim())}`;
}

function stepLines(lines: string[], step: Step, detail: Detail, paint: Paint, indent: string): void {
  const said = stepLine(step, detail);
  lines.push(`${indent}${verbPaint(step, paint)(step.verb.padEnd(VERB_WIDTH))}${said}`);
  if (detail === 'detailed')
    for (const miss of step.considered ?? []) lines.push(paint.dim(`${indent}${' '.repeat(VERB_WIDTH)}${nearMiss(miss)}`));
}

/** What a step says after its verb: what decided (or what happened), what it changed, its reason code. */
export function stepLine(step: Step, detail: Detail): string {
  const changed = rewrites(step).join(', ');
  if (detail === 'minimal') return changed === '' ? printable(step.text) : changed;
  const cause = decider(step);
  const text = printable(step.text);
  // What decided names its chain mostly, which is the stage.
  const isNamed = cause?.startsWith(step.stage) === true;
  const parts = [detail === 'detailed' && !isNamed ? `${printable(step.stage)}: ${cause ?? text}` : (cause ?? text)];
  // A rule is quoted in full, so the step's own sentence is worth its room only where everything is shown.
  if (detail === 'detailed' && cause !== null && step.policy === undefined && text !== '' && !cause.includes(text)) parts.push(text);
  if (changed !== '' && (cause !== null || !tellsChange(step))) parts.push(changed);
  const line = parts.join(' — ');
  return step.reason === undefined ? line : `${line}  ${printable(step.reason)}`;
}

/** Whether the step's own sentence names the new values already. */
function tellsChange({ text, before = {}, after = {} }: Step): boolean {
  const changed = [
    before.src === after.src ? undefined : after.src,
    before.dst === after.dst ? undefined : after.dst,
    after.mss,
    after.ttl,
  ];
  const values = changed.filter((value) => value !== undefined).map(String);
  return values.length > 0 && values.every((value) => text.includes(value));
}

function nearMiss(miss: Considered): string {
  const what = miss.rule === undefined ? printable(miss.what) : ruleLine(miss.rule);
  return `not ${what}: ${printable(miss.why)}`;
}

function verbPaint(step: Step, paint: Paint): (text: string) => string {
  switch (step.verb) {
    case 'DROPPED':
    case 'REJECTED':
      return paint.red;
    case 'UNKNOWN':
      return paint.yellow;
    case 'DELIVERED':
    case 'ANSWERED':
      return paint.green;
    default:
      return paint.dim;
  }
}
