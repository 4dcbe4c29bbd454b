import type { Probe } from '../../walk/probe.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { InvariantError } from '../../wire/invariant.ts';
import type { RandomCase } from './case.ts';
import type { Edit } from '../kernel/edits.ts';
import { MACHINE } from './lab.ts';
import { possibleOutcomes } from '../kernel/compare.ts';
import type { TruthProbe } from '../kernel/truth.ts';

/**
 * A case as a scenario on the snapshot beside it. Its checks promise what the kernel did, so that it holds as soon as the twin does the
 * same.
 * @param release `uname -r` of the kernel that was asked
 */
export function caseScenario({ seed, state, probes, edits }: RandomCase, truths: readonly TruthProbe[], release: string): string {
  const checks = probes.map((probe, index) => {
    const truth = truths[index];
    if (truth === undefined) throw new InvariantError('a probe without an answer');
    return line(checkOf(probe, truth));
  });
  const head = [
    `# What Linux ${release} did in the network of: npx podwalk verify --random 1 --seed ${seed}`,
    `name: random network ${seed}`,
    `seed: ${seed}`,
    `snapshot: { folder: ., cold: ${state === 'cold'} }`,
  ];
  const body =
    state === 'shared'
      ? ['steps:', ...checks.flatMap((check, index) => [...editsBefore(edits, index), `  - walk: ${check}`])]
      : ['checks:', ...checks.map((check) => `  - ${check}`)];
  return [...head, ...body, ''].join('\n');
}

/** JSON is YAML, and has no surprises in it. */
function line(value: object): string {
  return JSON.stringify(value);
}

function checkOf(probe: Probe, truth: TruthProbe): object {
  const { sendErrno, icmpErrors, delivered } = truth;
  // What neither came in nor went out counts for no hop of a path.
  const hops = truth.hops.filter((hop) => hop.in !== undefined || hop.out !== undefined);
  const { id, label, proto, dst, dport, src, spoof, sport, ttl, sizeBytes: size, df, mark, tos, bindDev } = probe;
  const [icmp] = icmpErrors;
  return {
    name: id,
    from: label,
    to: `${formatIpv4(dst)}${dport === undefined ? '' : `:${dport}`}`,
    proto,
    send: {
      sport,
      src: src === undefined ? undefined : formatIpv4(src),
      ttl,
      size,
      df: df ?? 'auto',
      mark,
      tos,
      spoof: spoof === undefined ? undefined : formatIpv4(spoof),
      bindDev,
    },
    expect: possibleOutcomes(truth),
    errno: sendErrno ?? undefined,
    icmp: icmp === undefined ? undefined : `${icmp.type}/${icmp.code}`,
    seenSource: delivered?.src.replace(/:\d+$/, ''),
    hops: hops.length === 0 ? undefined : hops.map(({ ns }) => ns),
  };
}

function editsBefore(edits: readonly Edit[], index: number): string[] {
  return edits.filter(({ before }) => before === index).map((edit) => `  - ${line(operationOf(edit))}`);
}

function operationOf(edit: Edit): object {
  const on = `netns/${MACHINE}/${edit.netns}`;
  switch (edit.kind) {
    case 'iptables':
      return { 'apply-iptables': { on, text: restoreText(edit.args) } };
    case 'sysctl':
      return { 'set-sysctl': { on, name: edit.name, value: edit.value } };
    case 'route': {
      const to = `${formatIpv4(edit.dst)}/${edit.len}`;
      return edit.how === 'del' ? { 'delete-route': { on, route: to } } : { 'add-route': { on, route: `blackhole ${to}` } };
    }
  }
}

/** The command `iptables -t TABLE …` as input of iptables-restore. */
function restoreText([, table = 'filter', ...command]: readonly string[]): string {
  const words = command.map((word) => (/[\s"\\]/.test(word) ? `"${word.replaceAll(/["\\]/g, '\\$&')}"` : word));
  return `*${table}\n${words.join(' ')}\nCOMMIT\n`;
}
