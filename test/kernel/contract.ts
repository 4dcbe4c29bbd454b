import type { ArpHeader, Header, Leg, Step, Trace } from '../../src/trace/trace.ts';

/** What the contract of a trace's JSON says and this one does not hold, a sentence each. */
export function contractFaults(trace: Trace): string[] {
  const found: string[] = [];
  const claim = (holds: boolean, sentence: string): void => {
    if (!holds) found.push(sentence);
  };
  const { outcome, reason, errno, probe, delivered, legs } = trace;
  claim((reason === null) === ['replied', 'delivered', 'exits'].includes(outcome), `reason ${reason} with outcome ${outcome}`);
  claim((errno !== null) === (outcome === 'send-error'), `errno ${errno} with outcome ${outcome}`);
  claim(probe.proto !== 'icmp' || probe.dport === undefined, 'an ICMP probe has no dport');
  if (delivered !== null) {
    const ported = delivered.proto === 'tcp' || delivered.proto === 'udp';
    claim(
      delivered.src.includes(':') === ported && delivered.dst.includes(':') === ported,
      `delivered ${delivered.src} to ${delivered.dst}`,
    );
  }
  claim(legs.filter(({ kind }) => kind === 'request').length === 1, 'exactly one request');
  const firsts = legs.flatMap((leg) => seqsOf(leg)[0] ?? []);
  claim(inOrder(firsts), `legs are in the order of their creation: ${firsts.join()}`);
  const all = legs.flatMap(seqsOf).sort((a, b) => a - b);
  claim(
    all.every((seq, i) => seq === i + 1),
    'seq counts every step of the trace from 1',
  );
  for (const leg of legs.flatMap(withCopies)) {
    for (const hop of leg.hops) {
      claim((hop.in === undefined) === (hop.rx === undefined), `${hop.at}: in and rx stand together`);
      claim((hop.out === undefined) === (hop.tx === undefined), `${hop.at}: out and tx stand together`);
      claim(hop.through?.length !== 0, `${hop.at}: through is absent where it is empty`);
      claim(inOrder(hop.steps.map(({ seq }) => seq)), `${hop.at}: steps of a hop are in order`);
      for (const header of [hop.rx, hop.tx]) if (header !== undefined) found.push(...headerFaults(header));
      found.push(...hop.steps.flatMap(stepFaults));
    }
  }
  return found;
}

function withCopies(leg: Leg): Leg[] {
  return [leg, ...(leg.copies ?? []).flatMap(withCopies)];
}

function seqsOf(leg: Leg): number[] {
  return withCopies(leg).flatMap(({ hops }) => hops.flatMap(({ steps }) => steps.map(({ seq }) => seq)));
}

function inOrder(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0));
}

function headerFaults(header: Header | ArpHeader): string[] {
  if ('op' in header) return [];
  const found: string[] = [];
  const hasPorts = header.proto === 'tcp' || header.proto === 'udp';
  if (hasPorts && (header.sport === undefined || header.dport === undefined)) found.push(`a ${header.proto} header without ports`);
  if (header.proto === 'icmp' && header.dport !== undefined) found.push('an ICMP header with a dport');
  if ((header.vni === undefined) !== (header.inner === undefined)) found.push('vni and inner stand together');
  if (header.vni !== undefined && header.sport !== 0) found.push('an encapsulated header has sport 0');
  return header.inner === undefined ? found : [...found, ...headerFaults(header.inner)];
}

function stepFaults({ seq, rule, policy, azureRule }: Step): string[] {
  const deciders = [rule, policy, azureRule].filter((one) => one !== undefined).length;
  const numbered = rule === undefined || (Number.isInteger(rule.index) && rule.index >= 1);
  return [...(deciders > 1 ? [`step ${seq} has several deciders`] : []), ...(numbered ? [] : [`step ${seq}: rules count from 1`])];
}
