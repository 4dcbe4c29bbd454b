import { REJECTED } from '../hook-env.ts';
import { fault, options, value } from '../syntax.ts';
import type { TargetModule } from './module.ts';
import { REJECT_KINDS, type RejectKind, type RejectTarget } from './target.ts';

const DEFAULT: RejectKind = 'icmp-port-unreachable';

/** Names that iptables knows besides the full ones; a beginning of either will do. */
const SHORT: Readonly<Record<RejectKind, string>> = {
  'icmp-net-unreachable': 'net-unreach',
  'icmp-host-unreachable': 'host-unreach',
  'icmp-proto-unreachable': 'proto-unreach',
  'icmp-port-unreachable': 'port-unreach',
  'icmp-net-prohibited': 'net-prohib',
  'icmp-host-prohibited': 'host-prohib',
  'icmp-admin-prohibited': 'admin-prohib',
  'tcp-reset': 'tcp-rst',
};

/** `-j REJECT`. @source net/ipv4/netfilter/ipt_REJECT.c reject_tg */
export const reject: TargetModule<RejectTarget> = {
  name: 'REJECT',
  options: options(['--reject-with', { values: 1 }]),
  tables: ['filter'],
  hooks: ['INPUT', 'FORWARD', 'OUTPUT'],
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) return { t: 'REJECT', with: DEFAULT };
    const text = value(use).toLowerCase();
    const kind = text === '' ? undefined : REJECT_KINDS.find((name) => name.startsWith(text) || SHORT[name].startsWith(text));
    if (kind === undefined) throw fault(use, REJECT_KINDS.join(', '));
    return { t: 'REJECT', with: kind };
  },
  print: (target) => ` --reject-with ${target.with}`,
  compile: (target) => (env) => {
    env.reject(env, target.with);
    return REJECTED;
  },
  describe: (target) => `rejects the packet with ${target.with}`,
};
