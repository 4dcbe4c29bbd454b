interface Palette {
  readonly ground: string;
  readonly card: string;
  readonly machine: string;
  readonly fabric: string;
  readonly line: string;
  readonly ink: string;
  readonly faint: string;
  readonly request: string;
  readonly reply: string;
  readonly other: string;
  readonly good: string;
  readonly bad: string;
  readonly unsure: string;
}

const LIGHT: Palette = {
  ground: '#ffffff',
  card: '#ffffff',
  machine: '#f3f5f8',
  fabric: '#eaf3fc',
  line: '#a5afbb',
  ink: '#1b2430',
  faint: '#5b6675',
  request: '#0b5fc0',
  reply: '#16703c',
  other: '#8a3ea8',
  good: '#16703c',
  bad: '#b3261e',
  unsure: '#8a5a00',
};

const DARK: Palette = {
  ground: '#0f141a',
  card: '#1a2129',
  machine: '#141a21',
  fabric: '#12212f',
  line: '#4c5866',
  ink: '#e4e9ef',
  faint: '#9aa7b5',
  request: '#6db3ff',
  reply: '#6fd08c',
  other: '#d79bf0',
  good: '#6fd08c',
  bad: '#ff8a80',
  unsure: '#f0c060',
};

function rules(p: Palette): string {
  return [
    `.ground{fill:${p.ground}}`,
    `.card{fill:${p.card};stroke:${p.line}}`,
    `.machine{fill:${p.machine};stroke:${p.line}}`,
    `.fabric{fill:${p.fabric};stroke:${p.request}}`,
    `.rule{stroke:${p.line}}`,
    `.ink{fill:${p.ink}}`,
    `.faint{fill:${p.faint}}`,
    ...(['request', 'reply', 'other'] as const).map((kind) => `.${kind}{stroke:${p[kind]}}.${kind}-fill{fill:${p[kind]}}`),
    `.tag{fill:${p.ground}}`,
    `.good{fill:${p.good}}`,
    `.bad{fill:${p.bad}}`,
    `.bad-line{stroke:${p.bad}}`,
    `.unsure{fill:${p.unsure}}`,
  ].join('');
}

/** Both palettes: the reader's light or dark decides. Kinds of packets differ in their lines as well as in their colours. */
export const STYLE: string = [
  'text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}',
  '.big{font-size:15px;font-weight:bold}.bold{font-weight:bold}',
  'path{fill:none}.request{stroke-width:2.2}.reply{stroke-width:1.8;stroke-dasharray:7 4}.other{stroke-width:1.8;stroke-dasharray:2 3}',
  '.machine{stroke-dasharray:none}.fabric{stroke-width:1.5}.bad-line{stroke-width:2.5}',
  rules(LIGHT),
  `@media (prefers-color-scheme: dark){${rules(DARK)}}`,
].join('');
