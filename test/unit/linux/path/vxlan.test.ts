import { describe, expect, test } from 'vitest';
import { ip } from '../../../../src/wire/ipv4.ts';
import { mac } from '../../../../src/wire/mac.ts';
import { Lab } from '../lab.ts';

const ZERO = '00:00:00:00:00:00';

/** Two nodes with a tunnel between them, a pod network on each. */
function tunnel(): Lab {
  const lab = new Lab().veth('n1/eth0', 'n2/eth0').addr('n1/eth0', '192.168.0.1/24').addr('n2/eth0', '192.168.0.2/24');
  return lab
    .vxlan('n1/vx', '192.168.0.1')
    .vxlan('n2/vx', '192.168.0.2')
    .addr('n1/vx', '10.1.0.1/24')
    .addr('n2/vx', '10.1.0.2/24')
    .vtep('n1/vx', ZERO, '192.168.0.2')
    .vtep('n2/vx', ZERO, '192.168.0.1')
    .listen('n2', 'udp/53');
}

describe('a VXLAN tunnel', () => {
  test('carries packets inside of UDP, each way in one hop', () => {
    const sent = tunnel().send('n1', 'udp 10.1.0.2:53');
    expect([sent.outcome, sent.path, sent.seen]).toEqual(['replied', 'n1 >eth0, n2 eth0>', 'n2 10.1.0.1:40000 > 10.1.0.2:53 ttl 64']);
    const outer = sent.header('n1', 'tx');
    expect([outer?.src, outer?.dst, outer?.dport, outer?.vni, outer?.df]).toEqual(['192.168.0.1', '192.168.0.2', 4789, 1, undefined]);
    expect(outer?.inner).toMatchObject({ src: '10.1.0.1', dst: '10.1.0.2' });
  });

  test('asks ARP inside, told as legs because they meet the rules of the nodes', () => {
    expect(tunnel().send('n1', 'udp 10.1.0.2:53').legs).toContain('arp');
  });

  test('meets the rules of its nodes as UDP', () => {
    const lab = tunnel().iptables('n2', '-A INPUT -p udp --dport 4789 -j DROP');
    const sent = lab.send('n1', 'udp 10.1.0.2:53');
    expect([sent.outcome, sent.errors]).toEqual(['icmp-error', ['3/1 from 10.1.0.1']]);
  });

  test('looks the far end up on its device, and on any once OUTPUT has changed it', () => {
    const lab = new Lab().veth('n1/eth0', 'n2/eth0').addr('n1/eth0', '192.168.0.1/24').addr('n2/eth0', '192.168.0.2/24');
    lab.veth('n1/eth1', 'n3/eth0').addr('n1/eth1', '192.168.9.1/24').addr('n3/eth0', '192.168.9.3/24');
    lab.vxlan('n1/vx', '192.168.0.1', { remote: ip('192.168.0.2'), dev: 'eth0' }).addr('n1/vx', '10.1.0.1/24');
    lab.iptables('n1', '-t nat -A OUTPUT -p udp --dport 4789 -j DNAT --to-destination 192.168.9.3').send('n1', 'udp 10.1.0.2:53');
    expect(lab.neighbours('n1')).toContain('eth1 192.168.9.3 reachable');
  });

  // Measured in namespaces, see the find the-way-to-a-vtep-takes-less-than-the-tunnel.
  test('is cut outside where the way to the far end takes less, and its path MTU is known from then on', () => {
    const lab = tunnel();
    for (const at of ['n1/eth0', 'n2/eth0']) lab.mtu(at, 1400);
    const probe = { sizeBytes: 1372, df: 'auto' } as const;
    expect(lab.send('n1', 'udp 10.1.0.2:53', probe).header('n1', 'tx')?.fragment).toEqual({ offset: 0, more: true });
    expect(lab.send('n1', 'icmp 10.1.0.2', { sizeBytes: 1372, df: 'auto' }).header('n1', 'tx')?.inner).toMatchObject({ length: 1348 });
  });

  test('answers a bridged packet that must not be cut in the name of its receiver', () => {
    const lab = tunnel().veth('n1/p', 'a/eth0').veth('n2/p', 'b/eth0').addr('a/eth0', '10.2.0.1/24').addr('b/eth0', '10.2.0.2/24');
    for (const node of ['n1', 'n2']) lab.bridge(`${node}/br`, ['p', 'vx']).mtu(`${node}/eth0`, 1400);
    const sent = lab.listen('b', 'udp/53').send('a', 'udp 10.2.0.2:53', { sizeBytes: 1400, df: 'auto' });
    expect([sent.outcome, sent.reason, sent.errors]).toEqual(['icmp-error', 'PKT_TOO_BIG', ['3/4 from 10.2.0.2']]);
    expect(lab.send('a', 'udp 10.2.0.2:53', { sizeBytes: 1400, df: false }).outcome).toBe('replied');
  });

  test('takes the mark of the packet inside out, and keeps one that is set on receipt', () => {
    const lab = tunnel()
      .iptables('n1', '-t mangle -A POSTROUTING -p udp --dport 4789 -m mark --mark 9 -j ACCEPT')
      .iptables(
        'n2',
        '-t mangle -A PREROUTING -p udp --dport 4789 -j MARK --set-mark 3',
        '-t mangle -A INPUT -i vx -m mark --mark 3 -j ACCEPT',
      );
    const rules = lab.send('n1', 'udp 10.1.0.2:53', { mark: 9 }).rules;
    expect(rules).toContain('n1 mangle:POSTROUTING[1]');
    expect(rules).toContain('n2 mangle:INPUT[1]');
  });

  describe('whose far end is this host', () => {
    const PEER = '02:ff:00:00:00:09';
    const home = (port: number | null, options: Parameters<Lab['vxlan']>[2] = {}): Lab => {
      const lab = new Lab().veth('n/eth0', 'o/eth0').addr('n/eth0', '192.168.0.1/24').vxlan('n/vx', '192.168.0.1', options);
      lab.vxlan('n/vx1', '192.168.0.1', { port: 8472 }).addr('n/vx', '10.1.0.1/24').neigh('n/vx', '10.1.0.9', PEER);
      if (options.remote === undefined) lab.vtep('n/vx', PEER, '192.168.0.1');
      lab.netns('n').fdb = lab.netns('n').fdb.map((entry) => ({ ...entry, port }));
      return lab.listen('n', 'udp/9999');
    };
    const told = (lab: Lab): string[] => lab.send('n', 'udp 10.1.0.9:53').told('ENCAPSULATED', 'DECAPSULATED', 'DROPPED');

    test('gives the frame to the device on the port of the entry, with nothing around it', () => {
      expect(told(home(8472))).toContain('n DECAPSULATED vx1: the VTEP is this host, so nothing is put around the frame');
    });

    test('gives it to nobody else on that port, and asks no further', () => {
      expect(told(home(9999))).toEqual(['n DROPPED the VTEP is this host, and no vxlan device here has VNI 1 on udp/9999']);
    });

    test('finds no device where the link names the one to leave by', () => {
      const lab = home(null, { remote: ip('192.168.0.1'), dev: 'eth0' });
      expect(told(lab)).toEqual(['n DROPPED the VTEP is this host, and no vxlan device here has VNI 1 on udp/4789 bound to eth0']);
    });
  });

  test('drops what no VTEP is known for', () => {
    const lab = tunnel().neigh('n1/vx', '10.1.0.9', '02:ff:00:00:00:09');
    lab.netns('n1').fdb = [];
    const sent = lab.send('n1', 'udp 10.1.0.9:53');
    expect([sent.outcome, sent.reason, sent.errors]).toEqual(['dropped', 'NO_TX_TARGET', []]);
  });

  test('drops another network number', () => {
    const lab = new Lab().veth('n1/eth0', 'n2/eth0').addr('n1/eth0', '192.168.0.1/24').addr('n2/eth0', '192.168.0.2/24');
    lab
      .vxlan('n1/vx', '192.168.0.1', { vni: 7 })
      .vxlan('n2/vx', '192.168.0.2')
      .addr('n1/vx', '10.1.0.1/24')
      .vtep('n1/vx', ZERO, '192.168.0.2');
    const sent = lab.neigh('n1/vx', '10.1.0.2', lab.mac('n2/vx')).send('n1', 'udp 10.1.0.2:53');
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'VXLAN_VNI_NOT_FOUND']);
  });

  test('drops a sender that a static entry has elsewhere', () => {
    const lab = tunnel();
    lab.vtep('n2/vx', lab.mac('n1/vx'), '192.168.0.77').neigh('n1/vx', '10.1.0.2', lab.mac('n2/vx'));
    const sent = lab.send('n1', 'udp 10.1.0.2:53');
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'VXLAN_ENTRY_EXISTS']);
  });

  test('follows a sender to another VTEP, whatever the tables said was learned', () => {
    const lab = tunnel();
    const learned = {
      mac: mac(lab.mac('n2/vx')),
      dev: 'vx',
      master: null,
      state: 'learned',
      vni: null,
      port: null,
      externLearn: false,
    } as const;
    lab.netns('n1').fdb = [...lab.netns('n1').fdb, { ...learned, dst: ip('192.168.0.9') }];
    lab.neigh('n1/vx', '10.1.0.2', lab.mac('n2/vx')).neigh('n2/vx', '10.1.0.1', lab.mac('n1/vx'));
    expect(lab.send('n1', 'udp 10.1.0.2:53').outcome).toBe('icmp-error');
    lab.send('n2', 'icmp 10.1.0.1');
    expect(lab.send('n1', 'udp 10.1.0.2:53').outcome).toBe('replied');
  });

  test('forgets in five minutes a VTEP from which nothing came', () => {
    const lab = tunnel().neigh('n1/vx', '10.1.0.2', '02:ff:00:00:00:02').neigh('n2/vx', '10.1.0.1', '02:ff:00:00:00:01');
    for (const [n, dst] of [
      ['n1', '192.168.0.2'],
      ['n2', '192.168.0.1'],
    ] as const) {
      const tables = lab.netns(n);
      const entry = { dev: 'vx', master: null, state: 'learned', vni: null, port: null, externLearn: false } as const;
      tables.links = tables.links.map((link) => (link.name === 'vx' ? { ...link, mac: mac(`02:ff:00:00:00:0${n.slice(1)}`) } : link));
      tables.fdb = [{ ...entry, mac: mac(`02:ff:00:00:00:0${3 - Number(n.slice(1))}`), dst: ip(dst) }];
    }
    expect(lab.wait(299).send('n1', 'udp 10.1.0.2:53').outcome).toBe('replied');
    expect(lab.wait(299).send('n1', 'udp 10.1.0.2:53').outcome).toBe('replied');
    const late = lab.wait(301).send('n1', 'udp 10.1.0.2:53');
    expect([late.outcome, late.reason]).toEqual(['dropped', 'NO_TX_TARGET']);
  });

  test('tells outside what the packet inside can bear of congestion, and inside what was met', () => {
    const outside = (tos: number) => tunnel().send('n1', 'udp 10.1.0.2:53', { tos }).header('n1', 'tx')?.tos ?? 0;
    expect([0, 1, 2, 3, 0x21].map(outside)).toEqual([0, 1, 2, 2, 1]);
    const met = (ecn: number, tos: number) => {
      const lab = tunnel().iptables('n1', `-t mangle -A OUTPUT -p udp --dport 4789 -j TOS --set-tos 0x0${ecn}/0x03`);
      return lab.send('n1', 'udp 10.1.0.2:53', { tos }).outcome;
    };
    expect([met(1, 0), met(3, 2), met(3, 0)]).toEqual(['replied', 'replied', 'dropped']);
    const marked = tunnel()
      .iptables('n1', '-t mangle -A OUTPUT -p udp --dport 4789 -j TOS --set-tos 0x03/0x03')
      .iptables('n2', '-A INPUT -p udp --dport 53 -m tos ! --tos 0x03/0x03 -j DROP');
    expect(marked.send('n1', 'udp 10.1.0.2:53', { tos: 2 }).outcome).toBe('replied');
  });

  test('takes its source ports from the range of the device, or else of the namespace', () => {
    const through = (lab: Lab) => {
      lab.iptables('n2', '-A INPUT -p udp --dport 4789 -m udp ! --sport 40000:40999 -j DROP');
      return lab.neigh('n1/vx', '10.1.0.2', lab.mac('n2/vx')).send('n1', 'udp 10.1.0.2:53').outcome;
    };
    expect(through(tunnel())).toBe('dropped');
    expect(through(tunnel().sysctl('n1', 'ip_local_port_range=40000 41000'))).toBe('replied');
  });

  test('that leads into itself ends as recursion', () => {
    const lab = tunnel().route('n1', '192.168.0.2/32 dev vx');
    const sent = lab.neigh('n1/vx', '10.1.0.2', lab.mac('n2/vx')).send('n1', 'udp 10.1.0.2:53');
    expect([sent.outcome, sent.reason]).toEqual(['dropped', 'RECURSION_LIMIT']);
    expect(sent.text).toContain('tunnel recursion');
  });

  test('answers a lost TTL with the address of the tunnel', () => {
    const lab = tunnel()
      .veth('n1/p', 'p/eth0')
      .addr('n1/p', '10.2.0.1/24')
      .addr('p/eth0', '10.2.0.2/24')
      .route('p', 'default via 10.2.0.1');
    lab
      .forwards('n1', 'n2')
      .route('n2', '10.2.0.0/24 via 10.1.0.1')
      .route('n1', '10.3.0.0/24 via 10.1.0.2')
      .route('n2', '10.3.0.0/24 dev eth0');
    expect(lab.send('p', 'udp 10.3.0.1:53', { ttl: 2 }).errors).toEqual(['11/0 from 10.1.0.2']);
  });
});
