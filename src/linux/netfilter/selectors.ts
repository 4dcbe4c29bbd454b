import type { Ipv4 } from '../../wire/ipv4.ts';
import type { MaskedAddress, NumberRange } from './match/match.ts';

/** Whether an address lies under a selector; in all of these a selector that is absent (null) holds for everything. */
export function isWithin(selector: MaskedAddress | null, addr: Ipv4): boolean {
  return selector === null || (((addr ^ selector.addr) & selector.mask) === 0) !== selector.not;
}

export function isProto(selector: { readonly proto: number; readonly not: boolean } | null, proto: number): boolean {
  return selector === null || (selector.proto === proto) !== selector.not;
}

export function isInRange(range: NumberRange | null, number: number): boolean {
  return range === null || (number >= range.min && number <= range.max) !== range.not;
}

/** Whether any bit of the mask is set. */
export function hasAnyBit(selector: { readonly mask: number; readonly not: boolean } | null, bits: number): boolean {
  return selector === null || ((bits & selector.mask) !== 0) !== selector.not;
}

/** Whether the bits under the mask have a value. */
export function hasBits(selector: { readonly value: number; readonly mask: number; readonly not: boolean } | null, bits: number): boolean {
  return selector === null || ((bits & selector.mask) === selector.value) !== selector.not;
}
