import type { Netns } from '../netns.ts';
import { parseSysctlName, readSysctl, withSysctl } from '../sysctl.ts';
import { linkOf } from './edit.ts';
import type { OpResult } from './result.ts';

/**
 * `sysctl -w NAME=VALUE`, with what the kernel writes along; see {@link withSysctl}. A name that podwalk does not know is refused as a
 * kernel without it would.
 * @param name a dot in a device name written as `/`
 */
export function setSysctl(netns: Netns, name: string, value: string): OpResult {
  const parts = parseSysctlName(name);
  const dev = parts.kind === 'netns' ? null : parts.dev;
  const isOne = dev !== null && dev !== 'all' && dev !== 'default';
  const exists = !isOne || linkOf(netns, dev.replaceAll('/', '.')) !== null;
  if (!exists || readSysctl(netns.sysctls, name) === null) {
    return `sysctl: cannot stat /proc/sys/${procPath(name)}: No such file or directory`;
  }
  // What is written to one device reaches no other.
  const devices = isOne ? [] : netns.links.map((link) => link.name);
  netns.sysctls = withSysctl(netns.sysctls, devices, name, value.trim());
  return 'ok';
}

function procPath(name: string): string {
  return name.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}
