import { printEbRule } from '../linux/netfilter/ebtables-print.ts';
import type { Ebtables } from '../linux/netfilter/ebtables.ts';
import { type Row, printedOnce, row } from './listing.ts';
import { policyId, ruleId } from './row-id.ts';

/** The bridge tables as `ebtables-save` prints them. */
export const ebtablesRows: (tables: Ebtables) => readonly Row[] = printedOnce((tables) =>
  Object.values(tables).flatMap(({ name, chains }) => [
    row(`*${name}`, null),
    ...chains.map((chain) => row(`:${chain.name} ${chain.policy}`, policyId(name, chain.name))),
    ...chains.flatMap((chain) => chain.rules.map((rule, index) => row(printEbRule(rule, chain.name), ruleId(name, chain.name, index + 1)))),
  ]),
);
