import type { Claim, Evidence, Group } from './claim.ts';
import type { RandomRun, Tally } from './tally.ts';

/** `docs/fidelity.md` as it must read, apart from its format. */
export function fidelityPage(groups: readonly Group[], recorded: Tally, random: RandomRun | null, known: readonly string[]): string {
  const counted = random === null ? recorded.facts : sum(recorded.facts, random.facts);
  return [
    '# How faithful: claim, evidence, test',
    '',
    '<!-- Written by `npm run fidelity` from test/fidelity; do not edit. -->',
    '',
    ...figures(recorded, random),
    '',
    'Evidence, from strong to weak: **kernel** = so many probes that met this behaviour had the same outcome, hops, rules, connections and neighbours in the real kernel;',
    '**asked** = a test puts the question to the real kernel or its tools; **source** = read in the source of the real program; **upstream** = expected results of its own tests;',
    '**transcript** = a shell session on a real AKS cluster; **document** = a vendor’s page; **assumption** = nobody says, and it is a switch (`azure.assumptions` of a scenario).',
    'A sysctl, a kind of link, a port flag, a type of set and a policy rule count where such a probe came through a namespace that has it.',
    '',
    ...groups.flatMap((group) => [
      `## ${group.title}`,
      '',
      '| behaviour | evidence | test |',
      '| --- | --- | --- |',
      ...group.claims.map((claim) => row(claim, counted)),
      '',
    ]),
    '## Known differences and simplifications',
    '',
    ...known.map((text) => `- ${text}`),
    '',
    'What is not modelled is UNKNOWN, with a reason: [unknown.md](unknown.md).',
    '',
  ].join('\n');
}

/** The figures that also stand in the README. */
export function figures(recorded: Tally, random: RandomRun | null): string[] {
  const lines = [
    `Recorded: ${count(recorded.networks)} networks, ${count(recorded.probes)} probes of a real kernel (Linux 6.18), ${count(recorded.differences)} differences; they run in every \`npm test\`.`,
  ];
  if (random !== null)
    lines.push(
      `Random: ${count(random.networks)} networks (seeds ${random.firstSeed} to ${random.lastSeed}), ${count(random.probes)} probes, played in Linux ${random.kernel} and in podwalk: ${count(random.differences)} differences${random.unknown === 0 ? '' : ` (and ${count(random.unknown)} of which podwalk says UNKNOWN)`}${random.once === 0 ? '' : `; ${count(random.once)} agree since the kernel was asked again`}.`,
    );
  return lines;
}

function row({ behaviour, evidence, tests }: Claim, counted: ReadonlyMap<string, number>): string {
  return `| ${behaviour} | ${evidence.map((one) => evidenceText(one, counted)).join('; ')} | ${tests.map((test) => `\`${test}\``).join(', ')} |`;
}

function evidenceText(evidence: Evidence, counted: ReadonlyMap<string, number>): string {
  switch (evidence.kind) {
    case 'kernel':
      return `kernel (${evidence.facts.map((fact) => `${fact} ${count(counted.get(fact) ?? 0)}`).join(', ')})`;
    case 'assumption':
      return `assumption \`${evidence.name}\``;
    default:
      return `${evidence.kind}: ${evidence.what}`;
  }
}

function count(of: number): string {
  return of.toLocaleString('en-US');
}

function sum(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const both = new Map(a);
  for (const [fact, n] of b) both.set(fact, (both.get(fact) ?? 0) + n);
  return both;
}
