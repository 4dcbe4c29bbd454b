import { formatIpv4, ipv4 } from '../../../wire/ipv4.ts';
import { setupNat } from '../../conntrack/nat.ts';
import { INPUT, POSTROUTING } from '../hook-env.ts';
import { missing, maskLength, maskedOf, options } from '../syntax.ts';
import type { TargetModule } from './module.ts';
import { WHOLE, toAddress } from './nat-range.ts';
import type { NetmapTarget } from './target.ts';

function printNetwork({ addr, mask }: NetmapTarget): string {
  return `${formatIpv4(addr)}/${maskLength(mask) ?? formatIpv4(mask)}`;
}

/** `-j NETMAP`. @source net/netfilter/xt_NETMAP.c netmap_tg4 */
export const netmap: TargetModule<NetmapTarget> = {
  name: 'NETMAP',
  options: options(['--to', { values: 1 }]),
  tables: ['nat'],
  hooks: [],
  parse(uses) {
    const use = uses.at(-1);
    if (use === undefined) throw missing('-j NETMAP', '--to');
    const { addr, mask } = maskedOf(use);
    return { t: 'NETMAP', addr, mask: ipv4(mask) };
  },
  print: (target) => ` --to ${printNetwork(target)}`,
  compile:
    ({ addr, mask }) =>
    (env) => {
      const manip = env.hook === POSTROUTING || env.hook === INPUT ? 'src' : 'dst';
      const old = manip === 'src' ? env.skb.src : env.skb.dst;
      return setupNat(env, manip, toAddress(WHOLE, ipv4((old & ~mask) | (addr & mask))));
    },
  describe: (target) => `maps the address into ${printNetwork(target)}`,
};
