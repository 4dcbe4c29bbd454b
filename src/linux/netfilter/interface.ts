import type { InterfaceName } from './match/match.ts';
import { type OptionUse, fault, value } from './syntax.ts';

/** IFNAMSIZ less the end of the string. */
const MAX_LENGTH = 15;

/** Reads `eth0` or `eth+`. @throws SyntaxFault */
export function parseInterface(use: OptionUse): InterfaceName {
  const text = value(use);
  if (text === '' || text.length > MAX_LENGTH || /[\s/]/.test(text))
    throw fault(use, `an interface name of at most ${MAX_LENGTH} characters`);
  const prefix = text.endsWith('+');
  return { name: prefix ? text.slice(0, -1) : text, prefix, not: use.not };
}

export function printInterface(selector: InterfaceName): string {
  return selector.prefix ? `${selector.name}+` : selector.name;
}

/** Whether a device of that name (`''`: none) satisfies the selector. */
export function matchesInterface(selector: InterfaceName, name: string): boolean {
  return (selector.prefix ? name.startsWith(selector.name) : name === selector.name) !== selector.not;
}
