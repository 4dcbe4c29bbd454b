import type { Netns } from '../../../linux/netns.ts';
import { ip } from '../../../wire/ipv4.ts';
import type { Dice } from '../dice.ts';
import { Lab } from '../lab.ts';
import type { Network } from '../scene.ts';

/** Three routers, each joined with the others: there are always two ways, and the answer may take the other one. Hosts with two legs. */
export function ring(dice: Dice): Network {
  const lab = new Lab();
  const routers = [0, 1, 2].map((i) => lab.netns(`r${i}`));
  const hosts: Netns[] = [];
  const link = (a: number, b: number, n: number): void => {
    const [left, right] = [routers[a], routers[b]];
    if (left === undefined || right === undefined) return;
    const mtuBytes = dice.chance(0.2) ? 1400 : 1500;
    lab.wire({ at: left, dev: `to${b}`, mtuBytes }, { at: right, dev: `to${a}`, mtuBytes });
    lab.address(left, `to${b}`, `10.110.${n}.1/30`);
    lab.address(right, `to${a}`, `10.110.${n}.2/30`);
  };
  link(0, 1, 0);
  link(1, 2, 1);
  link(2, 0, 2);
  const towards = (from: number, to: number): string => {
    const n = [from, to].includes(0) ? ([from, to].includes(1) ? 0 : 2) : 1;
    const isFirst = (from === 0 && to === 1) || (from === 1 && to === 2) || (from === 2 && to === 0);
    return `10.110.${n}.${isFirst ? 2 : 1}`;
  };
  routers.forEach((router, i) => {
    const host = lab.netns(`h${i}`);
    lab.wire({ at: host, dev: 'eth0' }, { at: router, dev: 'h' });
    lab.address(router, 'h', `10.${i}.0.1/24`);
    lab.address(host, 'eth0', `10.${i}.0.2/24`);
    lab.route(host, 'default', `10.${i}.0.1`, null, dice.chance(0.2) ? { metric: 100 } : {});
    hosts.push(host);
    for (const other of [0, 1, 2].filter((one) => one !== i)) {
      const third = 3 - i - other;
      dice.weighted([
        [
          (): void => {
            lab.route(router, `10.${other}.0.0/24`, towards(i, other), null);
          },
          5,
        ],
        [
          (): void => {
            lab.route(router, `10.${other}.0.0/24`, towards(i, third), null);
          },
          2,
        ],
        [
          (): void => {
            const nexthops = [{ via: ip(towards(i, other)), weight: dice.int(1, 2) }, { via: ip(towards(i, third)) }];
            lab.route(router, `10.${other}.0.0/24`, null, null, { nexthops });
          },
          3,
        ],
        [
          (): void => {
            lab.route(router, `10.${other}.0.0/24`, towards(i, other), null, { metric: 20 });
            lab.route(router, `10.${other}.0.0/25`, towards(i, third), null, { metric: 10 });
          },
          2,
        ],
      ])();
    }
  });
  if (dice.chance(0.5)) {
    const [first] = hosts;
    const router = routers[1];
    if (first !== undefined && router !== undefined) {
      lab.wire({ at: first, dev: 'eth1' }, { at: router, dev: 'x' });
      lab.address(router, 'x', '10.9.0.1/24');
      lab.address(first, 'eth1', '10.9.0.2/24');
      if (dice.chance(0.5)) lab.route(first, '10.0.0.0/8', '10.9.0.1', null);
      for (const other of [routers[0], routers[2]])
        if (other !== undefined) lab.route(other, '10.9.0.0/24', towards(other === routers[0] ? 0 : 2, 1), null);
    }
  }
  return { lab, hosts, routers };
}
