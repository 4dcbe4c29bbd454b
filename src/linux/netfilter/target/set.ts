import { parseDims } from '../match/set.ts';
import { changeIpset } from '../ipset/change.ts';
import { UNKNOWN } from '../hook-env.ts';
import { missing, numberOf, options, value } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { SetTarget } from './target.ts';

/** `-j SET`: adds to or removes from an ipset; the session holds what changed. @source net/netfilter/xt_set.c set_target_v3 */
export const set: TargetModule<SetTarget> = {
  name: 'SET',
  options: options(['--add-set', { values: 2 }], ['--del-set', { values: 2 }], ['--exist', { values: 0 }], ['--timeout', { values: 1 }]),
  tables: [],
  hooks: [],
  parse(uses) {
    let target: SetTarget = { t: 'SET', op: 'add', set: '', dims: [], exist: false, timeoutSeconds: null };
    for (const use of uses) {
      if (use.name === '--exist') target = { ...target, exist: true };
      else if (use.name === '--timeout') target = { ...target, timeoutSeconds: numberOf(use, 2_147_483) };
      else target = { ...target, op: use.name === '--add-set' ? 'add' : 'del', set: value(use), dims: parseDims(use) };
    }
    if (target.set === '') throw missing('-j SET', '--add-set or --del-set');
    return target;
  },
  print({ op, set: name, dims, exist, timeoutSeconds }) {
    return ` --${op}-set ${name} ${dims.join(',')}${exist ? ' --exist' : ''}${timeoutSeconds === null ? '' : ` --timeout ${timeoutSeconds}`}`;
  },
  compile: (target) => (env) => (changeIpset(env, target.set, target) === 'unknown' ? UNKNOWN : CONTINUE),
  describe: ({ op, set: name }) => (op === 'add' ? `adds the packet to ipset ${name}` : `takes the packet out of ipset ${name}`),
};
