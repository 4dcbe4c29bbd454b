import { probeLine } from '../../report/trace/names.ts';
import type { Trace } from '../../trace/trace.ts';
import { type Context, walked } from '../state/context.ts';
import { FIELDS } from '../state/state.ts';
import { cellsOf } from '../text/cells.ts';
import type { Content } from '../text/frame.ts';
import { type Line, type Span, line, span, wrap } from '../text/span.ts';
import type { Request } from '../twin/request.ts';
import { type Heard, directions, namedPlaces, outcomeSign } from './words.ts';

/** Pane 1: what is sent, whether it works in both directions, and the one sentence why. */
export function packetPane(context: Context, width: number): Content {
  const found = walked(context);
  const fields = fieldLine(context);
  if (found.kind === 'refused') {
    const why = [span('✘ ', 'bad'), span(found.message, 'bad')];
    const expected = found.expected === '' ? [] : [line(span(`expected ${found.expected}`, 'dim'))];
    return { title: '1 packet', lines: [fields, line(...why), ...expected] };
  }
  const { trace } = found;
  const names = context.twin.placeNames(context.state.edits.done);
  const both = bothWays(trace, width);
  const sentence = namedPlaces(trace.text, names);
  return { title: `1 packet  ${probeLine(trace.probe)}`, lines: [fields, both, ...verdictLines(trace, sentence, width)] };
}

/** The whole pane in one line, for when another pane has the screen. */
export function packetLine(context: Context): Line {
  const found = walked(context);
  if (found.kind === 'refused') return line(span(` ✘ ${found.message}`, 'bad'));
  const { trace } = found;
  const { sign, tone } = outcomeSign(trace.outcome);
  const names = context.twin.placeNames(context.state.edits.done);
  return line(` ${probeLine(trace.probe)}  `, span(`${sign} ${trace.outcome.toUpperCase()}`, tone), `  ${namedPlaces(trace.text, names)}`);
}

function fieldLine({ state }: Context): Line {
  const values = fieldValues(state.request);
  const spans = FIELDS.flatMap((field, index): Span[] => {
    const isHere = state.focus === 'packet' && state.field === index;
    const value = span(isHere ? `[${values[field]}]` : values[field], 'strong');
    return [span(`${index === 0 ? '' : '  '}${LABELS[field]} `, 'dim'), isHere ? { ...value, inverse: true } : value];
  });
  return { spans, selected: false };
}

const LABELS = { from: 'from', to: 'to', port: 'port', proto: 'protocol' } as const;

function fieldValues({ from, to, port, proto }: Request): Readonly<Record<(typeof FIELDS)[number], string>> {
  return { from: from === '' ? '?' : from, to: to === '' ? '?' : to, port: port ?? '-', proto: proto ?? 'auto' };
}

function bothWays(trace: Trace, width: number): Line {
  const { request, reply } = directions(trace);
  const back = heard('reply', reply);
  const forth = heard('request', request);
  const gap = Math.max(2, Math.floor(width / 2) - cellsOf(`request ${request.sign} ${request.text}`));
  return line(...forth, ' '.repeat(gap), ...back);
}

function heard(label: string, { sign, tone, text }: Heard): Span[] {
  return [span(`${label} `, 'dim'), span(`${sign} ${text}`, tone)];
}

function verdictLines(trace: Trace, sentence: string, width: number): Line[] {
  const { sign, tone } = outcomeSign(trace.outcome);
  const word = `${sign} ${trace.outcome.toUpperCase()}${trace.reason === null ? '' : ` ${trace.reason}`}`;
  const [, ...rest] = wrap(`${word}  ${sentence}`, width);
  if (rest.length === 0) return [line(span(word, tone), '  ', span(sentence))];
  const first = wrap(`${word}  ${sentence}`, width)[0];
  return [
    line(
      span(word, tone),
      span(
        first === undefined
          ? ''
          : first.spans
              .map(({ text }) => text)
              .join('')
              .slice(word.length),
      ),
    ),
    ...rest,
  ];
}
