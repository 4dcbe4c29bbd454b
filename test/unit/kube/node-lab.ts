import { applyPlan } from '../../../src/aks/agents/apply-plan.ts';
import { kubeProxyRules } from '../../../src/kube/kube-proxy/render.ts';
import { type KubeProxySettings, hasLocalhostNodePorts } from '../../../src/kube/kube-proxy/settings.ts';
import { fullSync } from '../../../src/kube/kube-proxy/sync.ts';
import type { ProxyObjects } from '../../../src/kube/kube-proxy/view.ts';
import { TablesEdit } from '../../../src/linux/netfilter/tables-edit.ts';
import { Skb } from '../../../src/linux/skb.ts';
import type { Step, Trace } from '../../../src/trace/trace.ts';
import { Chooser } from '../../../src/walk/branches.ts';
import { entryView } from '../../../src/walk/conntrack-view.ts';
import { Engine } from '../../../src/walk/engine.ts';
import { newSession } from '../../../src/walk/new-session.ts';
import { runAllBranches } from '../../../src/walk/run-probe.ts';
import { ip } from '../../../src/wire/ipv4.ts';
import { SCTP } from '../../../src/wire/proto.ts';
import { freeze } from '../../../src/world/freeze.ts';
import type { FrozenWorld } from '../../../src/world/world.ts';
import { Lab } from '../linux/lab.ts';

const MACHINE = 'm';
export const NODE_NAME = 'test-node';
const NODE_IP = '192.168.0.2';
/** Addresses of the node beside 127.0.0.1. */
export const NODE_ADDRESSES: readonly string[] = [NODE_IP, '192.168.1.2', '192.168.99.11'];

/** An address that packets may go to, with what listens there. */
export interface Backend {
  readonly addr: string;
  /** On this node, in a namespace of its own; otherwise beyond the node's gateway. */
  readonly isLocal: boolean;
  readonly listens: readonly string[];
}

/** How one branch of a flow ended. */
export interface Ending {
  readonly verdict: 'DNAT' | 'NONE' | 'ACCEPT' | 'DROP' | 'REJECT';
  /** `ADDRESS:PORT` that took the packet; null when nobody did. */
  readonly endpoint: string | null;
  /** Whether it was marked for masquerading. */
  readonly marked: boolean;
  /** The source that the endpoint saw. */
  readonly seen: string | null;
  /** From whom the answer came. */
  readonly answeredBy: string | null;
  readonly odds: number;
  readonly text: string;
}

/**
 * A node on which kube-proxy has written its rules: pods by routed veth pairs, other endpoints beyond the gateway (`world`), clients from
 * elsewhere (`client`) on a second network, so that a packet that nobody translates comes back by no loop.
 */
export class NodeLab {
  readonly #lab = new Lab();
  readonly #world: FrozenWorld;
  readonly #pods = new Map<string, string>();

  constructor(objects: ProxyObjects, settings: KubeProxySettings, backends: readonly Backend[], healthCheckNodePorts: readonly number[]) {
    const lab = this.#lab;
    lab.veth('root/eth0', 'world/eth0').addr('root/eth0', `${NODE_IP}/24`).addr('world/eth0', '192.168.0.1/24');
    lab.veth('root/eth1', 'client/eth0').addr('root/eth1', '192.168.1.2/24').addr('client/eth0', '192.168.1.1/24');
    lab.dummy('root/dummy0').addr('root/dummy0', '192.168.99.11/32').dummy('client/dummy0').dummy('world/dummy0');
    lab.forwards('root').route('root', 'default via 192.168.0.1', '203.0.113.0/24 via 192.168.1.1', '198.51.100.0/24 via 192.168.1.1');
    lab.addr('client/dummy0', '203.0.113.2/32', '198.51.100.2/32').route('client', 'default via 192.168.1.2');
    for (const range of ['10.0.0.0/8', '192.168.0.0/16', '203.0.113.0/24', '198.51.100.0/24'])
      lab.route('world', `${range} via 192.168.0.2`);
    if (hasLocalhostNodePorts(settings)) lab.sysctl('root', 'conf.all.route_localnet=1');
    for (const port of healthCheckNodePorts) lab.listen('root', `tcp/${port}`);
    for (const backend of backends) this.#place(backend);
    const rules = kubeProxyRules(
      objects,
      { name: NODE_NAME, ip: NODE_IP, addresses: ['127.0.0.1', ...NODE_ADDRESSES], podCIDR: null, zone: null },
      settings,
    );
    const tables = new TablesEdit(lab.netns('root').iptables);
    applyPlan(tables, fullSync(rules, []));
    lab.netns('root').iptables = tables.done();
    this.#world = freeze({ machines: { [MACHINE]: lab.host }, fabric: null, cluster: null });
  }

  #place({ addr, isLocal, listens }: Backend): void {
    const lab = this.#lab;
    if (!isLocal) {
      lab.addr('world/dummy0', `${addr}/32`).listen('world', ...listens.map((what) => `${what} ${addr}`));
      return;
    }
    const netns = `pod${this.#pods.size}`;
    const host = `veth${this.#pods.size}`;
    this.#pods.set(addr, netns);
    lab.veth(`root/${host}`, `${netns}/eth0`).addr(`${netns}/eth0`, `${addr}/32`);
    lab.route('root', `${addr}/32 dev ${host}`).route(netns, '169.254.1.1/32 dev eth0', 'default via 169.254.1.1');
    lab.sysctl('root', `conf.${host}.proxy_arp=1`).neigh(`${netns}/eth0`, '169.254.1.1', lab.mac(`root/${host}`));
    lab.listen(netns, ...listens);
  }

  /** The namespace that has an address. */
  #sender(addr: string): { netns: string; src: string } {
    const netns = this.#pods.get(addr);
    if (netns !== undefined) return { netns, src: addr };
    return { netns: addr === '127.0.0.1' || NODE_ADDRESSES.includes(addr) ? 'root' : 'client', src: addr };
  }

  /** Sends one packet and its answer for every choice that the rules leave to chance. */
  walk(source: string, proto: 'tcp' | 'udp', dst: string, dport: number): Ending[] {
    const { netns, src } = this.#sender(source);
    const probe = { label: source, from: { kind: 'netns', machine: MACHINE, netns }, proto, src: ip(src), dst: ip(dst), dport } as const;
    return runAllBranches(this.#world, newSession(), probe).map((trace) => endingOf(trace, dst, dport));
  }

  /**
   * The same for SCTP, whose packets no socket here sends: one is put in at the node's end of a pod's wire.
   * @returns the endpoints to which connections were translated
   */
  walkSctp(source: string, dst: string, dport: number, branches: number): string[] {
    const netns = this.#pods.get(source) ?? '';
    return Array.from({ length: branches }, (_, branch) => {
      const session = newSession();
      const engine = new Engine(this.#world, session);
      engine.chooser = new Chooser([branch], () => 0);
      const stack = engine.stacks.stack(MACHINE, 'root');
      const device = stack?.netns.deviceByName.get(`veth${netns.slice(3)}`);
      if (stack === null || device === undefined) throw new Error(`${source} is no pod`);
      const skb = Object.assign(new Skb(), { src: ip(source), dst: ip(dst), proto: SCTP, sport: 40_000, dport, lengthBytes: 64 });
      skb.smac = skb.dmac = device.link.mac;
      engine.inject(stack, device, skb);
      engine.run();
      const entry = session.netns.get(`${MACHINE}/root`)?.conntrack.list(0).map(entryView)[0];
      return `${entry?.reply.src}:${entry?.reply.sport}`;
    });
  }
}

function endingOf(trace: Trace, dst: string, dport: number): Ending {
  const steps = trace.legs.flatMap((leg) => leg.hops.filter(({ at }) => at === `${MACHINE}/root`).flatMap((hop) => hop.steps));
  const { delivered, reply, branch, text } = trace;
  const translated = steps.some(({ verb, stage, after }) => verb === 'REWRITTEN' && stage.startsWith('nat:') && after?.dst !== undefined);
  return {
    verdict: verdictOf(steps, translated),
    endpoint: delivered?.dst ?? null,
    marked: steps.some(({ rule }) => rule?.chain === 'KUBE-MARK-MASQ'),
    seen: delivered?.src.split(':')[0] ?? null,
    answeredBy: reply?.from ?? null,
    odds: branch?.odds ?? 1,
    text: `${dst}:${dport}: ${text}`,
  };
}

function verdictOf(steps: readonly Step[], translated: boolean): Ending['verdict'] {
  const deciding = steps.find(
    ({ rule }) => rule?.table === 'filter' && /^KUBE-(?!FORWARD$)/.test(rule.chain) && / -j (ACCEPT|DROP|REJECT)\b/.test(rule.text),
  );
  const target = / -j (ACCEPT|DROP|REJECT)\b/.exec(deciding?.rule?.text ?? '')?.[1];
  if (target === 'ACCEPT' || target === 'DROP' || target === 'REJECT') return target;
  return translated ? 'DNAT' : 'NONE';
}
