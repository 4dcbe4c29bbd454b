import { compileNetns } from '../../../../src/linux/compiled-netns.ts';
import { CtEntry } from '../../../../src/linux/conntrack/entry.ts';
import { compileTable } from '../../../../src/linux/netfilter/compile.ts';
import type { HookEnv, Hook } from '../../../../src/linux/netfilter/hook-env.ts';
import type { Ipset } from '../../../../src/linux/netfilter/ipset/ipset.ts';
import { parseIpsetSave } from '../../../../src/linux/netfilter/ipset/parse.ts';
import { applyRestore, parseIptablesSave } from '../../../../src/linux/netfilter/restore.ts';
import type { Iptables, Table, TableName } from '../../../../src/linux/netfilter/rule.ts';
import { runTable } from '../../../../src/linux/netfilter/run.ts';
import { createNetnsSession, type NetnsSession } from '../../../../src/linux/netns-session.ts';
import type { Netns } from '../../../../src/linux/netns.ts';
import { addAddress } from '../../../../src/linux/ops/addresses.ts';
import { addLink } from '../../../../src/linux/ops/add-link.ts';
import { createHost } from '../../../../src/linux/ops/create-netns.ts';
import { setUp } from '../../../../src/linux/ops/set-up.ts';
import { CT_NEW, Skb } from '../../../../src/linux/skb.ts';
import { HopRecord, type Recorder } from '../../../../src/trace/recorder.ts';
import type { Chance } from '../../../../src/linux/stack.ts';
import { ip } from '../../../../src/wire/ipv4.ts';
import { mac } from '../../../../src/wire/mac.ts';
import { protoNumber } from '../../../../src/wire/proto.ts';

export const ACCEPT = 0;
export const DROP = 1;
export const REJECT = 2;
export const UNKNOWN = 3;

const HOOKS = { PREROUTING: 0, INPUT: 1, FORWARD: 2, OUTPUT: 3, POSTROUTING: 4 } as const;

/** What a packet is like; addresses as text. */
export type Packet = Partial<Omit<Skb, 'src' | 'dst' | 'proto' | 'clone'>> & {
  readonly src?: string;
  readonly dst?: string;
  readonly proto?: string;
};

/** The tables that a text of iptables-restore makes. */
export function tablesOf(text: string): Iptables {
  const result = applyRestore({}, text, { file: 'test' });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.tables;
}

export function savedTables(text: string, lenient = false): Iptables {
  const result = parseIptablesSave(text, 'test', { lenient });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.tables;
}

/** The rules of one table: `chains` and rules as in iptables-restore. */
export function table(name: TableName, ...lines: readonly string[]): Table {
  const found = tablesOf([`*${name}`, ...lines, 'COMMIT', ''].join('\n'))[name];
  if (found === undefined) throw new Error(name);
  return found;
}

export function ipsets(text: string): readonly Ipset[] {
  const result = parseIpsetSave(text, 'test');
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.ipsets;
}

/** A namespace with eth0 (10.0.0.4/24), eth1 (10.1.0.4/24) and bare, that looks at packets at one hook at a time. */
export class Bench {
  readonly netns: Netns;
  readonly session: NetnsSession = createNetnsSession('m/root');
  readonly chances: Chance[] = [];
  readonly rejected: string[] = [];
  nowMs = 0;
  pick = 0;
  recorder: Recorder | null = null;
  readonly hop: HopRecord = new HopRecord('m/root');

  constructor() {
    const host = createHost('m', 'node');
    const netns = host.netns['root'];
    if (netns === undefined) throw new Error('no root');
    let n = 0;
    for (const name of ['eth0', 'eth1', 'bare']) {
      addLink(netns, { name, kind: { type: 'dummy' }, mac: mac(`02:00:00:00:00:0${++n}`) });
      setUp(host, 'root', name);
    }
    addAddress(netns, 'eth0', { local: ip('10.0.0.4'), len: 24 });
    addAddress(netns, 'eth1', { local: ip('10.1.0.4'), len: 24 });
    this.netns = netns;
  }

  skb(packet: Packet): Skb {
    const { src, dst, proto, ...rest } = packet;
    const skb = Object.assign(
      new Skb(),
      { src: ip(src ?? '10.0.0.9'), dst: ip(dst ?? '10.1.0.9'), proto: protoNumber(proto ?? 'tcp') ?? 6 },
      rest,
    );
    if (this.recorder !== null) skb.hop = this.hop;
    return skb;
  }

  env(hook: keyof typeof HOOKS, skb: Skb, input: string | null, output: string | null): HookEnv {
    const netns = compileNetns(this.netns);
    const env = {
      stack: {
        gaps: null,
        at: 'm/root',
        machine: 'm',
        netns,
        session: this.session,
        effects: {
          nowMs: this.nowMs,
          recorder: this.recorder,
          choose: (chance: Chance) => {
            this.chances.push(chance);
            return this.pick;
          },
          random: () => 0,
        },
      },
      hook: HOOKS[hook] satisfies Hook,
      skb,
      in: input === null ? null : (netns.deviceByName.get(input) ?? null),
      out: output === null ? null : (netns.deviceByName.get(output) ?? null),
      recorder: this.recorder,
      foresight: null,
      reject: (_env: HookEnv, kind: string) => void this.rejected.push(kind),
      unknownReason: '',
      unknownText: '',
      dropReason: '',
      dropText: '',
    };
    return env as unknown as HookEnv;
  }

  /** Sends a packet through a table at a hook, by eth0 and, where the hook has one, out by eth1. */
  run(compiled: Table, hook: keyof typeof HOOKS, packet: Packet | Skb): { verdict: number; skb: Skb; env: HookEnv } {
    const skb = packet instanceof Skb ? packet : this.skb(packet);
    const env = this.env(hook, skb, hook === 'OUTPUT' ? null : 'eth0', hook === 'PREROUTING' || hook === 'INPUT' ? null : 'eth1');
    return { verdict: runTable(compileTable(compiled), env), skb, env };
  }

  /** Whether one rule's selectors match a packet in FORWARD; 'unknown' where that cannot be told. */
  matches(selectors: string, packet: Packet | Skb, hook: keyof typeof HOOKS = 'FORWARD'): boolean | 'unknown' {
    const { verdict } = this.run(table('mangle', `-A ${hook} ${selectors} -j DROP`), hook, packet);
    return verdict === UNKNOWN ? 'unknown' : verdict === DROP;
  }
}

/** Gives a packet a NEW connection of its own. */
export function tracked(skb: Skb): Skb {
  skb.ct = new CtEntry(skb.proto, skb.src, skb.dst, skb.sport, skb.dport);
  skb.ctInfo = CT_NEW;
  return skb;
}
