import type { HookName } from './rule.ts';

/** Hook numbers as the kernel has them. @source include/uapi/linux/netfilter.h enum nf_inet_hooks */
export const PREROUTING = 0;
export const INPUT = 1;
export const FORWARD = 2;
export const OUTPUT = 3;
export const POSTROUTING = 4;
export type Hook = 0 | 1 | 2 | 3 | 4;

/** One for every {@link Hook}. */
export const HOOK_NAMES: readonly [HookName, HookName, HookName, HookName, HookName] = [
  'PREROUTING',
  'INPUT',
  'FORWARD',
  'OUTPUT',
  'POSTROUTING',
];
