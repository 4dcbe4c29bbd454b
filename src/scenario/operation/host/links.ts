import * as z from 'zod';
import { setMac, setMtu } from '../../../linux/ops/set-link.ts';
import { setDown, setUp } from '../../../linux/ops/set-up.ts';
import { parseMac } from '../../../wire/mac.ts';
import { section } from '../../schema/section.ts';
import { type Operation, OperationError, operation } from '../operation.ts';
import { mustBeOk, on, placeOf } from './place.ts';

const device = z.string().min(1).max(15).describe('name of the device');
const linkArgs: z.ZodType<{ on: string; dev: string }> = z.lazy(() => section({ on, dev: device }));
const mtuArgs: z.ZodType<{ on: string; dev: string; mtu: number }> = z.lazy(() =>
  section({ on, dev: device, mtu: z.int().min(68).max(65_535) }),
);
const macArgs: z.ZodType<{ on: string; dev: string; mac: string }> = z.lazy(() => section({ on, dev: device, mac: z.string().max(17) }));

export const linkUp: Operation = operation('link-up', 'ip link set DEV up', linkArgs, (args, bench) => {
  const { host, netns } = placeOf(args.on, bench);
  mustBeOk(setUp(host, netns.name, args.dev));
});

export const linkDown: Operation = operation('link-down', 'ip link set DEV down', linkArgs, (args, bench) => {
  const { host, netns } = placeOf(args.on, bench);
  mustBeOk(setDown(host, netns.name, args.dev));
});

export const setMtuOperation: Operation = operation('set-mtu', 'ip link set DEV mtu BYTES', mtuArgs, (args, bench) => {
  mustBeOk(setMtu(placeOf(args.on, bench).netns, args.dev, args.mtu));
});

export const setMacOperation: Operation = operation('set-mac', 'ip link set DEV address MAC', macArgs, (args, bench) => {
  const mac = parseMac(args.mac);
  if (mac === null) throw new OperationError(`"${args.mac}"`, 'an Ethernet address');
  mustBeOk(setMac(placeOf(args.on, bench).netns, args.dev, mac));
});
