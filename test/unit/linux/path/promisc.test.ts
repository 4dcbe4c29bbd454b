import { describe, expect, test } from 'vitest';
import { Lab } from '../lab.ts';
import type { Sent } from '../sent.ts';

interface Setting {
  readonly call?: 0 | 1;
  readonly promisc?: boolean;
  readonly hairpin?: boolean;
  readonly dropInvalid?: boolean;
  readonly dedup?: boolean;
  readonly kernel?: 'old' | 'fixed';
}

/**
 * A kubenet node with two pods on its bridge, and a service that leads to pod `to`, as kube-proxy writes it: what a pod sends to itself
 * is masqueraded.
 */
function node(to: 'a' | 'b', setting: Setting): Lab {
  const { call = 1, promisc = false, hairpin = false, dropInvalid = true, dedup = false, kernel = 'fixed' } = setting;
  const lab = new Lab({ brPromiscConntrack: kernel });
  for (const [i, pod] of ['a', 'b'].entries())
    lab
      .veth(`${pod}/eth0`, `n/${pod}`)
      .addr(`${pod}/eth0`, `10.244.0.${i + 2}/24`)
      .listen(pod, 'tcp/80', 'udp/53');
  const pod = to === 'a' ? '10.244.0.2' : '10.244.0.3';
  lab
    .bridge('n/cbr0', ['a', 'b'], { promisc })
    .addr('n/cbr0', '10.244.0.1/24')
    .route('a', 'default via 10.244.0.1')
    .route('b', 'default via 10.244.0.1')
    .forwards('n')
    .sysctl('n', `net.bridge.bridge-nf-call-iptables=${call}`)
    .iptables(
      'n',
      '-t nat -N SEP',
      `-t nat -A SEP -s ${pod}/32 -j MARK --set-xmark 0x4000/0x4000`,
      `-t nat -A SEP -j DNAT --to-destination ${pod}`,
      '-t nat -A PREROUTING -d 10.0.1.1/32 -j SEP',
      '-t nat -A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE',
    );
  if (dropInvalid) lab.iptables('n', '-A FORWARD -m conntrack --ctstate INVALID -j DROP');
  if (hairpin) lab.port('n/a', { hairpin: true }).port('n/b', { hairpin: true });
  if (dedup) {
    lab.ebtables(
      'n',
      `*filter
       :INPUT ACCEPT
       :FORWARD ACCEPT
       :OUTPUT ACCEPT
       :AKS-DEDUP-PROMISC ACCEPT
       -A OUTPUT -j AKS-DEDUP-PROMISC
       -A AKS-DEDUP-PROMISC -p IPv4 -s ${lab.mac('n/cbr0')} --ip-src 10.244.0.1 -j ACCEPT
       -A AKS-DEDUP-PROMISC -p IPv4 -s ${lab.mac('n/cbr0')} --ip-src 10.244.0.0/24 -j DROP`,
    );
  }
  return lab;
}

const toOther = (setting: Setting): Sent => node('b', setting).send('a', 'tcp 10.0.1.1:80');
const toItself = (setting: Setting): Sent => node('a', setting).send('a', 'tcp 10.0.1.1:80');

describe('a pod that asks a service whose pod is on the same node', () => {
  test('is bridged, TTL and Ethernet source unchanged', () => {
    const sent = toOther({});
    expect([sent.outcome, sent.seen, sent.answeredBy]).toEqual(['replied', 'b 10.244.0.2:40000 > 10.244.0.3:80 ttl 64', '10.0.1.1:80']);
    expect(sent.header('b', 'rx')?.smac).toBe(node('b', {}).mac('a/eth0'));
  });

  test('is bridged with hairpin ports as well', () => {
    expect(toOther({ hairpin: true }).seen).toBe('b 10.244.0.2:40000 > 10.244.0.3:80 ttl 64');
  });

  test('arrives once over a promiscuous bridge: the copy that goes up is INVALID', () => {
    const sent = toOther({ promisc: true });
    expect([sent.outcome, sent.seen, sent.alsoSeen]).toEqual(['replied', 'b 10.244.0.2:40000 > 10.244.0.3:80 ttl 64', []]);
    expect(sent.rules).toContain('n filter:FORWARD[1]');
  });

  test('arrives twice over a promiscuous bridge where no rule drops INVALID', () => {
    const sent = node('b', { promisc: true, dropInvalid: false }).send('a', 'udp 10.0.1.1:53');
    expect([sent.seen, ...sent.alsoSeen].sort()).toEqual([
      'b 10.244.0.2:40000 > 10.244.0.3:53 ttl 63',
      'b 10.244.0.2:40000 > 10.244.0.3:53 ttl 64',
    ]);
  });

  test('arrives once again with the rules that AKS writes against duplicates', () => {
    const sent = node('b', { promisc: true, dropInvalid: false, dedup: true }).send('a', 'udp 10.0.1.1:53');
    expect([sent.seen, sent.alsoSeen]).toEqual(['b 10.244.0.2:40000 > 10.244.0.3:53 ttl 64', []]);
  });

  test('is routed without br_netfilter, and its answer goes past the translation', () => {
    const sent = toOther({ call: 0 });
    expect([sent.outcome, sent.seen]).toEqual(['delivered', 'b 10.244.0.2:40000 > 10.244.0.3:80 ttl 63']);
  });
});

describe('a pod that asks a service and is led to itself', () => {
  test('fails: the frame would leave by its own port', () => {
    const sent = toItself({});
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'BRIDGE_EGRESS']);
    expect(sent.text).toBe('dropped at m/n: the frame would leave by its own port a, and hairpin mode is off');
  });

  test('works with hairpin ports, and sees the address of the bridge', () => {
    const sent = toItself({ hairpin: true });
    expect([sent.outcome, sent.seen]).toEqual(['replied', 'a 10.244.0.1:40000 > 10.244.0.2:80 ttl 64']);
  });

  test('fails over a promiscuous bridge of a fixed kernel: the copy that goes up is INVALID', () => {
    const sent = toItself({ promisc: true });
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'NETFILTER_DROP']);
    expect(sent.text).toContain('filter:FORWARD[1] -m conntrack --ctstate INVALID -j DROP');
  });

  test('arrives from itself and is dropped there where no rule drops INVALID', () => {
    const sent = toItself({ promisc: true, dropInvalid: false });
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'IP_LOCAL_SOURCE']);
    expect(sent.text).toMatch(/^dropped at m\/a: 10\.244\.0\.2 is an address of this host/);
  });

  test('works over a promiscuous bridge of an old kernel', () => {
    const sent = toItself({ promisc: true, kernel: 'old' });
    expect([sent.outcome, sent.seen]).toEqual(['replied', 'a 10.244.0.1:40000 > 10.244.0.2:80 ttl 63']);
  });

  test('works without br_netfilter', () => {
    const sent = toItself({ call: 0 });
    expect([sent.outcome, sent.seen]).toEqual(['replied', 'a 10.244.0.1:40000 > 10.244.0.2:80 ttl 63']);
  });
});
