import * as z from 'zod';
import { type Ipv4, formatIpv4, ip } from '../../wire/ipv4.ts';
import { type Mac, mac, parseMac } from '../../wire/mac.ts';
import { type Prefix, formatPrefix, parsePrefix, prefix } from '../../wire/prefix.ts';
import { address } from '../schema/field.ts';
import { textThat } from '../schema/section.ts';

/** A schema that reads a value from JSON and writes it there again. */
export type Codec<T> = z.ZodType<T>;

/** An IPv4 address as dotted text. */
export const ipv4Text: Codec<Ipv4> = z.codec(address, z.custom<Ipv4>(), { decode: ip, encode: formatIpv4 });

/** An IPv4 range, host bits clear. */
export const rangeText: Codec<Prefix> = z.codec(
  textThat((text) => parsePrefix(text) !== null, 'an IPv4 range such as 10.224.0.0/16'),
  z.custom<Prefix>(),
  { decode: prefix, encode: formatPrefix },
);

/** An Ethernet address. */
export const macText: Codec<Mac> = z.codec(
  textThat((text) => parseMac(text) !== null, 'an Ethernet address such as 60:45:bd:00:00:01'),
  z.custom<Mac>(),
  { decode: mac, encode: (value) => value },
);

/** Text that is shown: one line without control characters. */
export const line: z.ZodString = textThat((text) => /^\P{C}*$/u.test(text), 'text without control characters');
