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
  const listed = netns.fdb.filter(({ state, dev, master, mac }) => {
    const learned = session?.fdb.get(master ?? dev)?.has(mac) === true;
    return state !== 'learned' || (!cold && !learned && !isOld(links.get(master ?? ''), 0, nowMs));
  });
  for (const [dev, learned] of session?.fdb ?? []) {
    for (const [mac, { port, vtep, atMs }] of learned) {
      if (isOld(links.get(dev), atMs, nowMs)) continue;
      const rest = { mac, state: 'learned', vni: null, port: null, externLearn: false } as const;
      if (port !== null) listed.push({ ...rest, dev: port, master: dev, dst: null });
      else if (vtep !== null) listed.push({ ...rest, dev, master: null, dst: vtep });
    }
  }
  return listed;
}

/** @source net/bridge/br_fdb.c has_expired */
function isOld(bridge: Link | undefined, seenAtMs: number, nowMs: number): boolean {
  return bridge?.kind.type === 'bridge' && nowMs - seenAtMs >= bridge.kind.ageingMs;
}

/** @source iproute2 6.1 bridge/fdb.c print_fdb */
function fdbLine({ mac, dev, dst, port, vni, master, externLearn, state }: FdbEntry): string {
  return [
    `${mac} dev ${dev} `,
    dst === null ? '' : `dst ${formatIpv4(dst)} `,
    port === null ? '' : `port ${port} `,
    vni === null ? '' : `vni ${vni} `,
    master === null ? 'self ' : '',
    externLearn ? 'extern_learn ' : '',
    master === null ? '' : `master ${master} `,
    state === 'learned' ? '' : state,
  ].join('');
}
