import { decider, headerLine } from '../../report/trace/names.ts';
import type { ArpHeader, Header } from '../../trace/trace.ts';
import { type Context, currentStep, timeline } from '../state/context.ts';
import type { Content } from '../text/frame.ts';
import { type Line, line, span, wrap } from '../text/span.ts';
import type { Moved } from '../twin/timeline.ts';
import { markText, verbTone } from './words.ts';

const LABEL_WIDTH = 8;

/** Pane 4: one step: where it is, what the packet looks like with the changed fields marked, what decided and who wrote that. */
export function stepPane(context: Context, width: number): Content {
  const moved = currentStep(context);
  if (moved === null) return { title: '4 step', lines: [line(span('no step', 'dim'))] };
  const { steps } = timeline(context);
  const { leg, hop, hopNumber, step } = moved;
  const names = context.twin.placeNames(context.state.edits.done);
  const place = names.get(hop.at) ?? hop.at;
  const count = step.considered?.length ?? 0;
  const decided = decider(step) ?? routeText(moved);
  const lines: Line[] = [
    line(
      span(step.verb, verbTone(step)),
      '  ',
      span(step.stage, 'strong'),
      ...(step.reason === undefined ? [] : ['  ', span(step.reason, 'bad')]),
    ),
    ...labelled('at', `${place}${devices(hop.in, hop.out)}`, width),
    ...changeLines(moved),
    ...labelled('decided', decided ?? step.text, width),
    ...labelled('from', originOf(moved), width),
    ...packetLines(moved.packet, width),
    ...(count === 0
      ? []
      : labelled('why not', `${count} near ${count === 1 ? 'miss' : 'misses'}: w shows ${count === 1 ? 'it' : 'them'}`, width)),
    ...(decided === null ? [] : labelled('', step.text, width)),
    ...(place === hop.at ? [] : labelled('', hop.at, width)),
  ];
  return { title: `4 step ${context.state.walk.cursor + 1} of ${steps.length}  ${leg.kind}, hop ${hopNumber}`, lines };
}

function devices(input: string | undefined, output: string | undefined): string {
  if (input === undefined && output === undefined) return '';
  return `  ${[input ?? '', output ?? ''].join(' → ').trim()}`;
}

function labelled(label: string, text: string, width: number): Line[] {
  if (text === '') return [];
  return wrap(text, Math.max(8, width - LABEL_WIDTH)).map((part, index) =>
    line(span((index === 0 ? label : '').padEnd(LABEL_WIDTH), 'dim'), ...part.spans),
  );
}

/** The fields that the step changed, each with both values. */
function changeLines({ packet, previous, step }: Moved): Line[] {
  if (packet === null || previous === null || 'op' in packet || 'op' in previous || step.after === undefined) return [];
  return FIELDS.flatMap(({ label, value }) => {
    const old = value(previous);
    const now = value(packet);
    return old === now ? [] : [line(span('* '.padEnd(LABEL_WIDTH), 'changed'), span(`${label} ${old} → `), span(now, 'changed'))];
  });
}

const FIELDS: readonly { readonly label: string; readonly value: (header: Header) => string }[] = [
  { label: 'src', value: ({ src, sport }) => socket(src, sport) },
  { label: 'dst', value: ({ dst, dport }) => socket(dst, dport) },
  { label: 'mark', value: ({ mark }) => markText(mark) },
  { label: 'ttl', value: ({ ttl }) => String(ttl) },
  { label: 'mss', value: ({ mss }) => String(mss ?? '-') },
  { label: 'length', value: ({ length }) => String(length ?? '-') },
  { label: 'vni', value: ({ vni }) => String(vni ?? '-') },
  { label: 'smac', value: ({ smac }) => smac ?? '-' },
  { label: 'dmac', value: ({ dmac }) => dmac ?? '-' },
];

function socket(address: string, port: number | undefined): string {
  return port === undefined ? address : `${address}:${port}`;
}

function packetLines(packet: Header | ArpHeader | null, width: number): Line[] {
  if (packet === null) return [];
  const more: string[] = [];
  if (!('op' in packet)) {
    if (packet.flags !== undefined && packet.flags !== '') more.push(packet.flags);
    if (packet.mss !== undefined && packet.mss > 0) more.push(`mss ${packet.mss}`);
    if (packet.length !== undefined) more.push(`length ${packet.length}`);
    if (packet.df === true) more.push('DF');
  }
  return labelled('packet', [headerLine(packet), ...more].join(' '), width);
}

function routeText({ step }: Moved): string | null {
  const { route, neigh } = step;
  if (route !== undefined) {
    const via = route.via === undefined ? '' : ` via ${route.via}`;
    const dev = route.dev === undefined ? '' : ` dev ${route.dev}`;
    return `${route.type === 'unicast' ? '' : `${route.type} `}${route.dst}${via}${dev}  table ${route.table}`;
  }
  return neigh === undefined ? null : `neighbour ${neigh.ip} dev ${neigh.dev} ${neigh.mac ?? 'no address'} ${neigh.state}`;
}

/** Which agent, Service or plug-in operation wrote what decided. */
function originOf({ step }: Moved): string {
  if (step.rule !== undefined) return step.rule.origin ?? '';
  return step.route?.origin ?? '';
}
