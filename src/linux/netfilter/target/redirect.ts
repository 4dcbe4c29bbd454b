import { LOOPBACK } from '../../../wire/ipv4.ts';
import { setupNat } from '../../conntrack/nat.ts';
import { DROPPED, OUTPUT } from '../hook-env.ts';
import { options, value } from '../syntax.ts';
import type { TargetModule } from './module.ts';
import { WHOLE, natTarget, parseToPorts, printFlags, printNatPorts, toAddress, withFlag } from './nat-range.ts';
import type { NatTarget } from './target.ts';

/** `-j REDIRECT`: to the device's own address; a device without one drops. @source net/netfilter/nf_nat_redirect.c nf_nat_redirect_ipv4 */
export const redirect: TargetModule<NatTarget> = {
  name: 'REDIRECT',
  options: options(['--to-ports', { values: 1 }], ['--to-port', { values: 1, as: '--to-ports' }], ['--random', { values: 0 }]),
  tables: ['nat'],
  hooks: ['PREROUTING', 'OUTPUT'],
  parse(uses) {
    let range = WHOLE;
    for (const use of uses) range = use.name === '--to-ports' ? { ...range, ...parseToPorts(use, value(use)) } : withFlag(range, use);
    return natTarget('REDIRECT', range);
  },
  print: (range) => `${range.minPort === 0 ? '' : ` --to-ports ${printNatPorts(range)}`}${printFlags(range)}`,
  compile: (range) => (env) => {
    const addr = env.hook === OUTPUT ? LOOPBACK : env.in?.addresses[0]?.local;
    if (addr === undefined) {
      env.dropText = `REDIRECT finds no address on ${env.in?.name ?? 'the device'}`;
      return DROPPED;
    }
    return setupNat(env, 'dst', toAddress(range, addr));
  },
  describe: (range) => `redirects the packet to this machine${range.minPort === 0 ? '' : `, port ${printNatPorts(range)}`}`,
};
