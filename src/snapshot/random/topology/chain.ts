import type { Netns } from '../../../linux/netns.ts';
import type { Dice } from '../dice.ts';
import { Lab } from '../lab.ts';
import type { Network } from '../scene.ts';

/** How two routers are joined: the address of either end, or none. */
interface Transit {
  readonly left: string | null;
  readonly right: string | null;
}

function transit(dice: Dice, i: number): Transit {
  return dice.weighted<Transit>([
    [{ left: `10.100.${i}.1/24`, right: `10.100.${i}.2/24` }, 6],
    [{ left: `10.100.${i}.1/30`, right: `10.100.${i}.2/30` }, 3],
    [{ left: `10.100.${i}.0/31`, right: `10.100.${i}.1/31` }, 2],
    [{ left: null, right: null }, 1],
  ]);
}

/** Routers in a row, hosts on each: `h00 – r0 – r1 – h10`. Both ends know the way to every subnet, mostly. */
export function chain(dice: Dice): Network {
  const lab = new Lab();
  const count = dice.weighted([
    [1, 3],
    [2, 5],
    [3, 3],
    [4, 1],
  ]);
  const routers = Array.from({ length: count }, (_, i) => lab.netns(`r${i}`));
  const mtus = dice.chance(0.3) ? [1500, 1400, 1280, 9000] : [1500];
  const hosts: Netns[] = [];
  const subnets: { of: number; text: string }[] = [];
  routers.forEach((router, i) => {
    const guests = count === 1 ? dice.int(2, 3) : i === 0 || i === count - 1 ? dice.int(1, 2) : dice.int(0, 1);
    for (let j = 0; j < guests; j++) {
      const host = lab.netns(`h${i}${j}`);
      const len = dice.weighted([
        [24, 6],
        [30, 1],
        [16, 1],
        [29, 1],
      ]);
      const net = len === 16 ? `10.${20 + i * 4 + j}` : `10.${i}.${j}`;
      const base = len === 16 ? `${net}.0` : net;
      const mtuBytes = dice.pick(mtus);
      lab.wire({ at: host, dev: 'eth0', mtuBytes }, { at: router, dev: `h${j}`, mtuBytes });
      lab.address(router, `h${j}`, `${base}.1/${len}`);
      lab.address(host, 'eth0', `${base}.2/${len}`);
      if (dice.chance(0.2) && len < 30) lab.address(host, 'eth0', `${base}.5/${dice.pick([len, 32])}`);
      lab.route(host, 'default', `${base}.1`, null);
      hosts.push(host);
      subnets.push({ of: i, text: `${base}.0/${len}` });
    }
    if (dice.chance(0.2)) {
      lab.device(router, 'dum0', { type: 'dummy' });
      lab.address(router, 'dum0', `10.7.${i}.1/32`);
      subnets.push({ of: i, text: `10.7.${i}.1/32` });
    }
  });
  const joins = routers.slice(1).map((right, i) => {
    const left = routers[i] ?? right;
    const mtuBytes = dice.pick(mtus);
    lab.wire({ at: left, dev: `to${i + 1}`, mtuBytes }, { at: right, dev: `to${i}`, mtuBytes });
    const ends = transit(dice, i);
    if (ends.left !== null) lab.address(left, `to${i + 1}`, ends.left);
    if (ends.right !== null) lab.address(right, `to${i}`, ends.right);
    return ends;
  });
  routers.forEach((router, i) => {
    for (const side of [-1, 1] as const) {
      const join = side < 0 ? joins[i - 1] : joins[i];
      if (join === undefined) continue;
      const gateway = (side < 0 ? join.left : join.right)?.split('/')[0] ?? null;
      const dev = `to${i + side}`;
      // Without addresses the neighbour answers for what lies behind it, or the gateway is an address of its other side.
      for (const { of, text } of subnets.filter(({ of }) => (side < 0 ? of < i : of > i))) {
        lab.route(router, text, gateway, gateway === null ? dev : null, gateway === null ? { scope: 'link' } : {});
        if (gateway === null) lab.sysctl(routers[of > i ? i + 1 : i - 1] ?? router, `net.ipv4.conf.to${i}.proxy_arp`, '1');
      }
    }
    if (dice.chance(0.5)) {
      const side = i === 0 || (i < count - 1 && dice.chance(0.5)) ? 1 : -1;
      const join = side < 0 ? joins[i - 1] : joins[i];
      const gateway = (side < 0 ? join?.left : join?.right)?.split('/')[0];
      if (gateway !== undefined) lab.route(router, 'default', gateway, null);
    }
  });
  return { lab, hosts, routers };
}
