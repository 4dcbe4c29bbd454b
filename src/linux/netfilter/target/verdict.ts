import { ACCEPTED, DROPPED } from '../hook-env.ts';
import { options } from '../syntax.ts';
import { CONTINUE, type TargetModule } from './module.ts';
import type { VerdictTarget } from './target.ts';

const DESCRIPTION = { ACCEPT: 'accepts the packet', DROP: 'drops the packet', RETURN: 'goes back to the calling chain' } as const;

function verdict(t: VerdictTarget['t']): TargetModule<VerdictTarget> {
  return {
    name: t,
    options: options(),
    tables: [],
    hooks: [],
    parse: () => ({ t }),
    print: () => '',
    // RETURN is the chain's own business.
    compile: () => () => (t === 'ACCEPT' ? ACCEPTED : t === 'DROP' ? DROPPED : CONTINUE),
    describe: () => DESCRIPTION[t],
  };
}

export const accept: TargetModule<VerdictTarget> = verdict('ACCEPT');
export const drop: TargetModule<VerdictTarget> = verdict('DROP');
export const returnTarget: TargetModule<VerdictTarget> = verdict('RETURN');
