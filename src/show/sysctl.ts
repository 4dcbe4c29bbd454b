import { listSysctls } from '../linux/sysctl.ts';
import { type NetnsView, type Row, row } from './listing.ts';

/** Every sysctl that podwalk knows, as `sysctl -a` prints them. */
export function sysctlRows({ netns }: NetnsView): readonly Row[] {
  const devices = netns.links.map(({ name }) => name);
  return listSysctls(netns.sysctls, devices).map(([name, value]) => row(`${name} = ${value}`, name));
}
