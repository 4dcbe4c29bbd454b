import type { Field } from '../../kube/objects/field.ts';

const MAX_OPTIONS = 256;
/** Stands in for a name that no option can have. */
const NO_NAME = 'an option without a name';

/** The options of a link that are on, by name, those that are known left out: whatever a kernel to come has is among them. */
export function optionsThatAreOn(data: Field, known: ReadonlySet<string>): string[] {
  const on = data.entries(MAX_OPTIONS).filter(([name, { value }]) => !known.has(name) && isOn(value));
  return on.map(([name]) => (/^[a-z]\w{0,31}$/.test(name) ? name : NO_NAME));
}

function isOn(value: unknown): boolean {
  return value !== null && value !== false && value !== 0 && value !== '' && value !== '0' && value !== '0x0';
}
