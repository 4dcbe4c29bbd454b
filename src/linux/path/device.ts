import { ALL_HOSTS, type Ipv4 } from '../../wire/ipv4.ts';
import { fillChecksum } from '../checksum.ts';
import type { Device } from '../device.ts';
import type { InputRoute } from '../fib/route-result.ts';
import type { Exit, Skb } from '../skb.ts';
import type { Stack } from '../stack.ts';
import { isBlind } from './blind.ts';
import { bridgeTransmit } from './bridge.ts';
import { leave, tapped, through } from './record.ts';
import { vxlanTransmit } from './vxlan.ts';

const NOT_A_MEMBER: InputRoute = {
  kind: 'drop',
  reason: 'NOT_SPECIFIED',
  text: 'nobody here is a member of the group',
  route: null,
  deferred: true,
};

/**
 * The route found on the way out by the loopback is the route in: nothing checks the source again.
 * @source net/ipv4/route.c __mkroute_output
 */
function inputOf({ kind, route }: Exit, dst: Ipv4): InputRoute | null {
  switch (kind) {
    case 'local':
    case 'broadcast':
      return { kind, route };
    case 'multicast':
      return dst === ALL_HOSTS ? { kind } : NOT_A_MEMBER;
    case 'unicast':
    case 'forward':
      return null;
  }
}

/** Hands a frame to a device. @source net/core/dev.c __dev_queue_xmit and the drivers' ndo_start_xmit */
export function deviceTransmit(stack: Stack, device: Device, skb: Skb): void {
  if (!device.up) {
    stack.effects.dropped(stack, skb, 'DEV_READY', `${device.name} is down`);
    return;
  }
  if (stack.gaps !== null && isBlind(stack, skb, stack.gaps.onDevice(device.name))) return;
  const { effects } = stack;
  // Only a veth, and the NIC of a machine, takes a checksum that is still to be filled in from a packet inside a tunnel. @source net/core/dev.c netif_skb_features
  if (skb.checksumInside && device.type !== 'veth' && device.type !== 'end') fillChecksum(skb);
  switch (device.type) {
    case 'loopback':
      skb.sending = false;
      if (skb.via !== null) skb.input = inputOf(skb.via, skb.dst) ?? skb.input;
      tapped(stack, skb, device.name, true);
      effects.loop(stack, device, skb, 'loopback');
      return;
    case 'veth':
    case 'end':
      if (!device.running) {
        effects.dropped(stack, skb, 'QDISC_DROP', `${device.name} has no carrier`);
        return;
      }
      leave(stack, skb, device.name);
      tapped(stack, skb, device.name, true);
      if (!effects.accepts(stack, device, skb.lengthBytes)) {
        if (skb.sending && skb.recvErr) effects.sendError(stack, skb, 'ENOBUFS', 'PKT_TOO_BIG');
        effects.dropped(stack, skb, 'PKT_TOO_BIG', `${skb.lengthBytes} bytes are more than the far end of ${device.name} takes`);
        return;
      }
      skb.sending = false;
      effects.transmit(stack, device, skb);
      return;
    case 'bridge':
      through(skb, device.name);
      tapped(stack, skb, device.name, true);
      effects.atOnce(() => {
        bridgeTransmit(stack, device, skb);
      });
      return;
    case 'vxlan':
      through(skb, device.name);
      tapped(stack, skb, device.name, true);
      effects.atOnce(() => {
        vxlanTransmit(stack, device, skb);
      });
      return;
    case 'dummy':
      leave(stack, skb, device.name);
      effects.dropped(stack, skb, 'DUMMY', `${device.name} is a dummy device: whatever it sends is gone`);
      return;
    case 'vlan':
      effects.unknown(stack, skb, 'LINK_VLAN', `${device.name} is a VLAN device, which is not modelled`);
      return;
    case 'unknown': {
      const { kind } = device.link;
      const driver = kind.type === 'unknown' ? kind.driver : kind.type;
      effects.unknown(stack, skb, 'LINK_TYPE', `${device.name} is a ${driver} device, which is not modelled`);
    }
  }
}
