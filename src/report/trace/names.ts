import type { ArpHeader, Header, ProbeRef, RouteRef, RuleRef, Step } from '../../trace/trace.ts';
import { printable } from '../printable.ts';

/** `10.0.0.10:53`, or the bare address where there is no port. */
function socketName(address: string, port: number | undefined): string {
  return port === undefined ? address : `${address}:${port}`;
}

/** The packet in one line: `pod/default/web 10.244.1.7:49152 -> 10.0.125.25:80 TCP`. */
export function probeLine(probe: ProbeRef): string {
  const sport = probe.proto === 'icmp' ? undefined : probe.sport;
  // Who is named by an address need not be called twice.
  const name = probe.from === probe.src || probe.from === socketName(probe.src ?? '', sport) ? '' : `${probe.from} `;
  const source = probe.src === null ? probe.from : `${name}${socketName(probe.src, sport)}`;
  return printable(`${source} -> ${socketName(probe.dst, probe.dport)} ${probe.proto.toUpperCase()}`);
}

/** `10.0.0.1:40000 -> 10.0.0.2:80 tcp ttl 64`. */
export function headerLine(header: Header | ArpHeader): string {
  if ('op' in header) return printable(`${header.src} -> ${header.dst} arp ${header.op}`);
  const isIcmp = header.proto === 'icmp';
  const ends = `${socketName(header.src, isIcmp ? undefined : header.sport)} -> ${socketName(header.dst, isIcmp ? undefined : header.dport)}`;
  const type = header.icmpType === undefined ? '' : ` type ${header.icmpType}/${header.icmpCode ?? 0}`;
  const icmp = isIcmp && header.sport !== undefined ? `${type} id ${header.sport}` : type;
  const mark = header.mark === 0 ? '' : ` mark 0x${header.mark.toString(16)}`;
  const inner = header.inner === undefined ? '' : ` [vni ${header.vni ?? 0}: ${headerLine(header.inner)}]`;
  return `${printable(`${ends} ${header.proto}`)}${icmp} ttl ${header.ttl}${mark}${inner}`;
}

/** `nat:KUBE-SERVICES[3]`, as `iptables -L --line-numbers` counts. */
function ruleName(rule: RuleRef): string {
  return printable(`${rule.table}:${rule.chain}[${rule.index}]`);
}

/** The rule's place, its text, and who wrote it. */
export function ruleLine(rule: RuleRef): string {
  const origin = rule.origin === undefined ? '' : printable(` (from ${rule.origin})`);
  // The place names the chain already.
  const append = `-A ${rule.chain} `;
  const text = rule.text.startsWith(append) ? rule.text.slice(append.length) : rule.text;
  return `${ruleName(rule)} ${printable(text)}${origin}`;
}

/** `route main 10.244.0.0/16 via 10.224.0.4 dev eth0 (from azure-routes)`. */
export function routeLine({ table, type, dst, via, dev, metric, origin }: RouteRef): string {
  const words = [
    `route ${table}`,
    ...(type === 'unicast' ? [] : [type]),
    dst,
    ...(via === undefined ? [] : [`via ${via}`]),
    ...(dev === undefined ? [] : [`dev ${dev}`]),
    ...(metric === undefined ? [] : [`metric ${metric}`]),
    ...(origin === undefined ? [] : [`(from ${origin})`]),
  ];
  return printable(words.join(' '));
}

/** What decided in a step: a rule, a chain's policy, an NSG rule, a route; `null` where nothing of the kind did. */
export function decider(step: Step): string | null {
  if (step.rule !== undefined) return ruleLine(step.rule);
  if (step.policy !== undefined) return printable(`${step.policy.table}:${step.policy.chain} policy ${step.policy.verdict}`);
  if (step.azureRule !== undefined) {
    const { nsg, rule, priority, access, text } = step.azureRule;
    // The place names the rule and its priority already.
    const known = `${priority} ${rule} `;
    const rest = text.startsWith(known) ? text.slice(known.length) : text;
    return printable(`nsg:${nsg}/${rule}[${priority}] ${rest === '' ? access : rest}`);
  }
  return null;
}

/** The fields that a step changed, each as `dst 10.0.0.10:53 → 10.224.0.31:53`; addresses carry their port. */
export function rewrites(step: Step): string[] {
  const { before, after } = step;
  if (before === undefined || after === undefined) return [];
  const lines: string[] = [];
  const oldSource = endpoint(before.src, before.sport);
  const newSource = endpoint(after.src ?? before.src, after.sport ?? before.sport);
  if (oldSource !== newSource) lines.push(`src ${oldSource} → ${newSource}`);
  const oldTarget = endpoint(before.dst, before.dport);
  const newTarget = endpoint(after.dst ?? before.dst, after.dport ?? before.dport);
  if (oldTarget !== newTarget) lines.push(`dst ${oldTarget} → ${newTarget}`);
  if (after.mark !== undefined && before.mark !== after.mark) lines.push(`mark ${hex(before.mark)} → ${hex(after.mark)}`);
  if (after.ttl !== undefined && before.ttl !== after.ttl) lines.push(`ttl ${before.ttl ?? '?'} → ${after.ttl}`);
  if (after.mss !== undefined && before.mss !== after.mss) lines.push(`mss ${before.mss ?? '?'} → ${after.mss}`);
  return lines;
}

function endpoint(address: string | undefined, port: number | undefined): string {
  return printable(socketName(address ?? '', port));
}

function hex(mark: number | undefined): string {
  return `0x${(mark ?? 0).toString(16)}`;
}
