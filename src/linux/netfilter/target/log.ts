import { type OptionUse, fault, options, parseNumber, quote, value } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { LogTarget } from './target.ts';

const DEFAULT_LEVEL = 4;
const MAX_PREFIX = 29;
const LEVELS: ReadonlyMap<string, number> = new Map([
  ['emerg', 0],
  ['panic', 0],
  ['alert', 1],
  ['crit', 2],
  ['err', 3],
  ['error', 3],
  ['warn', 4],
  ['warning', 4],
  ['notice', 5],
  ['info', 6],
  ['debug', 7],
]);
const FLAGS = ['tcp-sequence', 'tcp-options', 'ip-options', 'uid', 'macdecode'] as const;

function parseLevel(use: OptionUse): number {
  const level = LEVELS.get(value(use).toLowerCase()) ?? parseNumber(value(use), 7);
  if (level === null) throw fault(use, 'a syslog level (0–7 or a name)');
  return level;
}

/** `-j LOG`: writes a line and goes on. */
export const log: TargetModule<LogTarget> = {
  name: 'LOG',
  options: options(
    ['--log-prefix', { values: 1 }],
    ['--log-level', { values: 1 }],
    ['--log-tcp-sequence', { values: 0 }],
    ['--log-tcp-options', { values: 0 }],
    ['--log-ip-options', { values: 0 }],
    ['--log-uid', { values: 0 }],
    ['--log-macdecode', { values: 0 }],
  ),
  tables: [],
  hooks: [],
  parse(uses) {
    let target: LogTarget = { t: 'LOG', prefix: '', level: DEFAULT_LEVEL, options: [] };
    for (const use of uses) {
      if (use.name === '--log-prefix') {
        if (value(use).length > MAX_PREFIX) throw fault(use, `at most ${MAX_PREFIX} characters`);
        target = { ...target, prefix: value(use) };
      } else if (use.name === '--log-level') target = { ...target, level: parseLevel(use) };
    }
    return { ...target, options: FLAGS.filter((flag) => uses.some((use) => use.name === `--log-${flag}`)) };
  },
  print({ prefix, level, options: flags }) {
    const prefixText = prefix === '' ? '' : ` --log-prefix ${quote(prefix)}`;
    const levelText = level === DEFAULT_LEVEL ? '' : ` --log-level ${level}`;
    return `${prefixText}${levelText}${flags.map((flag) => ` --log-${flag}`).join('')}`;
  },
  compile: () => () => CONTINUE,
  describe: ({ prefix }) => (prefix === '' ? 'logs the packet' : `logs the packet as ${quote(prefix)}`),
};
