import { type OptionUse, missing, bang, fault, hex2, numberOf, options, value } from '../syntax.ts';
import type { DscpMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

const CLASS = /^(?:CS([0-7])|AF([1-4])([1-3])|(EF)|(BE))$/;

/** A number, or with `--…-class` a class name. */
export function parseDscp(use: OptionUse): number {
  if (!use.name.endsWith('-class')) return numberOf(use, 63);
  const parts = CLASS.exec(value(use).toUpperCase());
  if (parts === null) throw fault(use, 'a DiffServ class (CS0–CS7, AF11–AF43, EF, BE)');
  if (parts[1] !== undefined) return Number(parts[1]) << 3;
  if (parts[2] !== undefined) return (Number(parts[2]) << 3) | (Number(parts[3]) << 1);
  return parts[4] === undefined ? 0 : 0x2e;
}

/** `-m dscp`. @source net/netfilter/xt_dscp.c dscp_mt */
export const dscp: MatchModule<DscpMatch> = {
  name: 'dscp',
  protos: [],
  pure: true,
  options: options(['--dscp', { values: 1, not: true }], ['--dscp-class', { values: 1, not: true }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m dscp', '--dscp');
    return { m: 'dscp', dscp: parseDscp(use), not: use.not };
  },
  print: (match) => `${bang(match)} --dscp ${hex2(match.dscp)}`,
  compile: (match) => when(({ skb }) => (skb.tos >> 2 === match.dscp) !== match.not),
  whyNot: (match, { skb }) => `DSCP ${hex2(skb.tos >> 2)} is${match.not ? '' : ' not'} ${hex2(match.dscp)}`,
};
