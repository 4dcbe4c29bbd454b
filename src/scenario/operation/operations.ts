import type { Operation } from './operation.ts';

/** Every operation that a step may name. */
export const OPERATIONS: readonly Operation[] = [];
