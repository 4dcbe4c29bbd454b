import { type Interner, intern } from './intern.ts';
import type { Match } from './match/match.ts';
import { MATCHES } from './match/registry.ts';
import { unmodelled } from './match/unmodelled.ts';
import type { ProtocolSelector } from './rule.ts';
import { type OptionTable, type OptionUse, SyntaxFault, quoteKept } from './syntax.ts';
import { TARGETS } from './target/registry.ts';
import type { Target } from './target/target.ts';
import { UNMODELLED_TARGETS } from './target/unmodelled.ts';

/** A match or target whose options are being collected. */
export interface Draft {
  readonly kind: 'match' | 'target';
  readonly name: string;
  readonly col: number;
  /** null: kept as text. */
  options: OptionTable | null;
  readonly uses: OptionUse[];
  readonly text: string[];
}

/** Whether an option that is not known may be kept as text: of a module that is not modelled, or not in full. */
export function becomesText(draft: Draft, lenient: boolean): boolean {
  if (draft.options === null) return true;
  if (draft.kind === 'match' ? !lenient : !UNMODELLED_TARGETS.has(draft.name) && !lenient) return false;
  draft.options = null;
  for (const use of draft.uses) draft.text.push(`${use.not ? '! ' : ''}${[use.name, ...use.values.map(quoteKept)].join(' ')}`);
  draft.uses.length = 0;
  return true;
}

/** The match that a draft comes to. @throws SyntaxFault */
export function matchOf(draft: Draft, proto: ProtocolSelector | null, interner: Interner): Match {
  const { name } = draft;
  const known = interner.matches;
  if (draft.options === null || !isModelled(name)) {
    const text = draft.text.join(' ');
    return intern(known, `?${name}\0${text}`, () => ({ ...unmodelled.parse([]), module: name, text }));
  }
  const { protos } = MATCHES[name];
  if (protos.length > 0 && (proto === null || proto.not || !protos.includes(proto.proto))) {
    throw new SyntaxFault(
      draft.col,
      `-m ${name} without its protocol`,
      `-p ${name === 'multiport' ? 'tcp, udp or sctp' : name === 'tcpmss' ? 'tcp' : name}`,
    );
  }
  return intern(known, keyOf(draft), () => located(draft, () => MATCHES[name].parse(draft.uses)));
}

/** The target that a draft comes to. @throws SyntaxFault */
export function targetOf(draft: Draft, interner: Interner): Target {
  const { name } = draft;
  const known = interner.targets;
  const module = draft.options === null ? undefined : TARGETS.get(name);
  if (module === undefined) {
    const text = draft.text.join(' ');
    return intern(known, `?${name}\0${text}`, () => ({ t: 'unmodelled', module: name, text }));
  }
  return intern(known, keyOf(draft), () => located(draft, () => module.parse(draft.uses)));
}

/** Whether a match is more than text. */
export function isModelled(name: string): name is Exclude<keyof typeof MATCHES, 'unmodelled'> {
  return name !== 'unmodelled' && Object.hasOwn(MATCHES, name);
}

function keyOf(draft: Draft): string {
  let key = draft.name;
  for (const use of draft.uses) {
    key += use.not ? `\0!${use.name}` : `\0${use.name}`;
    for (const value of use.values) key += `\0\0${value}`;
  }
  return key;
}

/** Gives a fault of the extension as a whole the place where the extension stands. */
function located<T>(draft: Draft, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SyntaxFault && error.col === 0) throw new SyntaxFault(draft.col, error.message, error.expected);
    throw error;
  }
}
