import * as z from 'zod';
import type { Expectations } from '../check/expectations.ts';
import { type Send, expectations, send } from './check.ts';
import { port, prose } from './field.ts';
import { section, textThat } from './section.ts';

/** A truth table: one line for each sender, one column for each target. */
export interface MatrixEntry {
  readonly name?: string;
  readonly tags?: string[];
  readonly proto?: 'tcp' | 'udp' | 'icmp';
  readonly port?: number;
  readonly send?: Send;
  readonly table: string;
  readonly classes?: Record<string, Expectations>;
}

export const matrixEntry: z.ZodType<MatrixEntry> = z.lazy(() =>
  section({
    name: prose.exactOptional().describe('what it says, for reports'),
    tags: z.array(z.string().max(100)).max(100).exactOptional().describe('what run --tag selects'),
    proto: z.enum(['tcp', 'udp', 'icmp']).exactOptional().describe('default tcp; icmp where the target has no port'),
    port: port.exactOptional().describe('port of targets that name none'),
    send: send.exactOptional(),
    table: z
      .string()
      .max(1_000_000)
      .describe(
        'first line: from and the targets; other lines: a sender and its cells: . replied, X lost, # refused, ? unknown, - not asked, or a letter of classes',
      ),
    classes: z
      .record(
        textThat((text) => /^[A-Za-z]$/.test(text) && text !== 'X', 'one letter other than X'),
        expectations,
      )
      .exactOptional()
      .describe('what a letter stands for'),
  }).describe('a truth table: who reaches whom'),
);
