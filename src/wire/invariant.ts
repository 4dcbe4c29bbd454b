/** A bug in podwalk itself: something that no input can cause happened. Never caught below the command line. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}
