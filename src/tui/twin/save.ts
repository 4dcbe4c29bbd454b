import path from 'node:path';
import { parseDocument } from 'yaml';
import type { Trace } from '../../trace/trace.ts';
import { type Edit, editLabel } from './edit.ts';
import { type Request, targetText } from './request.ts';
import type { Source } from './source.ts';

/**
 * The scenario with the edits as its steps and the verdict on the screen as the check of the last one. What the scenario itself says stays
 * as it is written, but for its own steps: those that were done are copied, the rest is left out. That of a snapshot names its folder.
 * @param file where the scenario will be
 */
export function savedScenario(file: string, source: Source, edits: readonly Edit[], request: Request, trace: Trace | null): string {
  const document = parseDocument(source.text ?? '', { version: '1.2', schema: 'core' });
  const { name = path.basename(source.file), steps: own = [] } = source.loaded?.scenario ?? {};
  const steps: unknown[] = edits.map((edit) => stepOf(edit, own));
  if (trace !== null) steps.push({ name: 'what the tracer showed', checks: [checkOf(request, trace)] });
  document.set('name', `${name}, edited`);
  if (source.text === null) {
    const folder = path.relative(path.dirname(file), source.file);
    document.set('snapshot', source.lenient === true ? { folder, lenient: true } : folder);
  }
  document.set('steps', document.createNode(steps));
  return document.toString({ lineWidth: 140 });
}

function stepOf(edit: Edit, own: readonly unknown[]): unknown {
  switch (edit.kind) {
    case 'operation':
      return { name: editLabel(edit), [edit.name]: edit.args };
    case 'advance':
      return { advance: edit.duration };
    case 'send':
      return { walk: packetOf(edit.request) };
    case 'step':
      return own[edit.index];
  }
}

function packetOf(request: Request): Record<string, unknown> {
  return { from: request.from, to: targetText(request), ...(request.proto === null ? {} : { proto: request.proto }) };
}

function checkOf(request: Request, { outcome, reason }: Trace): Record<string, unknown> {
  return { ...packetOf(request), expect: outcome, ...(reason === null ? {} : { reason }) };
}
