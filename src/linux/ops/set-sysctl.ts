import type { Netns } from '../netns.ts';
import { parseSysctlName, readSysctl, sysctlDevice, withSysctl } from '../sysctl.ts';
import type { OpResult } from './result.ts';

/**
 * `sysctl -w NAME=VALUE`, with what the kernel writes along; see {@link withSysctl}. A name that podwalk does not know is refused as a
 * kernel without it would.
 * @param name a dot in a device name written as `/`
 */
export function setSysctl(netns: Netns, name: string, value: string): OpResult {
  const devices = netns.links.map((link) => link.name);
  const parts = parseSysctlName(name);
  const dev = parts.kind === 'netns' ? null : parts.dev;
  const exists = dev === null || dev === 'all' || dev === 'default' || devices.some((device) => sysctlDevice(device) === dev);
  if (!exists || readSysctl(netns.sysctls, name) === null) {
    return `sysctl: cannot stat /proc/sys/${procPath(name)}: No such file or directory`;
  }
  netns.sysctls = withSysctl(netns.sysctls, devices, name, value.trim());
  return 'ok';
}

function procPath(name: string): string {
  return name.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}
