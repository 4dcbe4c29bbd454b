import { Box, Text, useInput } from 'ink';
import { type MemoExoticComponent, type ReactElement, memo } from 'react';
import { type Key, keysOf } from './keys/key.ts';
import type { Block, Frame } from './panel/frame.ts';

/** A block that did not change is not laid out again. */
const BlockView: MemoExoticComponent<(block: Omit<Block, 'key'>) => ReactElement> = memo(({ left, top, text }) => (
  <Box position="absolute" marginLeft={left} marginTop={top}>
    <Text>{text}</Text>
  </Box>
));

/** One screen. */
export function Screen({ frame }: { readonly frame: Frame }): ReactElement {
  return (
    <Box width={frame.columns} height={frame.rows}>
      {frame.blocks.map(({ key, left, top, text }) => (
        <BlockView key={key} left={left} top={top} text={text} />
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
