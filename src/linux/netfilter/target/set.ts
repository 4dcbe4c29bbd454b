import { parseDims } from '../match/set.ts';
import { changeIpset } from '../ipset/change.ts';
import { UNKNOWN } from '../hook-env.ts';
import { type OptionUse, fault, missing, numberOf, options, value } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { ChangedSet, SetTarget } from './target.ts';

function withOption(target: SetTarget, use: OptionUse): SetTarget {
  switch (use.name) {
    case '--exist':
      return { ...target, exist: true };
    case '--timeout':
      return { ...target, timeoutSeconds: numberOf(use, 2_147_483) };
    default: {
      const op = use.name === '--add-set' ? 'add' : 'del';
      if (target[op] !== null) throw fault(use, `${use.name} once in a rule`);
      return { ...target, [op]: { set: value(use), dims: parseDims(use) } };
    }
  }
}

function printChange(op: 'add' | 'del', change: ChangedSet | null): string {
  return change === null ? '' : ` --${op}-set ${change.set} ${change.dims.join(',')}`;
}

/** `-j SET`: adds to an ipset, removes from one, or both; the session holds what changed. @source net/netfilter/xt_set.c set_target_v3 */
export const set: TargetModule<SetTarget> = {
  name: 'SET',
  options: options(['--add-set', { values: 2 }], ['--del-set', { values: 2 }], ['--exist', { values: 0 }], ['--timeout', { values: 1 }]),
  tables: [],
  hooks: [],
  parse(uses) {
    let target: SetTarget = { t: 'SET', add: null, del: null, exist: false, timeoutSeconds: null };
    for (const use of uses) target = withOption(target, use);
    if (target.add === null && target.del === null) throw missing('-j SET', '--add-set or --del-set');
    return target;
  },
  print({ add, del, exist, timeoutSeconds }) {
    const flags = `${exist ? ' --exist' : ''}${timeoutSeconds === null ? '' : ` --timeout ${timeoutSeconds}`}`;
    return `${printChange('add', add)}${flags}${printChange('del', del)}`;
  },
  compile: (target) => (env) => {
    const { add, del } = target;
    if (add !== null && changeIpset(env, add.set, { ...target, op: 'add', dims: add.dims }) === 'unknown') return UNKNOWN;
    if (del !== null && changeIpset(env, del.set, { ...target, op: 'del', dims: del.dims }) === 'unknown') return UNKNOWN;
    return CONTINUE;
  },
  describe({ add, del }) {
    const parts = [
      add === null ? '' : `adds the packet to ipset ${add.set}`,
      del === null ? '' : `takes the packet out of ipset ${del.set}`,
    ];
    return parts.filter((part) => part !== '').join(' and ');
  },
};
