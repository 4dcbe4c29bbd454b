/** The characters that a map is drawn with. All are one column wide, and none has a form as a coloured picture. */
export interface Glyphs {
  readonly horizontal: string;
  readonly vertical: string;
  readonly corners: readonly [topLeft: string, topRight: string, bottomLeft: string, bottomRight: string];
  /** Where a line meets the frame of a box. */
  readonly teeLeft: string;
  readonly teeRight: string;
  readonly teeUp: string;
  readonly teeDown: string;
  readonly cross: string;
  /** The frame of the fabric. */
  readonly busHorizontal: string;
  readonly busVertical: string;
  readonly busCorners: Glyphs['corners'];
  /** The request's line and heads; those of all other legs are hollow. */
  readonly walked: string;
  readonly walkedUpright: string;
  readonly right: string;
  readonly left: string;
  readonly up: string;
  readonly down: string;
  readonly hollowRight: string;
  readonly hollowLeft: string;
  readonly hollowUp: string;
  readonly hollowDown: string;
  /** Where the current step is. */
  readonly here: string;
  readonly dropped: string;
  readonly delivered: string;
  readonly unknown: string;
  readonly more: string;
  readonly leadsTo: string;
}

export const UNICODE: Glyphs = {
  horizontal: '─',
  vertical: '│',
  corners: ['┌', '┐', '└', '┘'],
  teeLeft: '┤',
  teeRight: '├',
  teeUp: '┴',
  teeDown: '┬',
  cross: '┼',
  busHorizontal: '═',
  busVertical: '║',
  busCorners: ['╔', '╗', '╚', '╝'],
  walked: '━',
  walkedUpright: '┃',
  right: '►',
  left: '◄',
  up: '▲',
  down: '▼',
  hollowRight: '▷',
  hollowLeft: '◁',
  hollowUp: '△',
  hollowDown: '▽',
  here: '●',
  dropped: '✗',
  delivered: '✓',
  unknown: '?',
  more: '…',
  leadsTo: '→',
};

export const ASCII: Glyphs = {
  horizontal: '-',
  vertical: '|',
  corners: ['+', '+', '+', '+'],
  teeLeft: '+',
  teeRight: '+',
  teeUp: '+',
  teeDown: '+',
  cross: '+',
  busHorizontal: '=',
  busVertical: '|',
  busCorners: ['+', '+', '+', '+'],
  walked: '=',
  walkedUpright: '|',
  right: '>',
  left: '<',
  up: '^',
  down: 'v',
  hollowRight: '>',
  hollowLeft: '<',
  hollowUp: '^',
  hollowDown: 'v',
  here: '*',
  dropped: 'X',
  delivered: 'o',
  unknown: '?',
  more: '~',
  leadsTo: '->',
};
