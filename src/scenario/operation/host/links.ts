import * as z from 'zod';
import { renewLease } from '../../../aks/agents/networkd.ts';
import { setPort } from '../../../linux/ops/bridge.ts';
import { linkOf } from '../../../linux/ops/edit.ts';
import { setFlags, setMac, setMtu } from '../../../linux/ops/set-link.ts';
import { setDown, setUp } from '../../../linux/ops/set-up.ts';
import { parseMac } from '../../../wire/mac.ts';
import { section, textThat } from '../../schema/section.ts';
import { type Operation, OperationError, operation } from '../operation.ts';
import { mustBeOk, on } from './place.ts';
import { deviceOf } from './device.ts';

const device = textThat(
  (text) => /^[^/\s]{1,15}(?:\/peer)?$/.test(text),
  'the name of a device, or NAME/peer for the other end of its wire',
).describe('which device; eth0/peer is the other end of its wire');
const linkArgs: z.ZodType<{ on: string; dev: string }> = z.lazy(() => section({ on, dev: device }));
const mtuArgs: z.ZodType<{ on: string; dev: string; mtu: number }> = z.lazy(() =>
  section({ on, dev: device, mtu: z.int().min(68).max(65_535).describe('in bytes') }),
);
const macArgs: z.ZodType<{ on: string; dev: string; mac: string }> = z.lazy(() =>
  section({ on, dev: device, mac: z.string().max(17).describe('an Ethernet address such as 02:00:00:00:00:09') }),
);
const switchArgs: z.ZodType<{ on: string; dev: string; state: boolean }> = z.lazy(() =>
  section({ on, dev: device, state: z.boolean().describe('true: on') }),
);

export const linkUp: Operation = operation('link-up', 'ip link set DEV up: a NIC takes its DHCP lease again', linkArgs, (args, bench) => {
  const { host, netns, dev } = deviceOf(args, bench);
  const wasUp = linkOf(netns, dev)?.up === true;
  mustBeOk(setUp(host, netns.name, dev), args.dev);
  if (!wasUp) renewLease(bench.world.fabric, netns, dev);
});

export const linkDown: Operation = operation('link-down', 'ip link set DEV down', linkArgs, (args, bench) => {
  const { host, netns, dev } = deviceOf(args, bench);
  mustBeOk(setDown(host, netns.name, dev), args.dev);
});

export const setMtuOperation: Operation = operation('set-mtu', 'ip link set DEV mtu BYTES', mtuArgs, (args, bench) => {
  const { netns, dev } = deviceOf(args, bench);
  mustBeOk(setMtu(netns, dev, args.mtu), args.dev);
});

export const setMacOperation: Operation = operation('set-mac', 'ip link set DEV address MAC', macArgs, (args, bench) => {
  const mac = parseMac(args.mac);
  if (mac === null) throw new OperationError(`"${args.mac}"`, 'an Ethernet address', args.mac);
  const { netns, dev } = deviceOf(args, bench);
  mustBeOk(setMac(netns, dev, mac), args.dev);
});

export const setPromisc: Operation = operation(
  'set-promisc',
  'ip link set DEV promisc on, or off: state is true or false',
  switchArgs,
  (args, bench) => {
    const { netns, dev } = deviceOf(args, bench);
    mustBeOk(setFlags(netns, dev, { promisc: args.state }), args.dev);
  },
);

export const setHairpin: Operation = operation(
  'set-hairpin',
  'bridge link set dev DEV hairpin on, or off: state is true or false',
  switchArgs,
  (args, bench) => {
    const { netns, dev } = deviceOf(args, bench);
    mustBeOk(setPort(netns, dev, { hairpin: args.state }), args.dev);
  },
);
