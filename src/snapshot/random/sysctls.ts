import { neighName } from '../../linux/sysctl.ts';
import { devicesOf, type Scene } from './scene.ts';

/** ARP gives up after 30 ms instead of 3 s, and a proxy answers at once: nobody has time to wait. */
const QUICK = { retrans_time_ms: '10', proxy_delay: '0' };

/** What every network needs: routers that forward, ICMP errors that no rate limit swallows, ARP that fails quickly. */
export function writeBaseSysctls({ dice, lab, routers }: Scene): void {
  const limited = dice.chance(0.12);
  for (const netns of lab.all) {
    for (const dev of devicesOf(netns)) {
      for (const [key, value] of Object.entries(QUICK)) lab.sysctl(netns, neighName(dev, key), value);
    }
    if (!limited) lab.sysctl(netns, 'net.ipv4.icmp_ratemask', '0');
  }
  for (const router of routers) if (dice.chance(0.97)) lab.sysctl(router, 'net.ipv4.ip_forward', '1');
}
