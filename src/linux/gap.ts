/** Why nobody can say what becomes of a packet. */
export interface Gap {
  readonly reason: string;
  readonly text: string;
}
