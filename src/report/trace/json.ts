import type { Trace } from '../../trace/trace.ts';
import { printableJson } from '../printable.ts';

/** One trace as JSON, version 1. @param indent blanks per level; 0 gives one line. Ends with a newline. */
export function traceJson(trace: Trace, indent = 0): string {
  return `${printableJson(trace, indent)}\n`;
}
