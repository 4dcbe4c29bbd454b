import { Text } from 'ink';
import { render } from 'ink-testing-library';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadScenario } from '../../src/scenario/load.ts';
import { buildScenario } from '../../src/scenario/build.ts';
import { startSession } from '../../src/scenario/session.ts';
import { filesBeside } from '../../src/scenario/source/files.node.ts';
import { Screen } from '../../src/tui/app.tsx';
import type { Key } from '../../src/tui/keys/key.ts';
import { frameOf } from '../../src/tui/panel/frame.ts';
import { reduce } from '../../src/tui/state/reduce.ts';
import { type State, initialState } from '../../src/tui/state/state.ts';
import { settled } from '../../src/tui/state/timeline.ts';
import { BARE } from '../../src/tui/text/theme.ts';
import { firstRequest } from '../../src/tui/twin/first-request.ts';
import { Twin } from '../../src/tui/twin/twin.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** A twin of a scenario text. */
export function twinOf(text: string, file = 'scenario.yaml'): Twin {
  const loaded = loadScenario({ file, text }, filesBeside(path.join(ROOT, file), null));
  const { world, notes } = buildScenario(loaded);
  const seed = loaded.scenario.seed ?? 1;
  return new Twin({ file, loaded, text, world, seed, start: (one) => startSession(world, one), notes });
}

/** A twin of a scenario that the package ships. */
export function shipped(file: string): Twin {
  return twinOf(readFileSync(path.join(ROOT, file), 'utf8'), file);
}

/** The tracer on a twin, with no terminal around it. */
export class Bench {
  readonly twin: Twin;
  state: State;

  constructor(twin: Twin, columns = 80, rows = 24) {
    this.twin = twin;
    this.state = settled({ state: initialState(firstRequest(twin), { columns, rows }), twin });
  }

  /** Presses keys, by their names; of a text in quotes every character. */
  press(...keys: readonly Key[]): this {
    for (const key of keys) this.state = reduce(this.state, { kind: 'key', key }, this.twin);
    return this;
  }

  type(text: string): this {
    return this.press(...Array.from(text, (character) => (character === ' ' ? 'space' : character)));
  }

  /** The screen as ink lays it out, with everything worked out that it shows, without colours. */
  screen(): string {
    return inkText(this.finished());
  }

  /** A frame in which nothing is left to work out. */
  finished(): ReturnType<typeof frameOf> {
    const context = { state: this.state, twin: this.twin };
    let frame = frameOf(context, BARE);
    while (this.twin.work(() => false)) frame = frameOf(context, BARE);
    return frame;
  }
}

function inkText(frame: ReturnType<typeof frameOf>): string {
  const ink = render(<Text> </Text>);
  Object.defineProperty(ink.stdout, 'columns', { value: frame.columns });
  ink.rerender(<Screen frame={frame} />);
  const text = ink.lastFrame() ?? '';
  ink.unmount();
  ink.cleanup();
  return text;
}
