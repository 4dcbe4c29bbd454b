import { codesFor, hexDigit } from './flat-text.ts';

/** An Ethernet address as lower-case colon text, so that comparing two is comparing two strings. */
declare const macBrand: unique symbol;
export type Mac = string & { readonly [macBrand]: true };

const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;

/** Parses `aa:bb:cc:dd:ee:ff` in any case; `null` when the text is none. */
export function parseMac(text: string): Mac | null {
  const lower = text.toLowerCase();
  return MAC.test(lower) ? (lower as Mac) : null;
}

/** Parses an address that the program itself wrote. @throws RangeError when it is none (a bug). */
export function mac(text: string): Mac {
  const parsed = parseMac(text);
  if (parsed === null) throw new RangeError(`not an Ethernet address: ${text}`);
  return parsed;
}

export const BROADCAST_MAC: Mac = mac('ff:ff:ff:ff:ff:ff');
export const ZERO_MAC: Mac = mac('00:00:00:00:00:00');
/** The address of a neighbour outside of the model, which nobody knows. */
export const NO_MAC: Mac = '' as Mac;

/** The group bit: broadcast and multicast frames. */
export function isGroupMac(address: Mac): boolean {
  return (Number.parseInt(address.charAt(1), 16) & 1) === 1;
}

/** The address of six bytes, as one flat text. */
export function macOf(bytes: readonly number[]): Mac {
  const codes = codesFor(17);
  for (let i = 0; i < 6; i++) {
    const byte = bytes[i] ?? 0;
    codes[i * 3] = hexDigit((byte >>> 4) & 15);
    codes[i * 3 + 1] = hexDigit(byte & 15);
    if (i < 5) codes[i * 3 + 2] = COLON;
  }
  return String.fromCharCode(...codes) as Mac;
}

const COLON = 58;

/** A locally administered unicast address made of 40 bits of a number, e.g. for a veth end. */
export function localMac(value: number): Mac {
  const hex = Math.abs(Math.trunc(value)).toString(16).padStart(10, '0').slice(-10);
  return mac(`02:${hex.match(/../g)?.join(':') ?? '00:00:00:00:00'}`);
}
