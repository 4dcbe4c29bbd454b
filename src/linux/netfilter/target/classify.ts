import { fault, options, missing, value } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { ClassifyTarget } from './target.ts';

function hex4(number: number): string {
  return number.toString(16).padStart(4, '0');
}

/** `-j CLASSIFY`: sets the priority that queueing disciplines read. @source net/netfilter/xt_CLASSIFY.c classify_tg */
export const classify: TargetModule<ClassifyTarget> = {
  name: 'CLASSIFY',
  options: options(['--set-class', { values: 1 }]),
  tables: [],
  hooks: [],
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-j CLASSIFY', '--set-class');
    const parts = /^([0-9a-fA-F]{1,4}):([0-9a-fA-F]{1,4})$/.exec(value(use));
    if (parts === null) throw fault(use, 'a class MAJOR:MINOR in hexadecimal');
    return { t: 'CLASSIFY', major: Number.parseInt(parts[1] ?? '', 16), minor: Number.parseInt(parts[2] ?? '', 16) };
  },
  print: ({ major, minor }) => ` --set-class ${hex4(major)}:${hex4(minor)}`,
  compile:
    ({ major, minor }) =>
    ({ skb }) => {
      skb.priority = (major << 16) | minor;
      return CONTINUE;
    },
  describe: ({ major, minor }) => `puts the packet into class ${major.toString(16)}:${minor.toString(16)}`,
};
