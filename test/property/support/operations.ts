import fc from 'fast-check';
import { reconcile } from '../../../src/aks/reconcile.ts';
import { OPERATIONS } from '../../../src/scenario/operation/operations.ts';
import { OperationError } from '../../../src/scenario/operation/operation.ts';
import type { StepEntry } from '../../../src/scenario/schema/step.ts';
import { formatIpv4 } from '../../../src/wire/ipv4.ts';
import type { Link } from '../../../src/linux/link.ts';
import type { Session } from '../../../src/world/session.ts';
import { forget } from '../../../src/scenario/session.ts';
import { edit } from '../../../src/world/history.ts';
import type { FrozenWorld, World } from '../../../src/world/world.ts';

/** An operation as it is drawn: numbers that choose among what a world holds. */
export interface DrawnOperation {
  readonly which: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export const drawnOperation: fc.Arbitrary<DrawnOperation> = fc.record({
  which: fc.nat(10_000),
  a: fc.nat(1000),
  b: fc.nat(1000),
  c: fc.nat(1000),
});

/** What numbers choose from, in one world. */
class Choice {
  readonly world: FrozenWorld;
  readonly a: number;
  readonly b: number;
  readonly c: number;

  constructor(world: FrozenWorld, { a, b, c }: DrawnOperation) {
    this.world = world;
    this.a = a;
    this.b = b;
    this.c = c;
  }

  get cluster(): NonNullable<World['cluster']> {
    const { cluster } = this.world;
    if (cluster === null) throw new Error('a world without a cluster');
    return cluster;
  }

  get fabric(): NonNullable<World['fabric']> {
    const { fabric } = this.world;
    if (fabric === null) throw new Error('a world without a fabric');
    return fabric;
  }

  get node(): string {
    return one(Object.keys(this.cluster.nodes), this.a);
  }

  /** Any namespace, as `on:` names it. */
  get on(): string {
    const places = Object.entries(this.world.machines).flatMap(([machine, { netns }]) =>
      Object.keys(netns).map((name) => `netns/${machine}/${name}`),
    );
    return one(places, this.a);
  }

  get netns(): World['machines'][string]['netns'][string] {
    const [, machine = '', netns = ''] = this.on.split('/');
    const tables = this.world.machines[machine]?.netns[netns];
    if (tables === undefined) throw new Error(`no ${this.on}`);
    return tables;
  }

  get link(): Link {
    return one(this.netns.links, this.b);
  }

  get pod(): string {
    return one(
      this.cluster.objects.pods.map(({ namespace, name }) => `${namespace}/${name}`),
      this.a,
    );
  }

  get service(): string {
    return one(
      this.cluster.objects.services.map(({ namespace, name }) => `${namespace}/${name}`),
      this.a,
    );
  }

  get prefix(): string {
    return one(['10.99.0.0/16', '0.0.0.0/0', '10.244.0.0/24', '203.0.113.0/24', '10.224.0.0/24'], this.b);
  }

  /** A chain that is there: table, chain and how many rules it has. */
  get chain(): { table: string; chain: string; rules: number; builtin: boolean } {
    const all = Object.values(this.netns.iptables).flatMap((table) =>
      (table?.chains ?? []).map(({ name, policy, rules }) => ({
        table: table?.name ?? 'filter',
        chain: name,
        rules: rules.length,
        builtin: policy !== null,
      })),
    );
    return one(all, this.b);
  }
}

/** @throws NothingThere for an empty list: the operation does not apply */
function one<T>(list: readonly T[], index: number): T {
  const chosen = list[index % Math.max(1, list.length)];
  if (chosen === undefined) throw new NothingThere('nothing to choose from');
  return chosen;
}

class NothingThere extends Error {}

const RULES = [
  '-p tcp --dport 8001 -j DROP',
  '-s 10.0.0.0/8 -j ACCEPT',
  '-m mark --mark 0x1 -j RETURN',
  '-d 10.224.0.0/16 -p udp -j REJECT',
];
const SYSCTLS = ['net.ipv4.ip_forward', 'net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.default.arp_ignore', 'net.ipv4.conf.eth0.proxy_arp'];

/** Arguments of every operation that a step may name. */
const ARGUMENTS: Readonly<Record<string, (choice: Choice) => unknown>> = {
  'link-up': ({ on, link }) => ({ on, dev: link.name }),
  'link-down': ({ on, link }) => ({ on, dev: link.name }),
  'set-mtu': ({ on, link, c }) => ({ on, dev: link.name, mtu: 1280 + (c % 500) }),
  'set-mac': ({ on, link, c }) => ({ on, dev: link.name, mac: `02:00:00:00:01:${(c % 256).toString(16).padStart(2, '0')}` }),
  'set-promisc': ({ on, link, c }) => ({ on, dev: link.name, state: c % 2 === 0 }),
  'set-hairpin': ({ on, netns, b, c }) => ({
    on,
    dev: one(
      netns.links.filter(({ master }) => master !== null),
      b,
    ).name,
    state: c % 2 === 0,
  }),
  'add-route': ({ on, prefix, link }) => ({ on, route: `${prefix} dev ${link.name}` }),
  'replace-route': ({ on, link, c }) => ({ on, route: `10.99.${c % 256}.0/24 dev ${link.name} metric 7` }),
  'delete-route': ({ on, netns, b }) => {
    const { dst, len } = one(
      netns.fib.flatMap(({ id, routes }) => (id === 254 ? routes : [])),
      b,
    );
    return { on, route: `${formatIpv4(dst)}/${len}` };
  },
  'add-ip-rule': ({ on, prefix, c }) => ({ on, rule: `from ${prefix} lookup ${100 + (c % 3)} priority ${100 + c}` }),
  'delete-ip-rule': ({ on }) => ({ on, rule: 'lookup default' }),
  'set-neighbour': ({ on, link, c }) => ({ on, neighbour: `10.99.0.${c % 256} lladdr 02:00:00:00:00:09 dev ${link.name}` }),
  'delete-neighbour': ({ on, netns, b }) => {
    const { ip, dev } = one(netns.neighbours, b);
    return { on, ip: formatIpv4(ip), dev };
  },
  'set-sysctl': ({ on, b, c }) => ({ on, name: one(SYSCTLS, b), value: c % 2 }),
  'insert-rule': ({ on, chain, c }) => ({ on, table: chain.table, chain: chain.chain, rule: one(RULES, c) }),
  'append-rule': ({ on, chain, c }) => ({ on, table: chain.table, chain: chain.chain, rule: one(RULES, c) }),
  'delete-rule': ({ on, chain, c }) => ({ on, table: chain.table, chain: chain.chain, number: 1 + (c % Math.max(1, chain.rules)) }),
  'set-policy': ({ on, c }) => ({ on, chain: one(['INPUT', 'FORWARD', 'OUTPUT'], c), policy: c % 2 === 0 ? 'DROP' : 'ACCEPT' }),
  'flush-chain': ({ on, chain }) => ({ on, table: chain.table, chain: chain.chain }),
  'apply-iptables': ({ on, c }) => ({
    on,
    text: `*filter\n:EXTRA - [0:0]\n-A EXTRA ${one(RULES, c)}\n-A FORWARD -j EXTRA\nCOMMIT\n`,
    replace: c % 5 === 0,
  }),
  'flush-bridge-chain': ({ node, world, b }) => {
    const chains = world.machines[node]?.netns['root']?.ebtables?.filter?.chains ?? [];
    return { on: `node/${node}`, chain: one(chains, b).name };
  },
  'flush-conntrack': ({ on }) => ({ on }),
  listen: ({ on, c }) => ({ on, port: `tcp/${5000 + c}` }),
  'stop-listening': ({ on, netns, b }) => {
    const { proto, port } = one(
      netns.sockets.filter(({ peer }) => peer === null),
      b,
    );
    return { on, port: `${proto}/${port}` };
  },
  'add-udr': ({ fabric, a, c }) => ({
    table: one(fabric.routeTables, a).name,
    route: { name: `extra-${c}`, to: `10.98.${c % 256}.0/24`, nextHopType: 'None' },
  }),
  'change-udr': ({ fabric, a, b, c }) => {
    const { name, routes } = one(fabric.routeTables, a);
    return { table: name, route: { name: one(routes, b).name, to: `10.97.${c % 256}.0/24`, nextHopType: 'Internet' } };
  },
  'remove-udr': ({ fabric, a, b }) => {
    const { name, routes } = one(fabric.routeTables, a);
    return { table: name, route: one(routes, b).name };
  },
  'attach-route-table': ({ fabric, a, b }) => ({ table: one(fabric.routeTables, a).name, subnet: subnet(fabric, b) }),
  'detach-route-table': ({ fabric, b }) => ({ subnet: subnet(fabric, b) }),
  'add-nsg-rule': ({ fabric, a, c }) => ({
    nsg: one([...fabric.nsgs.map(({ name }) => name), 'another'], a),
    rule: {
      name: `extra-${c}`,
      priority: 1000 + c,
      direction: c % 2 === 0 ? 'Inbound' : 'Outbound',
      access: c % 3 === 0 ? 'Allow' : 'Deny',
      protocol: one(['Tcp', 'Udp', '*'], c),
      destination: one(['*', 'VirtualNetwork', '10.244.0.0/16'], c),
    },
  }),
  'remove-nsg-rule': ({ fabric, a, b }) => {
    const { name, rules } = one(fabric.nsgs, a);
    return { nsg: name, rule: one(rules, b).name };
  },
  'attach-nsg': ({ fabric, a, b, node, c }) => ({
    nsg: one(fabric.nsgs, a).name,
    ...(c % 2 === 0 ? { subnet: subnet(fabric, b) } : { nic: node }),
  }),
  'detach-nsg': ({ fabric, b, node, c }) => (c % 2 === 0 ? { subnet: subnet(fabric, b) } : { nic: node }),
  'nic-forwarding': ({ node, c }) => ({ nic: node, on: c % 2 === 0 }),
  'add-peering': ({ fabric, a, b }) => ({ vnet: one(fabric.vnets, a).name, remote: one(fabric.vnets, b).name }),
  'remove-peering': ({ fabric, a }) => {
    const { vnet, remote } = one(fabric.peerings, a);
    return { vnet, remote };
  },
  'set-peering': ({ fabric, a, c }) => {
    const { vnet, remote } = one(fabric.peerings, a);
    return { vnet, remote, allowForwardedTraffic: c % 2 === 0 };
  },
  'set-probe-health': ({ node, c }) => ({ node, health: one(['up', 'down', 'probe'], c) }),
  'add-pod': ({ a, b, c, cluster }) => ({
    name: `late-${a}`,
    node: one(Object.keys(cluster.nodes), b),
    labels: { app: `app-${c % 3}` },
    listens: [`tcp/${8001 + (c % 3)}`, `udp/${8001 + (c % 3)}`],
    ...(c % 4 === 0 ? { hostPorts: [{ hostPort: 9500 + a, port: 8001 + (c % 3) }] } : {}),
  }),
  'add-service': ({ a, b, c }) => ({
    name: `late-${a}`,
    type: one(['ClusterIP', 'NodePort', 'LoadBalancer'], b),
    ports: [{ port: 7000 + c, targetPort: 8001 + (c % 3) }],
    selector: { app: `app-${c % 3}` },
  }),
  apply: ({ c }) => ({
    objects: [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'late' },
        spec: {
          replicas: c % 3,
          selector: { matchLabels: { app: 'app-0' } },
          template: {
            metadata: { labels: { app: 'app-0' } },
            spec: {
              containers: [{ name: 'main', image: 'main', ports: [{ containerPort: 8001 }, { containerPort: 8001, protocol: 'UDP' }] }],
            },
          },
        },
      },
    ],
  }),
  'delete-pod': ({ pod }) => ({ pod }),
  'delete-service': ({ service }) => ({ service }),
  delete: ({ pod }) => ({ kind: 'Pod', namespace: pod.split('/')[0], name: pod.split('/')[1] }),
  'patch-service': ({ service, c }) => ({ service, internalTrafficPolicy: c % 2 === 0 ? 'Local' : 'Cluster' }),
  scale: ({ cluster, a, c }) => {
    const { namespace, name } = one(cluster.objects.workloads, a);
    return { workload: `${namespace}/${name}`, replicas: c % 4 };
  },
  'set-ready': ({ pod, c }) => ({ pod, ready: c % 2 === 0 }),
  'add-node': ({ c }) => ({ name: `late-node-${c}` }),
  'delete-node': ({ node }) => ({ node }),
  'pause-agent': ({ c }) => ({ agent: one(AGENTS, c) }),
  'resume-agent': ({ c }) => ({ agent: one(AGENTS, c) }),
  'set-masq-config': ({ c, prefix }) => (c % 4 === 0 ? null : { nonMasqueradeCidrs: [prefix], masqLinkLocal: c % 2 === 0 }),
  'open-flows': ({ pod, node, c }) => ({ from: `pod/${pod}`, to: `node/${node}:22`, count: 1 + (c % 20) }),
};

const AGENTS = ['kube-proxy', 'ip-masq-agent', 'azure-routes', 'azure-load-balancer', 'azure-cns', 'cni'] as const;

function subnet(fabric: Choice['fabric'], index: number): string {
  const { name, subnets } = one(fabric.vnets, index);
  return `${name}/${one(subnets, index).name}`;
}

/** Operations that nothing here draws arguments for: none, or a test fails. */
export function operationsWithoutArguments(): string[] {
  return OPERATIONS.map(({ name }) => name).filter((name) => ARGUMENTS[name] === undefined);
}

/** What people do to a cluster that works: nothing of it breaks anything. */
const EDITS = [
  'add-pod',
  'delete-pod',
  'add-service',
  'delete-service',
  'patch-service',
  'set-ready',
  'apply',
  'scale',
  'add-node',
  'delete-node',
];

/** The same of an edit by kubectl or az. */
export function editIn(world: FrozenWorld, drawn: DrawnOperation): StepEntry | null {
  return stepNamed(one(EDITS, drawn.which), world, drawn);
}

/** The step that a drawn operation means in a world; null where the world holds nothing for it. */
export function stepIn(world: FrozenWorld, drawn: DrawnOperation): StepEntry | null {
  return stepNamed(one(OPERATIONS, drawn.which).name, world, drawn);
}

function stepNamed(name: string, world: FrozenWorld, drawn: DrawnOperation): StepEntry | null {
  const draw = ARGUMENTS[name];
  if (draw === undefined) return null;
  try {
    return { [name]: draw(new Choice(world, drawn)) };
  } catch (error) {
    if (error instanceof NothingThere) return null;
    throw error;
  }
}

/** The world after a step, or the same where it is refused. */
export function after(world: FrozenWorld, step: StepEntry, session: Session): FrozenWorld {
  let done = false;
  const made = edit(world, 'step', (draft) => {
    done = operate(step, draft, world, session);
  });
  return done ? made.world : world;
}

/** The world a minute later: what agents do by the clock has happened. */
export function aMinuteLater(world: FrozenWorld, session: Session): FrozenWorld {
  const fromMs = session.clock.nowMs;
  const toMs = fromMs + 60_000;
  session.clock.nowMs = toMs;
  return edit(world, 'advance', (draft) => forget(session, reconcile(draft, { kind: 'clock', fromMs, toMs }).forget)).world;
}

/**
 * Does a step's operation to a draft.
 * @returns false when the world refuses it, as a user would be told
 */
export function operate(step: StepEntry, draft: World, before: FrozenWorld, session: Session): boolean {
  const [entry] = Object.entries(step);
  const operation = OPERATIONS.find(({ name }) => name === entry?.[0]);
  if (entry === undefined || operation === undefined) throw new Error('a step without an operation');
  try {
    operation.run(entry[1], { world: draft, before, session, sends: true, note: () => undefined });
    return true;
  } catch (error) {
    if (error instanceof OperationError) return false;
    throw error;
  }
}
