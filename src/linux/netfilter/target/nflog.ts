import { fault, numberOf, options, quote, value } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { NflogTarget } from './target.ts';

const MAX_PREFIX = 63;

function printNumber(option: string, number: number | null): string {
  return number === null || number === 0 ? '' : ` ${option} ${number}`;
}

/** `-j NFLOG`: hands a copy to user space and goes on. */
export const nflog: TargetModule<NflogTarget> = {
  name: 'NFLOG',
  options: options(
    ['--nflog-prefix', { values: 1 }],
    ['--nflog-group', { values: 1 }],
    ['--nflog-range', { values: 1 }],
    ['--nflog-size', { values: 1 }],
    ['--nflog-threshold', { values: 1 }],
  ),
  tables: [],
  hooks: [],
  parse(uses) {
    let target: NflogTarget = { t: 'NFLOG', prefix: '', group: 0, rangeBytes: null, sizeBytes: null, threshold: null };
    for (const use of uses) {
      if (use.name === '--nflog-prefix') {
        if (value(use).length > MAX_PREFIX) throw fault(use, `at most ${MAX_PREFIX} characters`);
        target = { ...target, prefix: value(use) };
      } else if (use.name === '--nflog-group') target = { ...target, group: numberOf(use, 65535) };
      else if (use.name === '--nflog-range') target = { ...target, rangeBytes: numberOf(use) };
      else if (use.name === '--nflog-size') target = { ...target, sizeBytes: numberOf(use) };
      else target = { ...target, threshold: numberOf(use, 65535) };
    }
    return target;
  },
  print({ prefix, group, rangeBytes, sizeBytes, threshold }) {
    return [
      prefix === '' ? '' : ` --nflog-prefix ${quote(prefix)}`,
      printNumber('--nflog-group', group),
      printNumber('--nflog-range', rangeBytes),
      printNumber('--nflog-size', sizeBytes),
      printNumber('--nflog-threshold', threshold),
    ].join('');
  },
  compile: () => () => CONTINUE,
  describe: ({ group }) => `logs the packet to group ${group}`,
};
