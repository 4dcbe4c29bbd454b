import { DEFAULT_ICMP_ID, DEFAULT_SIZE_BYTES, DEFAULT_SPORT, DEFAULT_TTL } from '../../../walk/walk.ts';
import type { Probe } from '../../../walk/probe.ts';
import { formatIpv4 } from '../../../wire/ipv4.ts';
import { type Edit, commandOf } from '../edits.ts';
import type { Sink, Site } from './links.ts';
import { sysctlPath } from './sysctls.ts';
import { CannotBuild } from './word.ts';

/** The Ethernet address of whoever is at the far end of a link that leads nowhere. The helper's listeners.py has the same. */
export const SINK_MAC = '02:00:00:00:ff:fe';

/** What is changed in a namespace, by its number, before a probe: a sysctl by its path, or a command. */
export type Change =
  | { readonly site: number; readonly sysctl: readonly [path: string, value: string] }
  | { readonly site: number; readonly run: readonly string[] };

/** A probe in the words of the helper. */
export interface ProbePlan {
  /** The namespace that sends, by its number. */
  readonly from: number;
  readonly proto: string;
  readonly dst: string;
  readonly dport: number;
  readonly sport: number;
  readonly src: string | null;
  readonly spoof: string | null;
  readonly ttl: number;
  readonly tos: number;
  readonly mark: number;
  readonly size: number;
  readonly df: boolean | 'auto';
  readonly bindDev: string | null;
  /** For a frame that comes in by a link end: where the other end lies, and the Ethernet addresses. */
  readonly link: { readonly sink: string; readonly smac: string; readonly dmac: string } | null;
  readonly changes: readonly Change[];
}

/** @throws CannotBuild when there is no such place to send from */
export function planProbe(probe: Probe, sites: readonly Site[], sinks: readonly Sink[], edits: readonly Edit[]): ProbePlan {
  const { from } = probe;
  const at = from.kind === 'external' ? '' : `${from.machine}/${from.netns}`;
  const site = sites.findIndex((one) => one.at === at);
  if (site < 0) throw new CannotBuild(`${probe.label} is no namespace that can send`);
  return {
    from: site,
    proto: probe.proto,
    dst: formatIpv4(probe.dst),
    dport: probe.dport ?? 0,
    sport: probe.sport ?? (probe.proto === 'icmp' ? DEFAULT_ICMP_ID : DEFAULT_SPORT),
    src: probe.src === undefined ? null : formatIpv4(probe.src),
    spoof: probe.spoof === undefined ? null : formatIpv4(probe.spoof),
    ttl: probe.ttl ?? DEFAULT_TTL,
    tos: probe.tos ?? 0,
    mark: probe.mark ?? 0,
    size: probe.sizeBytes ?? DEFAULT_SIZE_BYTES,
    df: probe.df ?? false,
    bindDev: probe.bindDev ?? null,
    link: from.kind === 'link' ? linkEnd(probe, from.dev, sites[site], sinks) : null,
    changes: edits.map((edit) => planChange(edit, sites)),
  };
}

function linkEnd(probe: Probe, dev: string, site: Site | undefined, sinks: readonly Sink[]): ProbePlan['link'] {
  const sink = sinks.find((one) => one.at === site?.at && one.link === dev);
  const link = site?.netns.links.find(({ name }) => name === dev);
  if (sink === undefined || link === undefined) throw new CannotBuild(`${probe.label} is no link end that leads out`);
  return { sink: sink.dev, smac: SINK_MAC, dmac: link.mac };
}

function planChange(edit: Edit, sites: readonly Site[]): Change {
  const site = sites.findIndex(({ netns }) => netns.name === edit.netns);
  if (edit.kind === 'sysctl') return { site, sysctl: [sysctlPath(edit.name), edit.value] };
  const [tool = '', ...rest] = commandOf(edit);
  return { site, run: [tool === 'iptables' ? 'iptables-nft' : tool, ...rest] };
}
