import { InvariantError } from '../../wire/invariant.ts';
import { IPS_CONFIRMED } from '../conntrack/entry.ts';
import type { Device } from '../device.ts';
import { routeInput } from '../fib/route-input.ts';
import type { CompiledTable } from '../netfilter/compiled-table.ts';
import { Foresight } from '../netfilter/foresight.ts';
import { ACCEPTED, FORWARD, type Hook, INPUT, POSTROUTING, PREROUTING } from '../netfilter/hook-env.ts';
import { READS_DPORT, READS_SPORT } from '../netfilter/reads.ts';
import { hasRules, runTable } from '../netfilter/run.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { type Foreseen, STEP_BY_STEP } from './way.ts';

/**
 * Finds out where a received packet will go, without carrying anything out: the same tables are asked and the same route is looked up as
 * on the way through path/, in the same order. The packet is one that path/fast-path takes for plain, and conntrack has seen it.
 */
export function foresee(stack: Stack, device: Device, skb: Skb): Foreseen {
  const foresight = new Foresight();
  const way = wayOf(stack, device, skb, foresight);
  return { way, reads: foresight.reads };
}

function wayOf(stack: Stack, device: Device, skb: Skb, foresight: Foresight): Foreseen['way'] {
  const { mangle, filter, legacySecurity, security, natTable, nat } = stack.firewall;
  const { ct } = skb;
  // Only a connection that is in no table yet meets the nat chains; the others keep what they have, which is nothing.
  const natChains = nat && ct !== null && (ct.status & IPS_CONFIRMED) === 0 ? natTable : null;
  const passes = (hook: Hook, out: Device | null, ...tables: readonly (CompiledTable | null)[]): boolean =>
    tables.every((table) => {
      return table === null || !hasRules(table, hook) || isAccepted(table, { stack, hook, skb, in: device, out }, foresight);
    });

  if (!passes(PREROUTING, null, mangle, natChains)) return STEP_BY_STEP;
  if (stack.netns.fib.rulesNeedPorts) foresight.reads |= READS_SPORT | READS_DPORT;
  const route = routeInput(stack, skb, device);
  switch (route.kind) {
    case 'local':
      // After nat a new connection may have another source port than it came with.
      if (natChains !== null && security !== null && hasRules(security, INPUT)) return STEP_BY_STEP;
      return passes(INPUT, null, mangle, filter, legacySecurity, natChains, security) ? route : STEP_BY_STEP;
    case 'forward':
      return !route.redirect &&
        passes(FORWARD, route.device, mangle, filter, legacySecurity, security) &&
        passes(POSTROUTING, route.device, mangle, natChains)
        ? route
        : STEP_BY_STEP;
    default:
      return STEP_BY_STEP;
  }
}

interface At {
  readonly stack: Stack;
  readonly hook: Hook;
  readonly skb: Skb;
  readonly in: Device | null;
  readonly out: Device | null;
}

function isAccepted(table: CompiledTable, at: At, foresight: Foresight): boolean {
  const env = {
    ...at,
    recorder: null,
    foresight,
    reject: refused,
    work: 0,
    unknownReason: '',
    unknownText: '',
    dropReason: '',
    dropText: '',
  };
  return runTable(table, env) === ACCEPTED;
}

function refused(): never {
  throw new InvariantError('a rule was carried out that was only tried out');
}
