import { missing, fault, options, quote, value } from '../syntax.ts';
import type { CommentMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

/** @source include/uapi/linux/netfilter/xt_comment.h XT_MAX_COMMENT_LEN */
const MAX_BYTES = 255;

/** `-m comment`: matches always. */
export const comment: MatchModule<CommentMatch> = {
  name: 'comment',
  protos: [],
  pure: true,
  options: options(['--comment', { values: 1 }]),
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-m comment', '--comment');
    const text = value(use);
    if (text.length > MAX_BYTES) throw fault(use, `at most ${MAX_BYTES} characters`);
    return { m: 'comment', text };
  },
  print: (match) => ` --comment ${quote(match.text)}`,
  compile: () => when(() => true),
  whyNot: () => '',
};
