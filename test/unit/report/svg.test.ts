import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { traceSvg } from '../../../src/report/trace/svg.ts';
import { type OpenScenario, openScenario } from '../../../src/scenario/open.ts';
import { droppedTrace } from './fake-trace.ts';

function cluster(nodes = 2): OpenScenario {
  return openScenario(`
cluster: { mode: azure, nodes: ${nodes} }
pods:
  - { name: client, node: 0 }
  - { name: web, node: 1, listens: [tcp/80] }
  - { name: idle, node: 1 }
services:
  - { name: web, ports: [80] }
`);
}

/** The texts of a picture, without markup. @throws Error where an element is not closed or not escaped */
function textsOf(svg: string): string[] {
  const open: string[] = [];
  const texts: string[] = [];
  let rest = svg.trim();
  while (rest !== '') {
    const tag = /^<(\/?)([a-z]+)((?: [a-zA-Z0-9:-]+="[^"<]*")*)(\/?)>/.exec(rest);
    if (tag === null) {
      const text = /^[^<]+/.exec(rest)?.[0];
      if (text === undefined) throw new Error(`not well formed: ${rest.slice(0, 80)}`);
      if (open.at(-1) !== 'style' && /&(?!#\d+;)/.test(text)) throw new Error(`not escaped: ${text}`);
      if (open.at(-1) !== 'style') texts.push(text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))).trim());
      rest = rest.slice(text.length);
      continue;
    }
    const [whole, closing = '', name = '', , empty = ''] = tag;
    if (closing === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    } else if (empty === '') open.push(name);
    rest = rest.slice(whole.length);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(', ')}`);
  return texts.filter(Boolean);
}

describe('a walk as a picture', () => {
  it('shows where packets went, with numbers, and what decided in tooltips', () => {
    const opened = cluster();
    const svg = traceSvg(opened.trace({ from: 'default/client', to: 'svc/default/web:80' }), opened.world);
    const texts = textsOf(svg);
    expect(texts).toEqual(
      expect.arrayContaining(['node-0  10.224.0.4', 'default/client', 'root', 'Azure fabric', 'node-1-nic', '2 a2', 'r5', '1 r5✓ a1']),
    );
    expect(texts).toContain('+1 more');
    expect(texts).toContain('2 dst 10.0.1.1 → 10.224.0.42');
    expect(
      texts.some((text) =>
        /^3: request to fabric\/azure; .*ROUTED route aks-vnet-12345678\/aks-subnet VnetLocal 10\.224\.0\.0\/12/.test(text),
      ),
    ).toBe(true);
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
    expect(svg).toMatch(/^<svg [^>]*role="img" aria-labelledby="title desc"/);
  });

  it('marks a drop in words and with a sign', () => {
    const opened = cluster();
    const texts = textsOf(traceSvg(opened.trace({ from: 'default/client', to: '10.99.1.1' }), opened.world));
    expect(texts).toEqual(expect.arrayContaining(['3✗', '3 ✗ AZURE_ROUTE_NONE']));
    expect(texts.some((text) => text.startsWith('DROPPED  AZURE_ROUTE_NONE') || text.startsWith('DROPPED AZURE_ROUTE_NONE'))).toBe(true);
  });

  it('draws what the walk touched, however large the world is, the same every time', () => {
    const [small, large] = [cluster(2), cluster(60)].map((opened) =>
      traceSvg(opened.trace({ from: 'default/client', to: 'default/web:80' }), opened.world),
    );
    expect(textsOf(large ?? '')).toContain('not drawn: +58 nodes, +1 other machine');
    expect((large ?? '').length).toBeLessThan((small ?? '').length + 200);
    const again = cluster(60);
    expect(traceSvg(again.trace({ from: 'default/client', to: 'default/web:80' }), again.world)).toBe(large);
  });

  it('is well formed whatever names there are, and where the world knows none of them', () => {
    const trace = droppedTrace();
    const evil = '<script>"\'&\u001b[31m\u202e]]>';
    trace.text = `${evil} dropped it`;
    trace.probe.from = evil;
    const hop = trace.legs[0]?.hops[0];
    if (hop === undefined) throw new Error('no hop');
    hop.in = evil;
    hop.at = `${evil}/root`;
    const svg = traceSvg(trace, { machines: {}, fabric: null, cluster: null });
    expect(textsOf(svg).join(' ')).toContain(String.raw`<script>"'&\u{1b}[31m`);
    expect(svg.replaceAll('\n', '')).not.toMatch(/<script|\p{Cc}|\u202e/u);
    expect(textsOf(traceSvg({ ...trace, legs: [] }, { machines: {}, fabric: null, cluster: null })).length).toBeGreaterThan(0);
  });

  it('is drawn by another program', ({ skip }) => {
    if (spawnSync('rsvg-convert', ['--version']).status !== 0) {
      console.warn('skipped: the picture is not drawn with rsvg-convert, which is not there');
      skip();
    }
    const opened = cluster();
    const svg = traceSvg(opened.trace({ from: 'default/client', to: 'default/web:81' }), opened.world);
    const { status, stdout, stderr } = spawnSync('rsvg-convert', [], { input: svg });
    expect([status, stderr.toString()]).toEqual([0, '']);
    expect([...stdout.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  });
});
