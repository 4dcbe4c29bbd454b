import type { Link } from '../linux/link.ts';
import type { FdbEntry } from '../linux/neighbour.ts';
import { formatIpv4 } from '../wire/ipv4.ts';
import { type NetnsView, type Row, row } from './listing.ts';

/** The forwarding entries as `bridge fdb` prints them: those of the tables, then those that frames taught. */
export function fdbRows(view: NetnsView): readonly Row[] {
  return entries(view).map((entry) =>
    row(fdbLine(entry), `${entry.dev} ${entry.mac}${entry.dst === null ? '' : ` ${formatIpv4(entry.dst)}`}`),
  );
}

function entries({ netns, session, cold, nowMs }: NetnsView): FdbEntry[] {
  const links = new Map(netns.links.map((link) => [link.name, link]));
  const listed: FdbEntry[] = [];
  /** What frames taught of the addresses of other entries. */
  const told = new Set<string>();
  for (const entry of netns.fdb) {
    const { state, dev, master, mac, externLearn, sticky } = entry;
    const seen = session?.fdb.get(master ?? dev)?.get(mac);
    if (state !== 'learned') {
      told.add(`${master ?? dev} ${mac}`);
      // A static entry of a bridge follows its station.
      listed.push(master !== null && sticky !== true && seen !== undefined && seen.port !== null ? { ...entry, dev: seen.port } : entry);
    } else if (seen === undefined && (externLearn || (!cold && !isOld(links.get(master ?? dev), 0, nowMs)))) listed.push(entry);
  }
  for (const [dev, learned] of session?.fdb ?? []) {
    for (const [mac, { port, vtep, atMs }] of learned) {
      if (told.has(`${dev} ${mac}`) || isOld(links.get(dev), atMs, nowMs)) continue;
      const rest = { mac, state: 'learned', vni: null, port: null, externLearn: false } as const;
      if (port !== null) listed.push({ ...rest, dev: port, master: dev, dst: null });
      else if (vtep !== null) listed.push({ ...rest, dev, master: null, dst: vtep });
    }
  }
  return listed;
}

/** @source net/bridge/br_fdb.c has_expired; drivers/net/vxlan/vxlan_core.c vxlan_cleanup */
function isOld(link: Link | undefined, seenAtMs: number, nowMs: number): boolean {
  switch (link?.kind.type) {
    case 'bridge':
      return nowMs - seenAtMs >= link.kind.ageingMs;
    case 'vxlan':
      return link.kind.ageingMs > 0 && nowMs - seenAtMs >= link.kind.ageingMs;
    default:
      return false;
  }
}

/** @source iproute2 6.1 bridge/fdb.c print_fdb */
function fdbLine({ mac, dev, dst, port, vni, master, externLearn, sticky, state }: FdbEntry): string {
  return [
    `${mac} dev ${dev} `,
    dst === null ? '' : `dst ${formatIpv4(dst)} `,
    port === null ? '' : `port ${port} `,
    vni === null ? '' : `vni ${vni} `,
    master === null ? 'self ' : '',
    externLearn ? 'extern_learn ' : '',
    sticky === true ? 'sticky ' : '',
    master === null ? '' : `master ${master} `,
    state === 'learned' ? '' : state,
  ].join('');
}
