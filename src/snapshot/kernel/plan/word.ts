/** A World that the running kernel cannot be made to look like, and why. A user's error, not a bug. */
export class CannotBuild extends Error {
  override readonly name = 'CannotBuild';
}

/**
 * A name as a word of a batch file for `ip` or `bridge`. Names come from strangers' files: one with a blank or a line break would be
 * read as more words.
 * @throws CannotBuild when it is none
 */
export function word(name: string): string {
  if (!/^[\w.:@+-]{1,64}$/.test(name)) throw new CannotBuild(`the name ${JSON.stringify(name)} cannot be given to ip(8)`);
  return name;
}

/** Lines as the text of a batch file; nothing for none. */
export function batch(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** `on` or `off`. */
export function onOff(value: boolean): string {
  return value ? 'on' : 'off';
}
