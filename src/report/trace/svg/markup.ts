import { printable } from '../../../show/printable.ts';

/** Text as it may stand in an element or an attribute: made printable, and with what XML reserves escaped. */
export function escaped(text: string): string {
  return printable(text).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** An element. `content` is markup already; attributes are text. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>, content = ''): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escaped(value)}"`);
  return content === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${content}</${name}>`;
}

/** A line of text, cut off with a mark where it has more characters than there is room for; then the whole is its tooltip. */
export function line(
  text: string,
  x: number,
  y: number,
  className: string,
  room: number = Number.POSITIVE_INFINITY,
  anchor: 'start' | 'middle' | 'end' = 'start',
): string {
  const characters = Array.from(text);
  const isCut = characters.length > room;
  const shown = isCut ? `${characters.slice(0, Math.max(0, room - 1)).join('')}…` : text;
  const tip = isCut ? element('title', {}, escaped(text)) : '';
  return element('text', { x, y, class: className, ...(anchor === 'start' ? {} : { 'text-anchor': anchor }) }, escaped(shown) + tip);
}

/** Coordinates with one digit behind the point. */
export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
