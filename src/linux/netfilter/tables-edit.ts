import type { Iptables, Table, TableName } from './rule.ts';
import { TableEditor } from './table-editor.ts';

/** The tables of a namespace while an agent changes them; a table that it does not open stays the same object. */
export class TablesEdit {
  readonly #before: Iptables;
  readonly #editors = new Map<TableName, TableEditor>();

  constructor(before: Iptables) {
    this.#before = before;
  }

  /** Opens a table; one that did not exist gets its built-in chains. */
  table(name: TableName): TableEditor {
    let editor = this.#editors.get(name);
    if (editor === undefined) {
      editor = new TableEditor(name, this.#before[name]);
      this.#editors.set(name, editor);
    }
    return editor;
  }

  /** The tables as they are now, chains in the kernel's order; what comes out as it was is the same object. */
  done(): Iptables {
    const after: Iptables = { ...this.#before };
    let changed = false;
    for (const [name, editor] of this.#editors) {
      const table = editor.done(true);
      if (isSame(this.#before[name], table)) continue;
      after[name] = table;
      changed = true;
    }
    return changed ? after : this.#before;
  }
}

function isSame(before: Table | undefined, after: Table): boolean {
  return before?.chains.length === after.chains.length && before.chains.every((chain, i) => chain === after.chains[i]);
}
