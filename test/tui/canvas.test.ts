import xterm from '@xterm/headless';
import { render } from 'ink';
import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import { Screen } from '../../src/tui/app.tsx';
import { Canvas, type Surface } from '../../src/tui/terminal/canvas.ts';
import { themeFor } from '../../src/tui/text/theme.ts';
import { frameOf } from '../../src/tui/panel/frame.ts';
import { Bench, shipped, twinOf } from './support.tsx';

/** A real terminal's idea of what was written to it. */
class Emulator implements Surface {
  readonly columns: number;
  readonly rows: number;
  bytes = 0;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  }

  write(text: string): void {
    this.bytes += text.length;
    this.#terminal.write(text);
  }

  async screen(): Promise<string[]> {
    await new Promise<void>((resolve) => this.#terminal.write('', resolve));
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.rows }, (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? '');
  }
}

const theme = themeFor({ colour: true, ascii: false });

describe('the canvas', () => {
  it('shows in a terminal what the frame says, whatever was there before, and writes only lines that changed', async () => {
    const bench = new Bench(shipped('scenarios/faults/forward-policy-drop.yaml'));
    const emulator = new Emulator(80, 24);
    const canvas = new Canvas(emulator);
    canvas.mute(false);
    bench.finished();
    const draw = (): string => bench.screen();
    const ink = render(createElement(Screen, { frame: frameOf(bench, theme) }), {
      stdout: canvas as unknown as NodeJS.WriteStream,
      debug: true,
      patchConsole: false,
      exitOnCtrlC: false,
    });
    const whole = emulator.bytes;
    for (const key of ['j', 'j', 'e', 'esc', 'm', 'j', 'l', 'esc', 'n', 'n', 'D', 'T', 'l', 'l', '?', 'esc', '\\', '1', 'esc']) {
      bench.press(key);
      const wanted = draw();
      ink.rerender(createElement(Screen, { frame: frameOf(bench, theme) }));
      expect((await emulator.screen()).join('\n').trimEnd(), `after ${key}`).toBe(wanted.trimEnd());
    }
    bench.press('2', '<');
    bench.screen();
    ink.rerender(createElement(Screen, { frame: frameOf(bench, theme) }));
    const before = emulator.bytes;
    bench.press('tab');
    ink.rerender(createElement(Screen, { frame: frameOf(bench, theme) }));
    ink.rerender(createElement(Screen, { frame: frameOf(bench, theme) }));
    expect(emulator.bytes - before).toBeLessThan(whole);
    const idle = emulator.bytes;
    ink.rerender(createElement(Screen, { frame: frameOf(bench, theme) }));
    expect(emulator.bytes, 'nothing changed, nothing written').toBe(idle);
    ink.unmount();
  });
});

describe('names of strangers', () => {
  it('can not drive the terminal', () => {
    const twin = twinOf(`
name: "evil \\e]0;owned\\a"
cluster: { mode: azure }
pods:
  - { name: client, node: 0 }
  - { name: web, node: 1, listens: [tcp/80] }
tables:
  - on: node/node-1
    iptables: |
      *filter
      -A FORWARD -m comment --comment "\u202e \u200b [2J" -j DROP
      COMMIT
checks:
  - { name: "\\e[2J\\e[31mred\\x9b31m", from: default/client, to: 'default/web:80' }
`);
    const bench = new Bench(twin, 120, 40);
    for (const keys of [[], ['w'], ['v'], ['T'], ['m'], ['D'], ['3'], ['/', '\u001b', '\u009b', 'x']]) {
      const screen = bench.press(...keys).screen();
      // oxlint-disable-next-line no-control-regex -- what must not be there
      expect(screen).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u200b]/);
    }
    expect(bench.press('esc', 'esc', 'esc', 'esc').screen()).toContain('\\u{1b}[2J');
  });
});

describe('without colours, without Unicode', () => {
  it('NO_COLOR leaves weight, underline and inverse, and every sign has its word', () => {
    const bench = new Bench(shipped('scenarios/azure.yaml')).press('n');
    bench.finished();
    const mono = themeFor({ colour: false, ascii: false });
    const text = frameOf(bench, mono).lines.join('\n');
    // oxlint-disable-next-line no-control-regex -- colours
    expect(text).not.toMatch(/\u001b\[(?:3|4|9|10)\d[;m]/);
    expect(text).toContain('REPLIED');
  });

  it('ASCII keeps every column in its place', () => {
    const bench = new Bench(shipped('scenarios/azure.yaml'));
    bench.finished();
    const plain = (ascii: boolean): string[] => [...frameOf(bench, themeFor({ colour: false, ascii })).lines];
    const [unicode, ascii] = [plain(false), plain(true)];
    // oxlint-disable-next-line no-control-regex -- styles may stay
    for (const line of ascii) expect(line).toMatch(/^[\x20-\x7e\u001b]*$/);
    expect(ascii.map((line) => line.length)).toEqual(unicode.map((line) => line.length));
  });

  it('ASCII tells the cursor from arrows, prompts, what decided and what is done', async () => {
    const bench = new Bench(shipped('scenarios/faults/forward-policy-drop.yaml')).press('n', '<', '3');
    bench.finished();
    // oxlint-disable-next-line no-control-regex -- styles
    const plain = frameOf(bench, themeFor({ colour: false, ascii: true })).lines.map((line) => line.replaceAll(/\u001b\[[\d;]*m/g, ''));
    expect(plain.some((line) => line.startsWith('|> request'))).toBe(true);
    expect(plain.some((line) => line.startsWith('|*  ROUTED'))).toBe(true);
    await expect(`${plain.join('\n')}\n`).toMatchFileSnapshot('frames/80x24-ascii.txt');
  });
});
