import type { Netns } from '../../../linux/netns.ts';
import { CONF_KEYS, NEIGH_KEYS, NETNS_SYSCTLS, confDefault, neighDefault, netnsDefault } from '../../../linux/sysctl-defaults.ts';
import { confName, neighName, parseSysctlName, readSysctl } from '../../../linux/sysctl.ts';

/** What a new namespace of the running kernel has, by path below /proc/sys. */
export type Baseline = ReadonlyMap<string, string>;

/** A sysctl to set: its path below /proc/sys, its value, and whether it may be left where the kernel does not let it be set. */
export type SysctlWrite = readonly [path: string, value: string, optional: boolean];

/**
 * The sysctls in which a namespace differs from a new one. Only those that podwalk knows are written: a file of a stranger may name
 * others, which are not the namespace's own.
 */
export function planSysctls(netns: Netns, baseline: Baseline): SysctlWrite[] {
  const devices = netns.links.map(({ name }) => name);
  const forwarding = readSysctl(netns.sysctls, 'net.ipv4.ip_forward') ?? '0';
  const writes: SysctlWrite[] = [];
  const write = (name: string, usual: string | null, now: string | undefined): void => {
    const value = readSysctl(netns.sysctls, name);
    if (value !== null && words(value) !== words(now ?? '')) writes.push([sysctlPath(name), value, value === usual]);
  };
  // The switch of the namespace sets all the others, so it comes first.
  for (const name of ['net.ipv4.ip_forward', ...NETNS_SYSCTLS.filter((one) => one !== 'net.ipv4.ip_forward')])
    write(name, netnsDefault(name), baseline.get(sysctlPath(name)));
  for (const dev of ['all', 'default', ...devices]) {
    const like = dev === 'all' || dev === 'lo' ? dev : 'default';
    for (const key of CONF_KEYS) {
      // A change of the default reaches every device that nobody has touched yet. @source net/ipv4/devinet.c devinet_copy_dflt_conf
      const followed = dev !== 'all' && dev !== 'default' && writes.some(([path]) => path === `net/ipv4/conf/default/${key}`);
      // The switch of the namespace turns this one the other way. @source net/ipv4/devinet.c inet_forward_change
      const turned = dev === 'all' && key === 'accept_redirects' && writes.some(([path]) => path === 'net/ipv4/ip_forward');
      const now = key === 'forwarding' ? forwarding : followed || turned ? undefined : baseline.get(`net/ipv4/conf/${like}/${key}`);
      write(confName(dev, key), confDefault(dev, key), now);
    }
  }
  for (const dev of devices)
    for (const key of NEIGH_KEYS) write(neighName(dev, key), neighDefault(key), baseline.get(`net/ipv4/neigh/lo/${key}`));
  return writes;
}

/** Where a sysctl lies below /proc/sys; a dot in a device name stands as `/` in the name of the sysctl. */
export function sysctlPath(name: string): string {
  const parts = parseSysctlName(name);
  if (parts.kind === 'netns') return name.replaceAll('.', '/');
  return `net/ipv4/${parts.kind}/${parts.dev.replaceAll('/', '.')}/${parts.key}`;
}

function words(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}
