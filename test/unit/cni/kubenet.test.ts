import { describe, expect, it } from 'vitest';
import { ensureDedupPromisc } from '../../../src/cni/bridge/dedup-promisc.ts';
import { kubenetConflist } from '../../../src/cni/conflist.ts';
import { containerIdOf } from '../../../src/cni/identity.ts';
import type { PortMapping } from '../../../src/cni/plugin.ts';
import { chainName } from '../../../src/cni/portmap/portmap.ts';
import { addNetwork, checkNetwork, delNetwork } from '../../../src/cni/runtime.ts';
import { printTable } from '../../../src/linux/netfilter/print.ts';
import { deleteNetns } from '../../../src/linux/ops/delete-link.ts';
import { setFlags } from '../../../src/linux/ops/set-link.ts';
import { readSysctl } from '../../../src/linux/sysctl.ts';
import { formatIpv4 } from '../../../src/wire/ipv4.ts';
import { prefix } from '../../../src/wire/prefix.ts';
import { env, netns, node, routes, sandbox } from './machine.ts';

const CONFLIST = kubenetConflist(prefix('10.244.2.0/24'));

function joined(portMappings: readonly PortMapping[] = []) {
  const host = node();
  const one = env(host, null);
  const args = sandbox(host, 'web', null, portMappings);
  const outcome = addNetwork(one, CONFLIST, args);
  if (!outcome.ok) throw new Error(outcome.error);
  return { host, one, args, result: outcome.value, root: netns(host, 'root'), pod: netns(host, args.netns) };
}

function nat(root: ReturnType<typeof netns>): string[] {
  return root.iptables.nat === undefined ? [] : printTable(root.iptables.nat).split('\n');
}

describe('the bridge plug-in', () => {
  it('makes cbr0 with the first pod: promiscuous, with the gateway address and an Ethernet address of its own', () => {
    const { root, result } = joined();
    const bridge = root.links.find((link) => link.name === 'cbr0');
    expect(bridge).toMatchObject({ up: true, carrier: true, promisc: true, mtuBytes: 1500, kind: { type: 'bridge', macSet: true } });
    expect(bridge?.addresses.map(({ local, len, broadcast }) => [formatIpv4(local), len, formatIpv4(broadcast!)])).toEqual([
      ['10.244.2.1', 24, '10.244.2.255'],
    ]);
    expect(root.links.find((link) => link.name === result.hostLink)).toMatchObject({
      master: 'cbr0',
      port: { hairpin: false, state: 'forwarding' },
    });
    expect(result.hostLink).toMatch(/^veth[0-9a-f]{8}$/);
    expect(readSysctl(root.sysctls, 'net.ipv4.ip_forward')).toBe('1');
  });

  it('gives the first pod .2, a route to its neighbours and the bridge as its gateway', () => {
    const { pod } = joined();
    expect(routes(pod)).toEqual(['default via 10.244.2.1 dev eth0', '10.244.2.0/24 dev eth0 proto kernel scope link']);
  });

  it('keeps the bridge for the second pod', () => {
    const { host, one, root } = joined();
    const second = addNetwork(one, CONFLIST, sandbox(host, 'other'));
    expect(second.ok && formatIpv4(second.value.addr)).toBe('10.244.2.3');
    expect(root.links.filter((link) => link.kind.type === 'bridge')).toHaveLength(1);
  });

  it('finds everything in order, and says what is missing', () => {
    const { one, args, result, root } = joined();
    expect(checkNetwork(one, CONFLIST, args, result)).toBeNull();
    setFlags(root, 'cbr0', { promisc: false });
    expect(checkNetwork(one, CONFLIST, args, result)).toBe(
      "Bridge interface cbr0 configured Promisc Mode true doesn't match current state: false ",
    );
  });

  it('refuses hairpin mode together with promiscuous mode', () => {
    const host = node();
    const both = { ...CONFLIST, main: { ...kubenetConflist(prefix('10.244.2.0/24')).main, hairpinMode: true } };
    const outcome = addNetwork(env(host, null), both, sandbox(host, 'web'));
    expect(outcome.ok ? '' : outcome.error).toContain('cannot set hairpin mode and promiscuous mode at the same time');
  });

  it('leaves the bridge and nothing else once DEL has run', () => {
    const { host, one, args, result, root } = joined();
    delNetwork(one, CONFLIST, args, result);
    deleteNetns(host, args.netns);
    expect(root.links.map((link) => link.name)).toEqual(['lo', 'eth0', 'cbr0']);
    expect(root.fdb.map((entry) => entry.dev)).toEqual(['cbr0']);
    expect(one.state.hostLocal?.leases).toEqual([]);
  });
});

describe('ensure-no-dup', () => {
  it('lets the bridge speak for itself and drops what it routed for a pod', () => {
    const { root } = joined();
    ensureDedupPromisc(root, 'cbr0', prefix('10.244.2.0/24'));
    ensureDedupPromisc(root, 'cbr0', prefix('10.244.2.0/24'));
    const chains = root.ebtables?.filter?.chains ?? [];
    expect(chains.find((chain) => chain.name === 'OUTPUT')?.rules.map((rule) => rule.target)).toEqual([
      { t: 'jump', chain: 'AKS-DEDUP-PROMISC' },
    ]);
    const own = chains.find((chain) => chain.name === 'AKS-DEDUP-PROMISC')?.rules ?? [];
    expect(own.map((rule) => [rule.target.t, rule.src?.mac, rule.out?.name, rule.ip?.src && formatIpv4(rule.ip.src.addr)])).toEqual([
      ['ACCEPT', root.links.find((link) => link.name === 'cbr0')?.mac, 'veth', '10.244.2.1'],
      ['DROP', root.links.find((link) => link.name === 'cbr0')?.mac, 'veth', '10.244.2.0'],
    ]);
  });
});

describe('portmap', () => {
  const mapping: PortMapping = { protocol: 'tcp', hostPort: 8080, containerPort: 80, hostIp: null };

  it('translates a host port and marks what must be masqueraded', () => {
    const { root, args } = joined([mapping]);
    const chain = chainName('kubenet', containerIdOf(args.netns));
    expect(chain).toMatch(/^CNI-DN-[0-9a-f]{21}$/);
    expect(nat(root)).toEqual(
      expect.arrayContaining([
        '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
        '-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
        `-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"kubenet\\" id: \\"${containerIdOf(args.netns)}\\"" -m multiport --dports 8080 -j ${chain}`,
        `-A ${chain} -s 10.244.2.0/24 -p tcp -m tcp --dport 8080 -j KUBE-MARK-MASQ`,
        `-A ${chain} -s 127.0.0.1/32 -p tcp -m tcp --dport 8080 -j KUBE-MARK-MASQ`,
        `-A ${chain} -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.244.2.2:80`,
      ]),
    );
    expect(readSysctl(root.sysctls, 'net.ipv4.conf.cbr0.route_localnet')).toBe('1');
  });

  it('puts at most fifteen ports into one rule', () => {
    const many = Array.from({ length: 17 }, (_, i): PortMapping => ({ ...mapping, hostPort: 9000 + i }));
    const entries = nat(joined(many).root).filter((line) => line.startsWith('-A CNI-HOSTPORT-DNAT'));
    expect(entries.map((line) => line.split('--dports ')[1]?.split(' ')[0]?.split(',').length)).toEqual([15, 2]);
  });

  it('misses a rule that somebody deleted', () => {
    const { one, args, result, root } = joined([mapping]);
    expect(checkNetwork(one, CONFLIST, args, result)).toBeNull();
    root.iptables = {};
    expect(checkNetwork(one, CONFLIST, args, result)).toMatch(/^could not check ipv4 dnat: chain CNI-DN-[0-9a-f]+ not found$/);
  });

  it('takes only its own rules away', () => {
    const { host, one, root, args, result } = joined([mapping]);
    const other = sandbox(host, 'other', null, [{ ...mapping, hostPort: 8081 }]);
    addNetwork(one, CONFLIST, other);
    delNetwork(one, CONFLIST, args, result);
    const left = nat(root).join('\n');
    expect(left).toContain('--dports 8081');
    expect(left).not.toContain('8080');
  });
});
