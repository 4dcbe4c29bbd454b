import { describe, expect, it } from 'vitest';
import { Bench, shipped } from './support.tsx';

const twin = shipped('scenarios/azure.yaml');

function asking(...keys: readonly string[]): Bench {
  return new Bench(twin).press(...keys);
}

function textOf({ state: { modal } }: Bench): string | null {
  return modal?.kind === 'ask' ? modal.text : modal?.kind === 'choose' ? modal.query : null;
}

describe('a text that a prompt begins with', () => {
  it('is replaced by what is typed: port, filter, file, time', () => {
    const port = asking('p');
    expect(textOf(port)).toBe('80');
    expect(port.type('80').press('enter').state.request.port).toBe('80');
    expect(asking('p').type('443').press('enter').state.request.port).toBe('443');
    expect(textOf(asking('/').type('eth').press('enter', '/').type('a'))).toBe('a');
    expect(textOf(asking('s', 'ctrl+s').type('mine.yaml'))).toBe('mine.yaml');
    expect(textOf(asking('x').type('svg').press('enter').type('walk.svg'))).toBe('walk.svg');
    expect(textOf(asking('a', 'end', 'enter').type('5m'))).toBe('5m');
  });

  it('is deleted at once, or edited after a key that moves the caret', () => {
    expect(textOf(asking('p', 'backspace'))).toBe('');
    expect(textOf(asking('p', 'ctrl+u'))).toBe('');
    expect(textOf(asking('p', 'end').type('80'))).toBe('8080');
    expect(textOf(asking('p', 'left', 'backspace'))).toBe('0');
    expect(textOf(asking('p', 'home').type('4'))).toBe('480');
    expect(asking('p', 'enter').state.request.port).toBe('80');
  });

  it('says so in the last line, and not any more when it is edited', () => {
    expect(asking('p').screen()).toMatch(/ enter take {2}a letter replaces it {2}← → edit it {2}esc back\s*$/);
    expect(asking('p', 'right').screen()).toMatch(/\^u cut to the start/);
  });

  it('stays where it is to be completed: an operation', () => {
    const bench = asking('E').type('append-rule').press('enter');
    const before = textOf(bench);
    expect(before).toContain('chain: ');
    expect(textOf(bench.type('x'))).toBe(`${before}x`);
  });
});

describe('escape in a prompt', () => {
  it.each(['t', 'f', ':', 'e', 'x', 'E', 'a'])('leaves the list of %s at the first press, whatever was typed', (key) => {
    const before = new Bench(twin).state;
    expect(asking(key, 'a', 'b', 'esc').state).toEqual(before);
  });

  it.each(['p', '/'])('leaves the line of %s at the first press, with nothing changed', (key) => {
    const before = new Bench(twin).state;
    expect(asking(key, 'a', 'b', 'esc').state).toEqual(before);
  });
});
