import { confName, neighName } from '../../linux/sysctl.ts';
import type { Weighted } from './dice.ts';
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

/** Sysctls of a device or of all, and what may be written to them. */
const CONF: Weighted<readonly [key: string, values: readonly string[]]> = [
  [['rp_filter', ['1', '2', '1']], 10],
  [['accept_local', ['1']], 5],
  [['route_localnet', ['1']], 5],
  [['src_valid_mark', ['1']], 3],
  [['send_redirects', ['0']], 5],
  [['accept_redirects', ['0', '1']], 3],
  [['secure_redirects', ['0']], 1],
  [['shared_media', ['0']], 2],
  [['arp_ignore', ['1', '2', '3', '8']], 6],
  [['arp_announce', ['1', '2']], 4],
  [['arp_filter', ['1']], 3],
  [['arp_accept', ['1']], 1],
  [['drop_gratuitous_arp', ['1']], 1],
  [['forwarding', ['0', '1']], 3],
  [['proxy_arp', ['1']], 4],
  [['bc_forwarding', ['1']], 1],
  [['accept_source_route', ['0', '1']], 1],
  [['log_martians', ['1']], 1],
];

/** Sysctls of a namespace. */
const NETNS: Weighted<readonly [name: string, values: readonly string[]]> = [
  [['net.ipv4.icmp_errors_use_inbound_ifaddr', ['1']], 4],
  [['net.ipv4.ip_forward', ['0', '1']], 2],
  [['net.ipv4.icmp_echo_ignore_all', ['1']], 2],
  [['net.ipv4.icmp_echo_ignore_broadcasts', ['0']], 2],
  [['net.ipv4.fwmark_reflect', ['1']], 2],
  [['net.ipv4.tcp_fwmark_accept', ['1']], 2],
  [['net.ipv4.ip_default_ttl', ['32', '128', '2']], 3],
  [['net.ipv4.ip_nonlocal_bind', ['1']], 1],
  [['net.ipv4.ip_no_pmtu_disc', ['1']], 1],
  [['net.ipv4.ip_forward_use_pmtu', ['1']], 1],
  [['net.ipv4.fib_multipath_hash_policy', ['1']], 1],
  [['net.bridge.bridge-nf-call-iptables', ['0']], 3],
  [['net.netfilter.nf_conntrack_tcp_loose', ['0']], 1],
  [['net.netfilter.nf_conntrack_checksum', ['0']], 1],
];

/** Writes one sysctl of one namespace. */
export function writeRandomSysctl({ dice, lab, hosts, routers }: Scene): void {
  const netns = dice.chance(0.6) && routers.length > 0 ? dice.pick(routers) : dice.pick(hosts);
  if (dice.chance(0.25)) {
    const [name, values] = dice.weighted(NETNS);
    lab.sysctl(netns, name, dice.pick(values));
    return;
  }
  const [key, values] = dice.weighted(CONF);
  lab.sysctl(netns, confName(dice.chance(0.4) ? 'all' : dice.pick([...devicesOf(netns), 'lo']), key), dice.pick(values));
}
