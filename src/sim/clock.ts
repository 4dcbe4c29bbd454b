/** The only clock there is, in milliseconds since the session began. It moves when nothing else can, or when it is told to. */
export interface Clock {
  nowMs: number;
  /** How far two moments may really have been nearer or farther apart: more than 0 where the clock follows one that was read elsewhere. */
  errorMs: number;
}
