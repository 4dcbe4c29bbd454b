import type { Neighbour, NeighbourState } from '../../linux/neighbour.ts';
import { parseIpv4 } from '../../wire/ipv4.ts';
import { type Mac, parseMac } from '../../wire/mac.ts';
import { TextError, Words } from './words.ts';

const STATES: readonly NeighbourState[] = ['permanent', 'noarp', 'reachable', 'stale', 'delay', 'probe', 'incomplete', 'failed'];

/** A neighbour as `ip neigh add` takes it: `10.224.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent`. @throws TextError */
export function parseNeighbour(text: string): Neighbour {
  const words = new Words(text);
  const ip = words.as(parseIpv4, 'an IPv4 address');
  let mac: Mac | null = null;
  let dev: string | null = null;
  let state: NeighbourState = 'permanent';
  while (!words.done) {
    const word = words.take('lladdr, dev or nud');
    if (word === 'lladdr') mac = words.as(parseMac, 'an Ethernet address');
    else if (word === 'dev') dev = words.take('a device');
    else if (word === 'nud') state = words.as((name) => STATES.find((one) => one === name) ?? null, `one of ${STATES.join(', ')}`);
    else throw new TextError(`"${word}" is not modelled`, 'lladdr, dev or nud');
  }
  if (dev === null) throw new TextError('the neighbour is on no device', 'dev DEVICE');
  return { ip, mac, dev, state, origin: 'scenario' };
}
