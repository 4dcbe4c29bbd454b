import type { Fabric } from './fabric.ts';
import type { FabricPacket } from './packet.ts';
import type { FabricHooks, FabricResult } from './result.ts';
import type { FabricSession } from './session.ts';

/**
 * Takes a frame that left a NIC through the fabric, up to the next machine.
 * @param packet rewritten in place: addresses by NAT, the MSS option by the encapsulation
 * @param nowMs the session's clock
 */
export function fabricTransmit(
  _fabric: Fabric,
  _session: FabricSession,
  nicName: string,
  _packet: FabricPacket,
  _nowMs: number,
  _hooks: FabricHooks | null = null,
): FabricResult {
  return { kind: 'unknown', reason: 'AZURE_NOT_CONNECTED', text: nicName };
}
