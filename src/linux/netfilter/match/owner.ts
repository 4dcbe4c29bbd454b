import type { Skb } from '../../skb.ts';
import { isInRange } from '../selectors.ts';
import { type OptionUse, missing, bang, fault, options, parseNumber, value } from '../syntax.ts';
import type { NumberRange, OwnerMatch } from './match.ts';
import { type MatchModule, when } from './module.ts';

function parseIds(use: OptionUse): NumberRange {
  const [low = '', high = low, ...rest] = value(use).split('-');
  const min = low === 'root' ? 0 : parseNumber(low, 0xffff_fffe);
  const max = high === 'root' ? 0 : parseNumber(high, 0xffff_fffe);
  if (min === null || max === null || min > max || rest.length > 0) throw fault(use, 'a numeric id or a range first-last');
  return { min, max, not: use.not };
}

function printIds(option: string, ids: NumberRange | null): string {
  if (ids === null) return '';
  return `${bang(ids)} ${option} ${ids.min === ids.max ? ids.min : `${ids.min}-${ids.max}`}`;
}

/** @source net/netfilter/xt_owner.c owner_mt */
function holds(match: OwnerMatch, skb: Skb): boolean {
  const isNobodys = match.uid?.not !== false && match.gid?.not !== false;
  if (!skb.local || skb.sender === 'none' || skb.sender === 'given-back') return isNobodys && match.socketExists !== true;
  if (match.socketExists === false) return false;
  if (skb.sender === 'kernel') return isNobodys;
  return isInRange(match.uid, skb.uid) && isInRange(match.gid, skb.gid);
}

/** `-m owner`: the owner of the sending socket, which a packet has only while it is on its way out of its own namespace. */
export const owner: MatchModule<OwnerMatch> = {
  name: 'owner',
  protos: [],
  pure: true,
  options: options(
    ['--uid-owner', { values: 1, not: true }],
    ['--gid-owner', { values: 1, not: true }],
    ['--socket-exists', { values: 0, not: true }],
    ['--suppl-groups', { values: 0 }],
  ),
  parse(uses) {
    let match: OwnerMatch = { m: 'owner', uid: null, gid: null, socketExists: null, supplGroups: false };
    for (const use of uses) {
      if (use.name === '--uid-owner') match = { ...match, uid: parseIds(use) };
      else if (use.name === '--gid-owner') match = { ...match, gid: parseIds(use) };
      else if (use.name === '--socket-exists') match = { ...match, socketExists: !use.not };
      else match = { ...match, supplGroups: true };
    }
    if (uses.length === 0) throw missing('-m owner', 'at least one option');
    return match;
  },
  print({ socketExists, uid, gid, supplGroups }) {
    const socket = socketExists === null ? '' : `${bang({ not: !socketExists })} --socket-exists`;
    return `${socket}${printIds('--uid-owner', uid)}${printIds('--gid-owner', gid)}${supplGroups ? ' --suppl-groups' : ''}`;
  },
  compile: (match) => when(({ skb }) => holds(match, skb)),
  whyNot: (_match, { skb }) =>
    skb.local && skb.sender === 'process'
      ? `the socket belongs to user ${skb.uid}, group ${skb.gid}`
      : 'the packet has no socket of a process here',
};
