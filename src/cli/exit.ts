/** What the exit status of every command means. */
export type Exit = 0 | 1 | 2 | 3 | 70 | 141;

export const EXIT: {
  readonly OK: 0;
  readonly FAILED: 1;
  readonly BAD_INPUT: 2;
  readonly UNKNOWN: 3;
  readonly BUG: 70;
  readonly PIPE: 141;
} = {
  OK: 0,
  FAILED: 1,
  BAD_INPUT: 2,
  UNKNOWN: 3,
  BUG: 70,
  /** The reader of an endless answer went away: what a shell says of a program that SIGPIPE ended. */
  PIPE: 141,
};

/** The user's error that is not in a file: a wrong option, a missing argument. Exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
