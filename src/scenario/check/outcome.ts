import { type Expectations, list } from './expectations.ts';
import { type Judge, cameTo, decidingStep } from './judge.ts';

/** Which outcomes a list of patterns allows: with only negations, everything that none of them names. */
export function allows(patterns: readonly string[], outcome: string): boolean {
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!'));
  if (patterns.includes(`!${outcome}`)) return false;
  return wanted.length === 0 || wanted.includes(outcome);
}

export const judgeOutcome: Judge<NonNullable<Expectations['expect']>> = (value, trace) => {
  const patterns = list(value);
  if (allows(patterns, trace.outcome)) return null;
  return { field: 'expect', expected: patterns.join(' or '), happened: cameTo(trace), deciding: decidingStep(trace) };
};

export const judgeReason: Judge<NonNullable<Expectations['reason']>> = (value, trace) => {
  const reasons = list(value);
  if (trace.reason !== null && reasons.includes(trace.reason)) return null;
  return { field: 'reason', expected: reasons.join(' or '), happened: cameTo(trace), deciding: decidingStep(trace) };
};

export const judgeErrno: Judge<string> = (value, trace) => {
  if (trace.errno === value) return null;
  return { field: 'errno', expected: value, happened: trace.errno ?? cameTo(trace), deciding: decidingStep(trace) };
};

/** `3/4` or `3/*`: an ICMP error of that type and code reached the sender. */
export const judgeIcmp: Judge<string> = (value, trace) => {
  const [type, code] = value.split('/');
  const matches = trace.icmpErrors.some((error) => String(error.type) === type && (code === '*' || String(error.code) === code));
  if (matches) return null;
  const seen = trace.icmpErrors.map((error) => `${error.type}/${error.code} from ${error.from}`).join(', ');
  return { field: 'icmp', expected: `ICMP error ${value}`, happened: seen === '' ? cameTo(trace) : seen, deciding: decidingStep(trace) };
};

export const judgeText: Judge<string> = (value, trace) => {
  if (trace.text.includes(value)) return null;
  return { field: 'text', expected: `a verdict with "${value}"`, happened: cameTo(trace), deciding: decidingStep(trace) };
};
