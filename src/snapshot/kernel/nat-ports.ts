import { openingName, type ToldPorts } from '../../walk/told-ports.ts';
import type { RawTruth } from './answers.ts';

/** To which ports the kernel's NAT translated which connection: where one is taken it tries others at random, and rules tell ports apart. */
export function natPorts({ conntrack, born }: Pick<RawTruth, 'conntrack' | 'born'>): ToldPorts {
  const told = new Map<string, { src: number; dst: number }>();
  for (const [at, entries] of [...Object.entries(conntrack), ...Object.entries(born)]) {
    for (const { orig, reply } of entries) {
      const { proto, src, dst, id = 0 } = orig;
      const name = openingName(at, { proto, src, dst, sport: orig.sport ?? id, dport: orig.dport ?? 0 });
      told.set(name, { src: reply.dport ?? reply.id ?? 0, dst: reply.sport ?? reply.id ?? 0 });
    }
  }
  return told;
}
