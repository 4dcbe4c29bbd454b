import type { Table } from './rule.ts';

/** A table made ready for packets. What is inside is the business of run.ts alone, so that a stack can hold one without knowing. */
export abstract class CompiledTable {
  readonly table: Table;
  /** Bit n is set when a packet at hook n can meet anything but an accepting policy. */
  readonly activeHooks: number;

  constructor(table: Table, activeHooks: number) {
    this.table = table;
    this.activeHooks = activeHooks;
  }
}

/** Whether the table does anything at a hook. */
export function hasRules(compiled: CompiledTable, hook: number): boolean {
  return (compiled.activeHooks & (1 << hook)) !== 0;
}
