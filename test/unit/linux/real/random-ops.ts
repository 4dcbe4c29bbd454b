import { type Random, nextBelow } from '../../../../src/sim/random.ts';
import type { Host, Netns } from '../../../../src/linux/netns.ts';
import { addAddress, deleteAddress } from '../../../../src/linux/ops/addresses.ts';
import { setMaster, setNoMaster } from '../../../../src/linux/ops/bridge.ts';
import { deleteLink, moveToNetns } from '../../../../src/linux/ops/delete-link.ts';
import type { OpResult } from '../../../../src/linux/ops/result.ts';
import {
  type RouteSelector,
  type RouteSpec,
  addRoute,
  appendRoutes,
  changeRoute,
  deleteRoute,
  replaceRoute,
} from '../../../../src/linux/ops/routes.ts';
import { addRule, deleteRule } from '../../../../src/linux/ops/rules.ts';
import { renameLink, setMtu } from '../../../../src/linux/ops/set-link.ts';
import { setDown, setUp } from '../../../../src/linux/ops/set-up.ts';
import { type Ipv4, formatIpv4, ip } from '../../../../src/wire/ipv4.ts';
import { type Prefix, formatPrefix, prefix, prefixOf } from '../../../../src/wire/prefix.ts';

/** One operation: what to type at `ip`, and the same on the model. */
export interface RandomOp {
  readonly command: string;
  readonly apply: (host: Host) => OpResult;
}

const DEVICES = ['e0', 'e1', 'e2', 'e3', 'br0', 'lo'] as const;
const ADDRESSES = [
  '10.0.0.1/24',
  '10.0.0.2/24',
  '10.0.1.1/24',
  '10.1.0.1/16',
  '10.0.0.3/16',
  '172.16.0.1/32',
  '192.0.2.1/31',
  '169.254.3.1/30',
];
const GATEWAYS = ['10.0.0.9', '10.0.1.9', '10.1.0.9', '172.16.0.9', '192.0.2.0', '169.254.3.2'];

/** What a series may contain. */
export interface OpOptions {
  readonly withRules: boolean;
  /** Gateways that may be addresses of the namespace itself: whether they were when the route was added, no dump tells. */
  readonly ownGateways: boolean;
}
const PREFIXES = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.0.0.0/24',
  '10.1.0.0/16',
  '10.1.2.0/24',
  '10.1.2.3/32',
  '172.16.0.0/12',
  '172.16.0.9/32',
  '8.8.8.8/32',
];

/** Draws operations on the namespace `at`, whose far veth ends are in the namespace `peer`. */
export class OpSource {
  private readonly random: Random;
  private readonly at: string;
  private readonly peer: string;
  private readonly real: (name: string) => string;
  private readonly options: OpOptions;
  private bridgeGone = false;

  constructor(random: Random, at: string, peer: string, real: (name: string) => string, options: OpOptions) {
    this.options = options;
    this.random = random;
    this.at = at;
    this.peer = peer;
    this.real = real;
  }

  pick<T>(of: readonly T[]): T {
    const value = of[nextBelow(this.random, of.length)];
    if (value === undefined) throw new RangeError('nothing to pick from');
    return value;
  }

  chance(oneIn: number): boolean {
    return nextBelow(this.random, oneIn) === 0;
  }

  /**
   * What every series begins with. Once a namespace has had a rule of its own the kernel never again searches local and main as one
   * table, which no dump tells; so a series keeps a rule or has none.
   */
  first(): RandomOp[] {
    const lo: RandomOp = { command: 'link set lo up', apply: (host) => setUp(host, this.at, 'lo') };
    const action = { type: 'table', table: 100 } as const;
    const rule = this.on((netns) => addRule(netns, { priority: 50, action }), 'rule add pref 50 table 100');
    return this.options.withRules ? [lo, rule] : [lo];
  }

  next(): RandomOp {
    const draw = nextBelow(this.random, 100);
    if (draw < 14) return this.link('up');
    if (draw < 18) return this.link('down');
    if (draw < 24) return this.peerLink();
    if (draw < 40) return this.address('add');
    if (draw < 44) return this.address('del');
    if (draw < 72) return this.route();
    if (draw < 79) return this.deleteRoute();
    if (draw < 89 && !this.options.withRules) return this.route();
    if (draw < 86) return this.rule();
    if (draw < 89) return this.on((netns) => deleteRule(netns, { priority: 100 }), 'rule del pref 100');
    if (draw < 93) return this.bridge();
    if (draw < 95) return this.mtu();
    if (draw < 97) return this.rename();
    return draw < 99 ? this.move() : this.deleteLink();
  }

  private on(apply: (netns: Netns) => OpResult, command: string): RandomOp {
    return {
      command,
      apply: (host) => {
        const netns = host.netns[this.at];
        if (netns === undefined) throw new RangeError(this.at);
        return apply(netns);
      },
    };
  }

  private link(state: 'up' | 'down'): RandomOp {
    const dev = this.pick(DEVICES);
    const apply = (host: Host): OpResult => (state === 'up' ? setUp : setDown)(host, this.at, dev);
    return { command: `link set ${dev} ${state}`, apply };
  }

  private peerLink(): RandomOp {
    const dev = this.pick(['p0', 'p1', 'p2', 'p3']);
    const state = this.chance(4) ? 'down' : 'up';
    const apply = (host: Host): OpResult => (state === 'up' ? setUp : setDown)(host, this.peer, dev);
    // A batch stays in one namespace; the far ends are set through the driver below.
    return { command: `netns-of-peer link set ${dev} ${state}`, apply };
  }

  private address(how: 'add' | 'del'): RandomOp {
    const dev = this.pick(DEVICES);
    const text = this.pick(ADDRESSES);
    const [local = '', len = ''] = text.split('/');
    const spec = { local: ip(local), len: Number(len) };
    if (how === 'del') return this.on((netns) => deleteAddress(netns, dev, spec), `addr del ${text} dev ${dev}`);
    const noprefixroute = this.chance(5);
    const scope = this.chance(8) ? 'link' : 'global';
    const broadcast = this.chance(3) ? ip('10.0.0.255') : null;
    const words = [
      `addr add ${text} dev ${dev} scope ${scope}`,
      noprefixroute ? 'noprefixroute' : '',
      broadcast === null ? '' : 'brd 10.0.0.255',
    ];
    return this.on(
      (netns) => addAddress(netns, dev, { ...spec, noprefixroute, scope, broadcast }),
      words.filter((w) => w !== '').join(' '),
    );
  }

  private prefix(): Prefix {
    return this.chance(3)
      ? prefixOf(
          ip(`10.${nextBelow(this.random, 2)}.${nextBelow(this.random, 3)}.${nextBelow(this.random, 4)}`),
          this.pick([32, 31, 30, 24, 16]),
        )
      : prefix(this.pick(PREFIXES));
  }

  private route(): RandomOp {
    const { addr: dst, len } = this.prefix();
    const metric = this.pick([0, 0, 0, 5, 100]);
    const table = this.pick([254, 254, 254, 254, 100, 255]);
    const how = this.pick(['add', 'add', 'add', 'append', 'replace', 'change'] as const);
    const apply = { add: addRoute, append: appendRoutes, replace: replaceRoute, change: changeRoute }[how];
    const base: RouteSpec = { dst, len, metric, table };
    const words = [`route ${how}`];
    const place = `${formatPrefix({ addr: dst, len })} table ${table}${metric > 0 ? ` metric ${metric}` : ''}`;
    const spec = this.way(base, words, place);
    return this.on((netns) => apply(netns, spec), words.join(' '));
  }

  private way(base: RouteSpec, words: string[], place: string): RouteSpec {
    const draw = nextBelow(this.random, 12);
    if (draw === 0) {
      const type = this.pick(['blackhole', 'unreachable', 'prohibit', 'throw'] as const);
      words.push(type, place);
      return { ...base, type };
    }
    words.push(place);
    const dev = this.pick(DEVICES);
    const via = ip(this.options.ownGateways && this.chance(7) ? '10.0.0.1' : this.pick(GATEWAYS));
    if (draw === 1) {
      // Of an unknown device among several ways ip makes an error that ends the batch.
      words.push(`nexthop via ${formatIpv4(via)} weight 3 nexthop dev lo`);
      return { ...base, nexthops: [{ via, weight: 3 }, { dev: 'lo' }] };
    }
    if (draw === 2) {
      words.push(`via ${formatIpv4(via)} dev ${dev} onlink`);
      return { ...base, via, dev, onlink: true };
    }
    if (draw < 5) {
      words.push(`via ${formatIpv4(via)} dev ${dev}`);
      return { ...base, via, dev };
    }
    if (draw < 8) {
      words.push(`via ${formatIpv4(via)}`);
      return { ...base, via };
    }
    words.push(`dev ${dev}`);
    if (!this.chance(4)) return { ...base, dev };
    const src: Ipv4 = ip(this.pick(['10.0.0.1', '10.0.1.1', '127.0.0.1']));
    words.push(`src ${formatIpv4(src)}`);
    return { ...base, dev, src };
  }

  private deleteRoute(): RandomOp {
    const { addr: dst, len } = this.prefix();
    const selector: RouteSelector = {
      dst,
      len,
      ...(this.chance(3) ? { dev: this.pick(DEVICES) } : {}),
      ...(this.chance(4) ? { table: 100 } : {}),
    };
    const words = [`route del ${formatPrefix({ addr: dst, len })}`, selector.dev === undefined ? '' : `dev ${selector.dev}`];
    if (selector.table !== undefined) words.push(`table ${selector.table}`);
    return this.on((netns) => deleteRoute(netns, selector), words.filter((w) => w !== '').join(' '));
  }

  private rule(): RandomOp {
    const table = this.pick([100, 100, 254]);
    const words = [`rule add`];
    const from = this.chance(2) ? prefix('10.0.0.0/24') : null;
    if (from !== null) words.push(`from ${formatPrefix(from)}`);
    const fwmark = this.chance(2) ? { value: 1, mask: -1 } : null;
    if (fwmark !== null) words.push('fwmark 1');
    const priority = this.chance(2) ? 100 : null;
    if (priority !== null) words.push(`pref ${priority}`);
    const refuse = this.chance(6);
    words.push(refuse ? 'prohibit' : `table ${table}`);
    const action = refuse ? ({ type: 'prohibit' } as const) : ({ type: 'table', table } as const);
    return this.on((netns) => addRule(netns, { from, fwmark, action, ...(priority === null ? {} : { priority }) }), words.join(' '));
  }

  private bridge(): RandomOp {
    const dev = this.pick(['e2', 'e3']);
    if (this.bridgeGone || this.chance(3)) return this.on((netns) => setNoMaster(netns, dev), `link set ${dev} nomaster`);
    return this.on((netns) => setMaster(netns, dev, 'br0'), `link set ${dev} master br0`);
  }

  private mtu(): RandomOp {
    const dev = this.pick(['e0', 'e2', 'e3', 'br0']);
    const mtu = this.pick([1400, 1500, 9000, 60, 70000]);
    return this.on((netns) => setMtu(netns, dev, mtu), `link set ${dev} mtu ${mtu}`);
  }

  private rename(): RandomOp {
    const [from, to] = this.pick([
      ['e0', 'e1'],
      ['e1', 'ren1'],
      ['ren1', 'e1'],
    ] as const);
    return this.on((netns) => renameLink(netns, from, to), `link set ${from} name ${to}`);
  }

  private move(): RandomOp {
    const dev = this.pick(['e1', 'e3', 'br0']);
    return { command: `link set ${dev} netns ${this.real(this.peer)}`, apply: (host) => moveToNetns(host, this.at, dev, this.peer) };
  }

  private deleteLink(): RandomOp {
    const dev = this.pick(['e3', 'br0', 'lo']);
    if (dev === 'br0') this.bridgeGone = true;
    return { command: `link del ${dev}`, apply: (host) => deleteLink(host, this.at, dev) };
  }
}
