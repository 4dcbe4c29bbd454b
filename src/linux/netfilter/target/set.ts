import { parseDims } from '../match/set.ts';
import { ipsetsByName } from '../ipset/compile.ts';
import { elementOf, removeElement, replaceElement } from '../ipset/ip-mac.ts';
import { packetKey } from '../ipset/print.ts';
import { changesOf } from '../session.ts';
import { packetKeys } from '../ipset/test.ts';
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
  compile: (target) => (env) => {
    const compiled = ipsetsByName(env.stack.netns.tables.ipsets).get(target.set);
    if (compiled === undefined) {
      env.unknownReason = 'NOT_COLLECTED';
      env.unknownText = `the rule changes ipset ${target.set}, which is not there`;
      return UNKNOWN;
    }
    const keys = packetKeys(env, compiled, target.dims);
    if (keys === null || target.dims.length < compiled.dimensions.length) return CONTINUE;
    const changes = changesOf(env.stack.session.netfilter, target.set);
    const { nowMs } = env.stack.effects;
    const key = packetKey(compiled.ipset, keys);
    const seconds = target.timeoutSeconds ?? compiled.ipset.timeoutSeconds ?? 0;
    const untilMs = seconds === 0 ? Number.POSITIVE_INFINITY : nowMs + seconds * 1000;
    if (compiled.ipset.type === 'bitmap:ip,mac') {
      const old = elementOf(compiled.ipset, changes, key, nowMs);
      if (target.op === 'add' && (old?.hasMac !== true || target.exist)) replaceElement(changes, old, key, untilMs);
      if (target.op === 'del' && old !== null) removeElement(changes, old);
      return CONTINUE;
    }
    if (target.op === 'del') {
      changes.added.delete(key);
      changes.deleted.add(key);
      return CONTINUE;
    }
    const old = changes.added.get(key);
    if (old === undefined || old <= nowMs || target.exist) changes.added.set(key, untilMs);
    changes.deleted.delete(key);
    return CONTINUE;
  },
  describe: ({ op, set: name }) => (op === 'add' ? `adds the packet to ipset ${name}` : `takes the packet out of ipset ${name}`),
};
