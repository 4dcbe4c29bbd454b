import { createNetnsSession } from '../../../../src/linux/netns-session.ts';
import { compileNetns, type CompiledNetns } from '../../../../src/linux/compiled-netns.ts';
import type { RoutingStack } from '../../../../src/linux/fib/select-path.ts';
import type { Netns } from '../../../../src/linux/netns.ts';
import { addAddress } from '../../../../src/linux/ops/addresses.ts';
import { addLink } from '../../../../src/linux/ops/add-link.ts';
import { createHost } from '../../../../src/linux/ops/create-netns.ts';
import { addRoute, type RouteSpec } from '../../../../src/linux/ops/routes.ts';
import { setSysctl } from '../../../../src/linux/ops/set-sysctl.ts';
import { setUp } from '../../../../src/linux/ops/set-up.ts';
import { ip } from '../../../../src/wire/ipv4.ts';
import { localMac } from '../../../../src/wire/mac.ts';
import { prefix } from '../../../../src/wire/prefix.ts';

/** A namespace of a test: devices with their addresses, routes, switches. */
export interface Given {
  readonly devices?: Readonly<Record<string, readonly string[]>>;
  readonly routes?: readonly (Omit<RouteSpec, 'dst' | 'len'> & { readonly to: string })[];
  readonly sysctls?: Readonly<Record<string, string>>;
}

/** Builds the namespace by the operations that a user would type. @throws RangeError when one is refused */
export function namespace({ devices = {}, routes = [], sysctls = {} }: Given): Netns {
  const host = createHost('m', 'node');
  const netns = host.netns['root'];
  if (netns === undefined) throw new RangeError('root');
  const done = (result: string): void => {
    if (result !== 'ok') throw new RangeError(result);
  };
  for (const [i, [name, addresses]] of Object.entries(devices).entries()) {
    done(addLink(netns, { name, kind: { type: 'dummy' }, mac: localMac(i + 1) }));
    done(setUp(host, 'root', name));
    for (const text of addresses) {
      const [local = '', len = ''] = text.split('/');
      done(addAddress(netns, name, { local: ip(local), len: Number(len) }));
    }
  }
  for (const { to, ...spec } of routes) {
    const { addr: dst, len } = prefix(to);
    done(addRoute(netns, { ...spec, dst, len }));
  }
  for (const [name, value] of Object.entries(sysctls)) done(setSysctl(netns, name, value));
  return netns;
}

/** The namespace at run time; `picks` are the choices in turn, then always the first. */
export function stackOf(netns: Netns | CompiledNetns, picks: number[] = []): RoutingStack & { readonly choices: (readonly number[])[] } {
  const choices: (readonly number[])[] = [];
  return {
    at: 'm/root',
    netns: 'tables' in netns ? netns : compileNetns(netns),
    session: createNetnsSession('m/root'),
    choices,
    effects: {
      nowMs: 0,
      choose({ odds }): number {
        choices.push(odds);
        return picks.shift() ?? 0;
      },
    },
  };
}
