import type { Field } from '../../kube/objects/field.ts';
import { quoted } from '../../kube/objects/located.ts';
import { type Ipv4, parseIpv4 } from '../../wire/ipv4.ts';
import { type Mac, parseMac } from '../../wire/mac.ts';
import { parseCidr } from '../../wire/prefix.ts';

/** A device name as the kernel takes it. @source net/core/dev.c dev_valid_name */
const DEVICE = /^[^/\s:]{1,15}$/;

/** An IPv4 address, or null when absent or (a problem) something else. */
export function ipv4Of(field: Field): Ipv4 | null {
  return field.parsed(parseIpv4, 'an IPv4 address');
}

export function macOf(field: Field): Mac | null {
  return field.parsed(parseMac, 'an Ethernet address');
}

export function deviceOf(field: Field): string | null {
  return field.parsed((text) => (isDeviceName(text) ? text : null), 'a device name of 1 to 15 characters');
}

/** Reads the name of a device that must exist. */
export type DeviceReader = (field: Field) => string | null;

/** A reader that takes the devices of link.json only; any name where that was not collected. */
export function deviceAmong(known: ReadonlySet<string> | null): DeviceReader {
  return (field) => {
    const name = deviceOf(field);
    if (name !== null && known?.has(name) === false) field.fail(`there is no device ${quoted(name)}`, 'a device of link.json');
    return name;
  };
}

export function isDeviceName(text: string): boolean {
  return DEVICE.test(text) && text !== '.' && text !== '..';
}

/** `default`, an address, or a prefix, as iproute2 prints a destination. */
export function prefixOfDump(field: Field): { addr: Ipv4; len: number } | null {
  return field.parsed((text) => parseCidr(text === 'default' || text === 'all' ? '0.0.0.0/0' : text), 'an IPv4 prefix or default');
}

/** A whole number, written as a number, as decimal text or as 0x… text: iproute2 does all three. */
export function numberOf(field: Field, min: number, max: number): number | null {
  if (typeof field.value !== 'string') return field.int(min, max);
  return field.parsed((text) => {
    const value = /^(?:0|[1-9]\d{0,14}|0x[0-9a-fA-F]{1,12})$/.test(text) ? Number(text) : -1;
    return value >= min && value <= max ? value : null;
  }, `a whole number from ${min} to ${max}`);
}

/** Whether a flag list such as `["UP", "LOWER_UP"]` names a flag. */
export function flagsOf(field: Field): ReadonlySet<string> {
  const flags = new Set<string>();
  for (const item of field.items(64)) {
    const flag = item.text(32);
    if (flag !== null) flags.add(flag);
  }
  return flags;
}

/** Whether text of this field is IPv6 notation. */
export function isIpv6Text(field: Field): boolean {
  return typeof field.value === 'string' && field.value.includes(':');
}

export const UINT32_MAX = 0xffff_ffff;
