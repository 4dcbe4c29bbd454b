import { type Random, nextUint32 } from '../sim/random.ts';
import { type Mac, macOf } from '../wire/mac.ts';

/** A random locally administered unicast address, as the kernel gives to a veth end. @source net/ethernet eth_random_addr */
export function randomMac(random: Random): Mac {
  const high = nextUint32(random);
  const first = ((high >>> 24) & 0xfe) | 0x02;
  const low = nextUint32(random);
  return macOf([first, (high >>> 16) & 255, (high >>> 8) & 255, high & 255, (low >>> 8) & 255, low & 255]);
}
