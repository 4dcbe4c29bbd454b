import type { Ipset, IpsetEntry } from '../linux/netfilter/ipset/ipset.ts';
import { addLine, createLine, entryKey } from '../linux/netfilter/ipset/print.ts';
import { type IpsetChanges, noChanges } from '../linux/netfilter/session.ts';
import { type NetnsView, type Row, printedOnce, row } from './listing.ts';

/** The sets as `ipset save` prints them, with what rules have added and taken out since. */
export function ipsetRows({ netns, session, nowMs }: NetnsView): readonly Row[] {
  return netns.ipsets.flatMap((ipset) => {
    const changes = session?.netfilter.ipsets.get(ipset.name);
    // Timeouts count from the moment at which the tables were taken, when the clock is zero.
    if (changes === undefined && (nowMs === 0 || ipset.timeoutSeconds === null)) return unchanged(ipset);
    return changed(ipset, changes ?? noChanges(), nowMs);
  });
}

function entryId(ipset: Ipset, key: string): string {
  return `${ipset.name} ${key}`;
}

const unchanged: (ipset: Ipset) => readonly Row[] = printedOnce((ipset) => [
  row(createLine(ipset), ipset.name),
  ...ipset.entries.map((entry) => row(addLine(ipset, entry), entryId(ipset, entryKey(entry, ipset.type)))),
]);

function changed(ipset: Ipset, { added, deleted }: IpsetChanges, nowMs: number): Row[] {
  const rows = [row(createLine(ipset), ipset.name)];
  for (const entry of ipset.entries) {
    const key = entryKey(entry, ipset.type);
    const left = secondsLeft(entry, nowMs);
    if (left === 'gone' || deleted.has(key) || added.has(key)) continue;
    rows.push(row(addLine(ipset, { ...entry, timeoutSeconds: left }), entryId(ipset, key)));
  }
  for (const [key, expiresAtMs] of added) {
    if (expiresAtMs <= nowMs) continue;
    const left = Number.isFinite(expiresAtMs) ? Math.floor((expiresAtMs - nowMs) / 1000) : 0;
    rows.push(row(`add ${ipset.name} ${key}${ipset.timeoutSeconds === null ? '' : ` timeout ${left}`}`, entryId(ipset, key)));
  }
  return rows;
}

/** 0 never expires. */
function secondsLeft({ timeoutSeconds }: IpsetEntry, nowMs: number): number | null | 'gone' {
  if (timeoutSeconds === null || timeoutSeconds === 0) return timeoutSeconds;
  const left = Math.floor(timeoutSeconds - nowMs / 1000);
  return left <= 0 ? 'gone' : left;
}
