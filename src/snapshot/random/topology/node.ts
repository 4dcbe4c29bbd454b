import type { Netns } from '../../../linux/netns.ts';
import { confName } from '../../../linux/sysctl.ts';
import { ip } from '../../../wire/ipv4.ts';
import type { Dice } from '../dice.ts';
import { Lab } from '../lab.ts';
import type { Network } from '../scene.ts';

const GATEWAY = ip('169.254.1.1');

/** A router with a namespace on each of its point-to-point links, whose gateway it only pretends to be, and two hosts outside. */
export function node(dice: Dice): Network {
  const lab = new Lab();
  const root = lab.netns('node');
  const pods: Netns[] = [];
  for (let j = 0; j < dice.int(2, 3); j++) {
    const pod = lab.netns(`pod${j}`);
    lab.wire({ at: pod, dev: 'eth0' }, { at: root, dev: `veth${j}` });
    const address = `10.40.0.${10 + j}`;
    lab.address(pod, 'eth0', `${address}/${dice.chance(0.7) ? 32 : 24}`);
    lab.route(pod, '169.254.1.1/32', null, 'eth0', { scope: 'link' });
    lab.route(pod, 'default', '169.254.1.1', 'eth0', dice.chance(0.3) ? { onlink: true } : {});
    lab.route(root, `${address}/32`, null, `veth${j}`, { scope: 'link' });
    if (dice.chance(0.85)) lab.sysctl(root, confName(`veth${j}`, 'proxy_arp'), '1');
    if (dice.chance(0.3)) {
      const mac = root.links.find(({ name }) => name === `veth${j}`)?.mac ?? null;
      lab.neighbour(pod, { ip: GATEWAY, mac, dev: 'eth0', state: 'permanent' });
    }
    if (dice.chance(0.2)) lab.address(root, `veth${j}`, '169.254.1.1/32');
    pods.push(pod);
  }
  const outside: Netns[] = [];
  for (let k = 0; k < dice.int(1, 2); k++) {
    const vm = lab.netns(`vm${k}`);
    lab.wire({ at: root, dev: `eth${k}` }, { at: vm, dev: 'eth0' });
    lab.address(root, `eth${k}`, `10.4${k + 1}.0.1/24`);
    if (dice.chance(0.3)) lab.address(root, `eth${k}`, `10.4${k + 1}.0.9/24`);
    lab.address(vm, 'eth0', `10.4${k + 1}.0.2/24`);
    lab.route(vm, 'default', `10.4${k + 1}.0.1`, null);
    outside.push(vm);
  }
  if (dice.chance(0.85)) lab.route(root, 'default', '10.41.0.2', null);
  if (dice.chance(0.15)) lab.sysctl(root, confName('all', 'route_localnet'), '1');
  return { lab, hosts: [...pods, ...outside], routers: [root] };
}
