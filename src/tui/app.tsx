import { Box, Text, useInput } from 'ink';
import { type MemoExoticComponent, type ReactElement, memo } from 'react';
import { type Key, keysOf } from './keys/key.ts';
import type { Frame } from './panel/frame.ts';

/** A line that did not change is not laid out again. */
const LineView: MemoExoticComponent<(line: { readonly text: string }) => ReactElement> = memo(({ text }) => <Text>{text}</Text>);

/** One screen. */
export function Screen({ frame }: { readonly frame: Frame }): ReactElement {
  return (
    <Box width={frame.columns} height={frame.rows} flexDirection="column">
      {frame.lines.map((text, row) => (
        <LineView key={row} text={text} />
      ))}
    </Box>
  );
}

/** The screen, and the keys that are pressed at it. */
export function App({ frame, onKey }: { readonly frame: Frame; readonly onKey: (key: Key) => void }): ReactElement {
  useInput((input, key) => {
    for (const pressed of keysOf(input, key)) onKey(pressed);
  });
  return <Screen frame={frame} />;
}
