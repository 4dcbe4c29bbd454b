import { ANY, isLoopback, isMulticast } from '../../wire/ipv4.ts';
import { isGroupMac, type Mac } from '../../wire/mac.ts';
import type { Device } from '../device.ts';
import { SCOPE_HOST } from '../fib/scope.ts';
import type { Arp, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { arpAnswer, confirmsAddr } from './arp.ts';
import { fixedNeighbour, learned } from './neighbour.ts';

/** Whether stations behind a port are not to be asked for what the bridge knows itself. */
export function suppressesNeighbours({ link: { port } }: Device): boolean {
  return port?.neighSuppress === true;
}

/**
 * A bridge with such a port answers in its stations' stead what its host knows of them.
 * @param portOf the port behind which a station is; null for the bridge itself, undefined where it is not known
 * @returns whether those ports get no copy of the frame
 * @source net/bridge/br_arp_nd_proxy.c br_do_proxy_suppress_arp
 */
export function suppressArp(
  stack: Stack,
  bridge: Device,
  from: Device | null,
  { arp, dmac }: Skb,
  portOf: (mac: Mac) => Device | null | undefined,
): boolean {
  if (arp === null || bridge.noarp || !bridge.ports.some(suppressesNeighbours)) return false;
  const { op, senderIp, senderMac, targetIp } = arp;
  if (isLoopback(targetIp) || isMulticast(targetIp) || (from !== null && suppressesNeighbours(from))) return false;
  if (op === 'request' && !isGroupMac(dmac)) return false;
  if (senderIp === ANY || senderIp === targetIp) return true;
  if (op !== 'request') return false;
  if (confirmsAddr(bridge, ANY, targetIp, SCOPE_HOST)) return true;
  const mac = knownMac(stack, bridge, arp);
  if (mac === null) return false;
  const port = portOf(mac);
  if (port === undefined) return false;
  if (port !== null && suppressesNeighbours(port)) {
    arpAnswer(stack, from ?? bridge, { ip: targetIp, mac }, { ip: senderIp, mac: senderMac });
  }
  return true;
}

/** @source include/net/neighbour.h NUD_VALID */
function knownMac(stack: Stack, bridge: Device, { targetIp }: Arp): Mac | null {
  const fixed = fixedNeighbour(stack.netns, bridge, targetIp);
  if (fixed !== null) return fixed.mac;
  const entry = learned(stack, bridge, targetIp);
  return entry === null || entry.state === 'incomplete' || entry.state === 'failed' ? null : entry.mac;
}
