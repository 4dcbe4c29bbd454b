import * as z from 'zod';
import { parseIpv4 } from '../../wire/ipv4.ts';
import { parseCidr } from '../../wire/prefix.ts';
import { TEXT_THAT, textThat } from './section.ts';

/** Names that Kubernetes and Azure take, so that none can hold a slash, a blank or a control character. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/;

export const name: z.ZodString = textThat(
  (text) => text.length <= 253 && NAME.test(text),
  'a name of letters a-z and A-Z, digits, ".", "_" and "-"',
);

/** Text that is only shown. */
export const prose: z.ZodString = z.string().max(20_000);

export const address: z.ZodString = textThat((text) => parseIpv4(text) !== null, 'an IPv4 address such as 10.224.0.4');

export const cidr: z.ZodString = textThat((text) => {
  const parsed = parseCidr(text);
  return parsed !== null && text.includes('/');
}, 'an IPv4 range such as 10.224.0.0/16');

export const port: z.ZodInt = z.int().min(1).max(65_535);

export const ttl: z.ZodInt = z.int().min(1).max(255);

export const labels: z.ZodRecord<z.ZodString, z.ZodString> = z.record(z.string().max(320), z.string().max(256));

const LISTEN = /^(?:(tcp|udp)\/)?(\d{1,5})$/;

/** What a socket listens on: `tcp/80`, `udp/53`, `80` (TCP). */
export interface Listen {
  readonly proto: 'tcp' | 'udp';
  readonly port: number;
}

/** `tcp/80`, `udp/53`, `80`; `null` when the value is none of them. */
export function parseListen(value: string | number): Listen | null {
  const match = LISTEN.exec(String(value));
  const number = Number(match?.[2] ?? 0);
  if (match === null || number < 1 || number > 65_535) return null;
  return { proto: match[1] === 'udp' ? 'udp' : 'tcp', port: number };
}

const listen = z
  .union([z.string(), z.int()])
  .refine((value) => parseListen(value) !== null, { error: 'a port such as tcp/80, udp/53 or 80' });

export const listens: z.ZodType<(string | number)[]> = z.array(listen).max(1000).describe('open ports, such as tcp/80 or udp/53');

/** Digits of a duration's number. */
const MAX_DURATION_DIGITS = 9;
const DURATION = new RegExp(String.raw`^(\d{1,${MAX_DURATION_DIGITS}})(ms|s|m|h)$`);
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `300s`, `5m`, `250ms` in milliseconds; `null` when the text is no duration. */
export function parseDurationMs(text: string): number | null {
  const match = DURATION.exec(text);
  return match === null ? null : Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
}

const DURATION_EXPECTED = 'a duration such as 300s, 5m or 250ms';

export const duration: z.ZodString = z
  .string({ error: ({ input }) => `${TEXT_THAT}${typeof input === 'number' ? `${input}s, or another duration` : DURATION_EXPECTED}` })
  .max(100)
  .refine((text) => parseDurationMs(text) !== null, {
    error: ({ input }) =>
      /^\d+(?:ms|s|m|h)$/.test(String(input))
        ? `a number of at most ${MAX_DURATION_DIGITS} digits before the unit (MAX_DURATION_DIGITS)`
        : DURATION_EXPECTED,
  });
