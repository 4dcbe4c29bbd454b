type Stroke = (text: string) => string;

/** Colours of a report. Each takes text that is already printable. Colour never says anything that the words do not. */
export interface Paint {
  readonly bold: Stroke;
  readonly dim: Stroke;
  readonly red: Stroke;
  readonly green: Stroke;
  readonly yellow: Stroke;
  readonly cyan: Stroke;
}

const same: Stroke = (text) => text;

/** No colours: files, pipes, `NO_COLOR`. */
export const PLAIN: Paint = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };
