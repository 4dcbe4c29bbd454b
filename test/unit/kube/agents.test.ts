import { describe, expect, it } from 'vitest';
import { DEFAULT_MASQ_CONFIG, isMasqCidr, mergeMasqConfigs, parseMasqConfigText } from '../../../src/kube/ip-masq-agent/config.ts';
import { ipMasqAgentSync } from '../../../src/kube/ip-masq-agent/render.ts';
import { printRestore } from '../../../src/kube/iptables/plan.ts';
import { DEFAULT_NODE_BOOTSTRAP, nodeBootstrapRules } from '../../../src/kube/node-rules/bootstrap.ts';
import { kubeletRules } from '../../../src/kube/node-rules/kubelet.ts';

const RETURN = '-m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE"';
const LAST = '-m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE';

describe('ip-masq-agent', () => {
  it('writes its chain anew, without random ports', () => {
    const { restore } = ipMasqAgentSync({ nonMasqueradeCIDRs: ['10.244.0.0/16'], masqLinkLocal: true });
    expect(printRestore(restore)).toBe(
      `*nat\n:IP-MASQ-AGENT - [0:0]\n-A IP-MASQ-AGENT ${RETURN} -d 10.244.0.0/16 -j RETURN\n-A IP-MASQ-AGENT ${LAST}\nCOMMIT\n`,
    );
  });

  it('keeps link-local traffic as it is unless it is told otherwise', () => {
    const lines = ipMasqAgentSync({ nonMasqueradeCIDRs: [], masqLinkLocal: false }).restore[0]?.lines;
    expect(lines?.map((line) => (line.op === 'append' ? line.args : ''))).toEqual([`${RETURN} -d 169.254.0.0/16 -j RETURN`, LAST]);
  });

  it('jumps from the end of POSTROUTING, with quotes inside its comment', () => {
    expect(ipMasqAgentSync(DEFAULT_MASQ_CONFIG).rules).toEqual([
      {
        table: 'nat',
        chain: 'POSTROUTING',
        position: 'append',
        args: '-m comment --comment "\\"ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ-AGENT chain\\"" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT',
        origin: 'ip-masq-agent',
      },
    ]);
  });

  it('unites its files and falls back to the private ranges when it has none', () => {
    const [a, b] = [
      { nonMasqueradeCIDRs: ['10.244.0.0/16', '10.1.0.0/16'], masqLinkLocal: false },
      { nonMasqueradeCIDRs: ['10.1.0.0/16', '10.2.0.0/16'], masqLinkLocal: true },
    ];
    expect(mergeMasqConfigs([a, b])).toEqual({ nonMasqueradeCIDRs: ['10.244.0.0/16', '10.1.0.0/16', '10.2.0.0/16'], masqLinkLocal: true });
    expect(mergeMasqConfigs([]).nonMasqueradeCIDRs).toEqual(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']);
  });

  it('refuses prefixes with host bits, IPv6 and more than 64 of them', () => {
    expect(['10.1.0.0/16', '10.1.0.1/16', '10.1.0.0', 'fd00::/8'].map(isMasqCidr)).toEqual([true, false, false, false]);
    const many = Array.from({ length: 65 }, (_, n) => `- 10.${n}.0.0/16\n`).join('');
    expect(parseMasqConfigText(`nonMasqueradeCIDRs:\n${many}`)).toBeNull();
    expect(parseMasqConfigText('nonMasqueradeCIDRs: 7')).toBeNull();
  });
});

describe('the rules of a node from before kube-proxy', () => {
  it('keep pods from the WireServer, port 32526 first because it was inserted last', () => {
    const { rules, policies } = nodeBootstrapRules(DEFAULT_NODE_BOOTSTRAP);
    expect(rules.map(({ chain, position, args }) => `${position} ${chain} ${args}`)).toEqual([
      'prepend FORWARD -d 168.63.129.16 -p tcp -m tcp --dport 80 -j DROP',
      'prepend FORWARD -d 168.63.129.16 -p tcp -m tcp --dport 32526 -j DROP',
    ]);
    expect(policies).toEqual([{ table: 'filter', chain: 'FORWARD', policy: 'ACCEPT' }]);
  });

  it('keep pods from the instance metadata service only where that is asked for', () => {
    const { rules } = nodeBootstrapRules({ blocksPort32526: false, imdsRestriction: { nodeIP: '10.224.0.4', table: 'mangle' } });
    expect(rules.at(-1)).toMatchObject({ table: 'mangle', args: '! -s 10.224.0.4 -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DROP' });
  });

  it("hold kubelet's canaries and its protection of loopback addresses", () => {
    const { chains, rules } = kubeletRules();
    expect(chains.filter(({ chain }) => chain === 'KUBE-KUBELET-CANARY').map(({ table }) => table)).toEqual(['mangle', 'nat', 'filter']);
    expect(rules.at(-1)).toMatchObject({ chain: 'KUBE-FIREWALL', position: 'append' });
    expect(rules.at(-1)?.args).toContain('-d 127.0.0.0/8 ! -s 127.0.0.0/8');
  });
});
