import type { BridgePort } from '../../../linux/link.ts';
import type { Netns } from '../../../linux/netns.ts';
import { setFlags } from '../../../linux/ops/set-link.ts';
import { confName } from '../../../linux/sysctl.ts';
import type { Dice } from '../dice.ts';
import { Lab } from '../lab.ts';
import type { Network } from '../scene.ts';

/** A port that is not as bridges make it. */
export function drawPort(dice: Dice): Partial<BridgePort> {
  if (dice.chance(0.6)) return {};
  return dice.weighted<Partial<BridgePort>>([
    [{ hairpin: true }, 6],
    [{ isolated: true }, 3],
    [{ learning: false }, 2],
    [{ flood: false }, 2],
    [{ bcastFlood: false }, 1],
    [{ mcastFlood: false }, 1],
    [{ hairpin: true, isolated: true }, 1],
    [{ neighSuppress: true }, 1],
  ]);
}

export function bridge(lab: Lab, at: Netns, name: string, dice: Dice): void {
  lab.device(at, name, { type: 'bridge', vlanFiltering: false, stp: false, ageingMs: dice.chance(0.9) ? 300_000 : 0 });
}

/** Hosts on a bridge that is a router as well, and one host behind it: `p0 – [br0] sw – ext`. A second bridge now and then. */
export function bridged(dice: Dice): Network {
  const lab = new Lab();
  const sw = lab.netns('sw');
  const ext = lab.netns('ext');
  const hosts: Netns[] = [];
  const bridges = dice.chance(0.25) ? 2 : 1;
  for (let b = 0; b < bridges; b++) {
    bridge(lab, sw, `br${b}`, dice);
    const hasAddress = dice.chance(0.85);
    for (let j = 0; j < (bridges === 1 ? dice.int(2, 3) : 2); j++) {
      const host = lab.netns(`p${b}${j}`);
      const mtuBytes = dice.chance(0.1) ? 1400 : 1500;
      lab.wire({ at: host, dev: 'eth0', mtuBytes }, { at: sw, dev: `v${b}${j}`, mtuBytes });
      lab.enslave(sw, `v${b}${j}`, `br${b}`, drawPort(dice));
      const len = dice.chance(0.9) ? 24 : 32;
      lab.address(host, 'eth0', `10.50.${b}.${j + 2}/${len}`);
      if (len === 32) lab.route(host, `10.50.${b}.1/32`, null, 'eth0', { scope: 'link' });
      lab.route(host, 'default', `10.50.${b}.1`, 'eth0', len === 32 ? { onlink: true } : {});
      hosts.push(host);
    }
    if (hasAddress) lab.address(sw, `br${b}`, `10.50.${b}.1/24`);
    if (dice.chance(0.3)) setFlags(sw, `br${b}`, { promisc: true });
  }
  lab.wire({ at: sw, dev: 'up' }, { at: ext, dev: 'eth0' });
  // A host on the far side, or on the bridge itself by the uplink.
  if (dice.chance(0.75)) {
    lab.address(sw, 'up', '10.60.0.1/24');
    lab.address(ext, 'eth0', '10.60.0.2/24');
    lab.route(ext, 'default', '10.60.0.1', null);
  } else {
    lab.enslave(sw, 'up', 'br0', drawPort(dice));
    lab.address(ext, 'eth0', '10.50.0.9/24');
    lab.route(ext, 'default', '10.50.0.1', null);
  }
  if (dice.chance(0.3)) lab.sysctl(sw, 'net.bridge.bridge-nf-call-iptables', '0');
  if (dice.chance(0.15)) lab.sysctl(sw, confName('br0', 'proxy_arp'), '1');
  return { lab, hosts: [...hosts, ext], routers: [sw] };
}
