import { type Judge, cameTo, decidingStep, lastStep } from './judge.ts';

/** The time to live with which the packet arrived. */
export const judgeTtl: Judge<number> = (value, trace) => {
  if (trace.delivered?.ttl === value) return null;
  const happened = trace.delivered === null ? cameTo(trace) : `it arrived with ttl ${trace.delivered.ttl}`;
  return { field: 'ttl', expected: `ttl ${value}`, happened, deciding: decidingStep(trace) };
};

/** The MSS that the receiver of the SYN was offered. */
export const judgeMss: Judge<number> = (value, trace) => {
  if (trace.delivered?.mss === value) return null;
  const deciding = lastStep(trace, ({ leg, step }) => leg === 'request' && step.after?.mss !== undefined) ?? decidingStep(trace);
  const mss = trace.delivered?.mss;
  const happened = trace.delivered === null ? cameTo(trace) : mss === undefined ? 'it carried no MSS' : `it arrived with mss ${mss}`;
  return { field: 'mss', expected: `mss ${value}`, happened, deciding };
};
