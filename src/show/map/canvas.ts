import { characterWidth } from './text-width.ts';

/** What a piece of a map means; whoever shows it gives it a colour. The text says the same without. */
export type MapStyle =
  'plain' | 'frame' | 'title' | 'dim' | 'request' | 'reply' | 'other' | 'ahead' | 'current' | 'dropped' | 'delivered' | 'unknown';

/** Text of one meaning. */
export interface Span {
  readonly text: string;
  readonly style: MapStyle;
}

/** One line of a map; its spans fill the width asked for. */
export type MapLine = readonly Span[];

/** A grid of characters to draw on. What falls outside is not drawn. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #characters: string[][];
  readonly #styles: MapStyle[][];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#characters = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '));
    this.#styles = Array.from({ length: height }, () => Array.from({ length: width }, (): MapStyle => 'plain'));
  }

  /** Writes a text and returns the column behind it. */
  text(x: number, y: number, text: string, style: MapStyle = 'plain'): number {
    const characters = this.#characters[y];
    const styles = this.#styles[y];
    let column = x;
    for (const character of text) {
      const width = characterWidth(character);
      if (characters !== undefined && styles !== undefined) {
        if (width === 0) {
          if (column > 0 && column <= this.width) characters[column - 1] += character;
          continue;
        }
        if (column >= 0 && column + width <= this.width) {
          characters[column] = character;
          styles[column] = style;
          if (width === 2) {
            characters[column + 1] = '';
            styles[column + 1] = style;
          }
        }
      }
      column += width;
    }
    return column;
  }

  /** What stands in a cell. */
  at(x: number, y: number): string {
    return this.#characters[y]?.[x] ?? ' ';
  }

  lines(): MapLine[] {
    return this.#characters.map((characters, y) => {
      const spans: { text: string; style: MapStyle }[] = [];
      characters.forEach((character, x) => {
        const style = this.#styles[y]?.[x] ?? 'plain';
        const last = spans.at(-1);
        if (last?.style === style) last.text += character;
        else spans.push({ text: character, style });
      });
      return spans;
    });
  }
}
