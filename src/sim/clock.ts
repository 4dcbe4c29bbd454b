/** The only clock there is, in milliseconds since the session began. It moves when nothing else can, or when it is told to. */
export interface Clock {
  nowMs: number;
}
