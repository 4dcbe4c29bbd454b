import { ANY } from '../../wire/ipv4.ts';
import type { Device } from '../device.ts';
import type { FibNexthop, Via } from './fib-route.ts';
import { SCOPE_LINK } from './scope.ts';

/** The way that one nexthop means. A gateway that is this host itself is none. @source net/ipv4/route.c rt_set_nexthop */
export function viaNexthop(nexthop: FibNexthop, device: Device): Via {
  const { route } = nexthop.route;
  return {
    device,
    gateway: nexthop.scope === SCOPE_LINK ? nexthop.gateway : ANY,
    nexthop,
    route: nexthop.route,
    mtuBytes: route.mtuBytes ?? device.mtuBytes,
    mtuLocked: route.mtuLocked,
  };
}

/** Straight to the destination on a device's link, with no route. */
export function viaDevice(device: Device): Via {
  return { device, gateway: ANY, nexthop: null, route: null, mtuBytes: device.mtuBytes, mtuLocked: false };
}
