import type { Netns } from '../../../linux/netns.ts';
import { ip } from '../../../wire/ipv4.ts';
import type { Dice } from '../dice.ts';
import { Lab } from '../lab.ts';
import type { Network } from '../scene.ts';
import { bridge, drawPort } from './switch.ts';

/**
 * Hosts and routers on one wire, which is a bridge that does nothing else: redirects, proxy ARP, broadcasts, two routers to choose from,
 * hosts with two legs.
 */
export function lan(dice: Dice): Network {
  const lab = new Lab();
  const wire = lab.netns('wire');
  bridge(lab, wire, 'br0', dice);
  if (dice.chance(0.85)) lab.sysctl(wire, 'net.bridge.bridge-nf-call-iptables', '0');
  const second = dice.chance(0.35);
  if (second) bridge(lab, wire, 'br1', dice);
  let ports = 0;
  const attach = (netns: Netns, dev: string, cidr: string, to = 'br0'): void => {
    lab.wire({ at: netns, dev }, { at: wire, dev: `v${ports}` });
    lab.enslave(wire, `v${ports++}`, to, dice.chance(0.1) ? drawPort(dice) : {});
    lab.address(netns, dev, cidr);
  };
  const hosts: Netns[] = [];
  const routers: Netns[] = [];
  const count = dice.int(1, 2);
  for (let i = 0; i < count; i++) {
    const router = lab.netns(`r${i}`);
    attach(router, 'eth0', `10.30.0.${i + 1}/24`);
    routers.push(router);
    const back = lab.netns(`b${i}`);
    lab.wire({ at: back, dev: 'eth0' }, { at: router, dev: 'eth1' });
    lab.address(router, 'eth1', `10.31.${i}.1/24`);
    lab.address(back, 'eth0', `10.31.${i}.2/24`);
    lab.route(back, 'default', `10.31.${i}.1`, null);
    if (i > 0 || dice.chance(0.3)) hosts.push(back);
    else hosts.unshift(back);
  }
  routers.forEach((router, i) => {
    for (let other = 0; other < count; other++) if (other !== i) lab.route(router, `10.31.${other}.0/24`, `10.30.0.${other + 1}`, null);
  });
  const guests = dice.int(1, 3);
  for (let j = 0; j < guests; j++) {
    const host = lab.netns(`h${j}`);
    // Some believe that everything is on the wire, some do not know that the others are.
    const len = dice.weighted([
      [24, 6],
      [15, 1],
      [29, 1],
    ]);
    attach(host, 'eth0', `10.30.0.${j + 4}/${len}`);
    if (second && dice.chance(0.7))
      attach(host, 'eth1', `10.${dice.chance(0.6) ? 32 : 30}.0.${j + 4}/24`, dice.chance(0.8) ? 'br1' : 'br0');
    if (dice.chance(0.9)) lab.route(host, 'default', `10.30.0.${dice.int(1, count)}`, null);
    if (count > 1 && dice.chance(0.2))
      lab.route(host, '10.31.0.0/16', null, null, { nexthops: [{ via: ip('10.30.0.1') }, { via: ip('10.30.0.2'), weight: 2 }] });
    hosts.push(host);
  }
  return { lab, hosts, routers: [...routers, ...(dice.chance(0.2) ? [wire] : [])] };
}
