import * as z from 'zod';
import { addSocket, deleteSocket } from '../../../linux/ops/sockets.ts';
import { parseListen } from '../../schema/field.ts';
import { section, textThat } from '../../schema/section.ts';
import { type Operation, OperationError, operation } from '../operation.ts';
import { mustBeOk, on, placeOf } from './place.ts';

const args: z.ZodType<{ on: string; port: string | number }> = z.lazy(() =>
  section({
    on,
    port: z
      .union([textThat((text) => parseListen(text) !== null, 'a port such as tcp/80 or udp/53'), z.int().min(1).max(65_535)])
      .describe('tcp/80, udp/53 or 80'),
  }),
);

export const listen: Operation = operation('listen', 'somebody begins to listen on a port', args, ({ on, port }, bench) => {
  const { netns } = placeOf(on, bench);
  mustBeOk(addSocket(netns, { ...socket(port), addr: null, dev: null, peer: null, answers: true, owner: on }), port);
});

export const stopListening: Operation = operation('stop-listening', 'the listener on a port is gone', args, ({ on, port }, bench) => {
  const { netns } = placeOf(on, bench);
  const { proto, port: number } = socket(port);
  const found = netns.sockets.find((one) => one.proto === proto && one.port === number && one.peer === null);
  if (found === undefined) throw new OperationError(`nothing listens on ${proto}/${number} of ${on}`, 'a port that is open', port);
  mustBeOk(deleteSocket(netns, found), port);
});

function socket(port: string | number): { proto: 'tcp' | 'udp'; port: number } {
  const parsed = parseListen(port);
  if (parsed === null) throw new OperationError(`${port} is not a port`, '', port);
  return parsed;
}
