import * as z from 'zod';
import { originOf } from '../../../aks/endpoint.ts';
import { isProblem, parseEndpoint } from '../../../aks/endpoint/syntax.ts';
import type { Host, Netns } from '../../../linux/netns.ts';
import { FILE_EXISTS, NETWORK_DOWN, NO_SUCH_FILE, NO_SUCH_PROCESS, type OpError, type OpResult } from '../../../linux/ops/result.ts';
import type { Bench } from '../bench.ts';
import { OperationError } from '../operation.ts';

/** Field of every operation on a machine. */
export const on: z.ZodString = z
  .string()
  .min(1)
  .max(600)
  .describe('whose tables: node/NAME, pod/NAMESPACE/NAME, vm/NAME, netns/MACHINE/NAME');

/** A namespace of the draft. */
export interface Place {
  readonly host: Host;
  readonly netns: Netns;
  /** `MACHINE/NETNS`, as the session names it. */
  readonly at: string;
}

/** The namespace that `on` names. @throws OperationError */
export function placeOf(endpointText: string, { world }: Pick<Bench, 'world'>): Place {
  const endpoint = parseEndpoint(endpointText);
  const origin = isProblem(endpoint) ? endpoint : originOf(world, endpoint);
  if (isProblem(origin)) throw new OperationError(`on: ${origin.message}`, origin.expected, endpointText);
  if (origin.kind !== 'netns')
    throw new OperationError(`on: ${endpointText} has no tables`, 'a node, a pod or another machine', endpointText);
  const host = world.machines[origin.machine];
  const netns = host?.netns[origin.netns];
  if (host === undefined || netns === undefined)
    throw new OperationError(`on: there is no ${origin.machine}/${origin.netns}`, '', endpointText);
  return { host, netns, at: `${origin.machine}/${origin.netns}` };
}

/**
 * What the tool would print when the kernel refuses is the author's error.
 * @param said the argument that was refused
 * @throws OperationError
 */
export function mustBeOk(result: OpResult, said: string | number): void {
  if (result !== 'ok') throw new OperationError(result, expectedInstead(result), said);
}

/** What would not have been refused, where the kernel's message leaves it open. */
export function expectedInstead(error: OpError): string {
  if (error.startsWith('Cannot find device')) return 'a device of this namespace';
  if (error.startsWith('sysctl: cannot stat')) return 'a sysctl of this namespace';
  if (error === 'Error: Nexthop has invalid gateway.') return 'a gateway on a link of this namespace';
  if (error.endsWith(' is not up.')) return 'a device that is up';
  if (error.startsWith('bind: ')) return 'an address and a port that nobody holds';
  switch (error) {
    case NO_SUCH_PROCESS:
    case NO_SUCH_FILE:
      return 'an entry that is there';
    case FILE_EXISTS:
      return 'an entry that is not there yet';
    case NETWORK_DOWN:
      return 'a device that is up';
    default:
      return '';
  }
}

/** What `parse` makes of a text; its complaint is the author's error. */
export function parsed<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof Error && 'expected' in error)
      throw new OperationError(`"${text}": ${error.message}`, String(error.expected), text);
    throw error;
  }
}
