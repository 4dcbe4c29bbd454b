import type { Address } from '../linux/link.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { linkName, operState } from './link-state.ts';
import { type NetnsView, type Row, row } from './listing.ts';

const NAME_WIDTH = 16;
const STATE_WIDTH = 14;

/** The devices with their addresses as `ip -4 -br addr` prints them: one line each, and none for a device without an address. */
export function addressRows(view: NetnsView): readonly Row[] {
  return view.netns.links
    .filter(({ addresses }) => addresses.length > 0)
    .toSorted((a, b) => a.ifindex - b.ifindex)
    .map((link) => {
      const head = `${linkName(link, view).padEnd(NAME_WIDTH)} ${operState(link).padEnd(STATE_WIDTH)} `;
      return row(`${head}${link.addresses.map(addressText).join(' ')} `, link.name);
    });
}

function addressText({ local, peer, len }: Address): string {
  return peer === null ? `${formatIpv4(local)}/${len}` : `${formatIpv4(local)} peer ${formatIpv4(peer)}/${len}`;
}
