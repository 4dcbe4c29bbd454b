import { classify } from './classify.ts';
import { connmark } from './connmark.ts';
import { ct, notrackAlias } from './ct.ts';
import { dnat } from './dnat.ts';
import { dscp } from './dscp.ts';
import { log } from './log.ts';
import { mark } from './mark.ts';
import { masquerade } from './masquerade.ts';
import type { TargetModule } from './module.ts';
import { netmap } from './netmap.ts';
import { nflog } from './nflog.ts';
import { checksum, trace } from './plain.ts';
import { redirect } from './redirect.ts';
import { reject } from './reject.ts';
import { set } from './set.ts';
import { snat } from './snat.ts';
import type { JumpTarget, NoTarget, Target } from './target.ts';
import { tcpmss } from './tcpmss.ts';
import { tos } from './tos.ts';
import { ttl } from './ttl.ts';
import { unmodelled } from './unmodelled.ts';
import { accept, drop, returnTarget } from './verdict.ts';

const MODULES: readonly TargetModule<Target>[] = [
  accept,
  drop,
  returnTarget,
  reject,
  dnat,
  snat,
  masquerade,
  redirect,
  netmap,
  mark,
  connmark,
  ct,
  notrackAlias,
  log,
  nflog,
  tcpmss,
  ttl,
  tos,
  dscp,
  classify,
  set,
  trace,
  checksum,
];

/** Every target that is modelled, by the name written after `-j`. */
export const TARGETS: ReadonlyMap<string, TargetModule<Target>> = new Map(MODULES.map((module) => [module.name, module]));

/** The name written after `-j`. */
export function targetName(target: Exclude<Target, NoTarget | JumpTarget>): string {
  if (target.t === 'unmodelled') return target.module;
  return target.t === 'CT' && target.alias ? 'NOTRACK' : target.t;
}

/** The module that prints and carries out a target. */
export function targetModule(target: Exclude<Target, NoTarget | JumpTarget>): TargetModule<Target> {
  return target.t === 'unmodelled' ? unmodelled : (TARGETS.get(targetName(target)) ?? unmodelled);
}
