/**
 * How a look-up can fail, as the kernel numbers it; 0 is success.
 * @source include/uapi/asm-generic/errno.h
 */
export const OK = 0;
/** `throw`: this table has no answer, go on with the next rule. */
export const EAGAIN = 11;
/** `prohibit`. */
export const EACCES = 13;
const ENODEV = 19;
/** `blackhole`. */
export const EINVAL = 22;
/** No route, or a rule `unreachable`. */
export const ENETUNREACH = 101;
/** A route `unreachable`. */
export const EHOSTUNREACH = 113;
/** Not an errno: the look-up met something that is not modelled; the flow says what. */
export const UNMODELLED = -1;

const NAMES: ReadonlyMap<number, string> = new Map([
  [EAGAIN, 'EAGAIN'],
  [EACCES, 'EACCES'],
  [ENODEV, 'ENODEV'],
  [EINVAL, 'EINVAL'],
  [ENETUNREACH, 'ENETUNREACH'],
  [EHOSTUNREACH, 'EHOSTUNREACH'],
]);

/** `ENETUNREACH` and its like. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? String(errno);
}
