import { type Random, nextUint32 } from '../sim/random.ts';
import { type Mac, mac } from '../wire/mac.ts';

/** A random locally administered unicast address, as the kernel gives to a veth end. @source net/ethernet eth_random_addr */
export function randomMac(random: Random): Mac {
  const high = nextUint32(random);
  const first = ((high >>> 24) & 0xfe) | 0x02;
  const bytes = [first, (high >>> 16) & 255, (high >>> 8) & 255, high & 255];
  const low = nextUint32(random);
  bytes.push((low >>> 8) & 255, low & 255);
  return mac(bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':'));
}
