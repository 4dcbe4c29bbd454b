import { Buffer } from 'node:buffer';

/** Terminals take about this much; more would be cut off silently. */
const MAX_BYTES = 100_000;

/**
 * The sequence by which a terminal takes a text into its clipboard, also over ssh. tmux passes it on only where it is told to, so it is
 * wrapped for it too. Null for a text that is too long.
 * @source xterm ctlseqs, OSC 52; tmux(1) allow-passthrough
 */
export function copySequence(text: string, insideTmux: boolean): string | null {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > MAX_BYTES) return null;
  const osc = `\u001b]52;c;${bytes.toString('base64')}\u0007`;
  return insideTmux ? `${osc}\u001bPtmux;${osc.replaceAll('\u001b', '\u001b\u001b')}\u001b\\` : osc;
}
