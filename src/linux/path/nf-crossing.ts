import type { Device } from '../device.ts';
import { errnoName } from '../fib/errno.ts';
import type { CompiledTable } from '../netfilter/compiled-table.ts';
import { ACCEPTED, type Hook, type HookEnv, type TableVerdict, UNKNOWN } from '../netfilter/hook-env.ts';
import { hasRules, runTable } from '../netfilter/run.ts';
import type { Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { rejectPacket } from './reject.ts';
import { routeMeHarder } from './route.ts';

/** A packet at one hook. What rules see of it is made when the first rule is asked, which most packets of a connection never need. */
export interface Crossing {
  readonly stack: Stack;
  readonly hook: Hook;
  readonly skb: Skb;
  readonly input: Device | null;
  readonly output: Device | null;
  env: HookEnv | null;
}

function envOf(at: Crossing): HookEnv {
  return (at.env ??= {
    stack: at.stack,
    hook: at.hook,
    skb: at.skb,
    in: at.input,
    out: at.output,
    recorder: at.stack.effects.recorder,
    foresight: null,
    reject: rejectPacket,
    work: 0,
    unknownReason: '',
    unknownText: '',
    dropReason: '',
    dropText: '',
  });
}

/** Sends the packet through a table. @returns whether it goes on */
export function table(at: Crossing, compiled: CompiledTable | null): boolean {
  if (compiled === null || (at.stack.effects.recorder === null && !hasRules(compiled, at.hook))) return true;
  const env = envOf(at);
  return settle(env, runTable(compiled, env));
}

/** Accounts for a packet that a table kept. */
function settle(env: HookEnv, verdict: TableVerdict): boolean {
  if (verdict === ACCEPTED) return true;
  const { stack, skb } = env;
  if (verdict === UNKNOWN) {
    stack.effects.unknown(stack, skb, env.unknownReason, env.unknownText);
  } else {
    refuse(stack, skb, env.dropReason, env.dropText);
  }
  return false;
}

/** A drop; the caller of a send that is still under way learns of it, a TCP socket does not. */
export function refuse(stack: Stack, skb: Skb, reason: string, text: string): void {
  if (skb.sending) stack.effects.sendError(stack, skb, 'EPERM', reason);
  stack.effects.dropped(stack, skb, reason, text);
}

/** Routes a packet again that OUTPUT changed. @returns whether it goes on */
export function reroute(at: Crossing): boolean {
  const { stack, skb } = at;
  const route = routeMeHarder(stack, skb);
  if (route.kind === 'unknown') {
    stack.effects.unknown(stack, skb, route.reason, route.text);
    return false;
  }
  if (route.kind !== 'error') return true;
  const errno = errnoName(route.errno);
  if (skb.sending) stack.effects.sendError(stack, skb, errno, 'NETFILTER_DROP');
  stack.effects.dropped(stack, skb, 'NETFILTER_DROP', `no route after OUTPUT changed the packet (${errno})`);
  return false;
}
