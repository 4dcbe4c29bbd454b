import { addressesOf, devicesOf, PORTS, type Scene } from './scene.ts';

/** Who listens where: most hosts on most ports, some on one address or one device alone. */
export function openSockets({ dice, lab, hosts, routers }: Scene): void {
  for (const [places, odds] of [[hosts, 0.8] as const, [routers, 0.4] as const]) {
    for (const netns of places) {
      for (const proto of ['tcp', 'udp'] as const) {
        for (const port of PORTS[proto]) {
          if (!dice.chance(odds)) continue;
          const addr = dice.chance(0.1) ? dice.pickOrNull([...addressesOf(netns), '127.0.0.1']) : null;
          const dev = dice.chance(0.05) ? dice.pickOrNull(devicesOf(netns)) : null;
          lab.listen(netns, proto, port, addr, dev);
        }
      }
    }
  }
}
