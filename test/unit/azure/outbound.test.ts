import { describe, expect, it } from 'vitest';
import { addFrontend, addLoadBalancer, addOutboundRule, addPool, addPoolMember } from '../../../src/azure/edit-lb.ts';
import { addNatGateway, associate } from '../../../src/azure/edit-network.ts';
import { addIpconfig, setPublicIp } from '../../../src/azure/edit-nic.ts';
import { addNsg } from '../../../src/azure/edit-rules.ts';
import type { Fabric } from '../../../src/azure/fabric.ts';
import { freezeFabric } from '../../../src/azure/empty-fabric.ts';
import { automaticPorts, lbOutbound, maxNodes } from '../../../src/azure/lb-outbound.ts';
import { liveBindings } from '../../../src/azure/snat.ts';
import { fabricTransmit } from '../../../src/azure/transmit.ts';
import { formatIpv4, ip } from '../../../src/wire/ipv4.ts';
import { TCP } from '../../../src/wire/proto.ts';
import { ACK, Bench, FIN_ACK, RST, SYN_ACK, answer, end, nic, packet, shown, twoVms, withPublicLb } from './fabrics.ts';

/** Load balancer `out` with one frontend 20.0.0.1 and an outbound rule for a and b. */
function withOutbound(fabric: Fabric, allocatedPorts = 0): Fabric {
  addLoadBalancer(fabric, 'out', false);
  addFrontend(fabric, 'out', { name: 'f1', addr: ip('20.0.0.1'), subnet: null });
  addPool(fabric, 'out', 'p');
  for (const each of fabric.nics) addPoolMember(fabric, 'out', 'p', { nic: each.name, ipconfig: 'ipconfig1' });
  addOutboundRule(fabric, 'out', { name: 'r', frontends: ['f1'], pool: 'p', allocatedPorts, idleMinutes: 30, tcpReset: true });
  return fabric;
}

function withNat(fabric: Fabric): Fabric {
  addNatGateway(fabric, { name: 'ng', publicIps: [ip('20.0.0.2')] });
  associate(fabric, 'net/nodes', { natGateway: 'ng' });
  return fabric;
}

const OUT = 'tcp 10.224.0.4:5000 > 203.0.113.10:443';

/** The source that the internet sees. */
function seen(fabric: Fabric, text = OUT): string {
  const p = packet(text);
  const result = new Bench(fabric).send('a', p);
  return result.kind === 'external' ? formatIpv4(p.src) : end(result);
}

describe('the outbound method', () => {
  it('is none for a private subnet, and the source never leaves untranslated', () => {
    expect(seen(twoVms())).toBe('AZURE_NO_OUTBOUND');
  });

  it('is NAT gateway before public address before load balancer before default access', () => {
    const fabric = twoVms();
    associateDefault(fabric);
    expect(seen(structuredClone(fabric))).toBe('198.51.100.254');
    withOutbound(fabric);
    expect(seen(structuredClone(fabric))).toBe('20.0.0.1');
    setPublicIp(fabric, 'a', 'ipconfig1', ip('20.0.0.3'));
    expect(seen(structuredClone(fabric))).toBe('20.0.0.3');
    withNat(fabric);
    expect(seen(fabric)).toBe('20.0.0.2');
  });

  it('is none for addresses that are not the NIC’s, and for secondary ipconfigs behind a load balancer', () => {
    const fabric = withOutbound(twoVms());
    addIpconfig(fabric, 'a', { name: 'pod', addr: ip('10.224.0.44') });
    const [a] = fabric.nics;
    if (a !== undefined) a.enableIPForwarding = true;
    expect(seen(structuredClone(fabric), 'tcp 10.244.0.7:1 > 203.0.113.10:443')).toBe('AZURE_NO_OUTBOUND');
    expect(seen(structuredClone(fabric), 'tcp 10.224.0.44:1 > 203.0.113.10:443')).toBe('AZURE_NO_OUTBOUND');
    expect(seen(withNat(fabric), 'tcp 10.224.0.44:1 > 203.0.113.10:443')).toBe('20.0.0.2');
  });

  it('also follows from a load-balancing rule that does not disable it', () => {
    const fabric = withPublicLb(twoVms());
    const [lb] = fabric.loadBalancers;
    if (lb !== undefined) lb.rules = lb.rules.map((rule) => ({ ...rule, disableOutboundSnat: false }));
    expect(seen(fabric)).toBe('20.0.0.10');
  });

  it('carries no ping, except by an instance-level public address', () => {
    expect(seen(withOutbound(twoVms()), 'icmp 10.224.0.4 > 203.0.113.10')).toBe('AZURE_NAT_NO_ICMP');
    expect(seen(withNat(twoVms()), 'icmp 10.224.0.4 > 203.0.113.10')).toBe('AZURE_NAT_NO_ICMP');
    const fabric = twoVms();
    setPublicIp(fabric, 'a', 'ipconfig1', ip('20.0.0.3'));
    expect(seen(fabric, 'icmp 10.224.0.4 > 203.0.113.10')).toBe('20.0.0.3');
  });

  it('carries no fragments', () => {
    const bench = new Bench(withOutbound(twoVms()));
    expect(end(bench.send('a', packet(OUT, { moreFragments: true })))).toBe('AZURE_FRAGMENT_DROPPED');
  });

  it('does not make private addresses reachable on the internet', () => {
    expect(end(new Bench(withOutbound(twoVms())).external('internet', 'tcp 203.0.113.10:1 > 10.224.0.4:22'))).toBe(
      'AZURE_PUBLIC_IP_UNKNOWN',
    );
  });
});

function associateDefault(fabric: Fabric): void {
  const subnet = fabric.vnets[0]?.subnets[0];
  if (subnet !== undefined) subnet.defaultOutboundAccess = true;
}

describe('an instance-level public address', () => {
  it('translates one to one, both ways, behind an NSG that allows it', () => {
    const fabric = withPublicLb(twoVms());
    setPublicIp(fabric, 'b', 'ipconfig1', ip('20.0.0.3'));
    const bench = new Bench(fabric);
    const p = packet('tcp 203.0.113.10:1000 > 20.0.0.3:22');
    expect(end(bench.external('internet', p))).toBe('b');
    expect(shown(p)).toBe('203.0.113.10:1000 > 10.224.0.5:22');
    const reply = answer(p);
    expect(end(bench.send('b', reply))).toBe('host internet');
    expect(shown(reply)).toBe('20.0.0.3:22 > 203.0.113.10:1000');
  });

  it('answers by itself although the subnet has a NAT gateway', () => {
    const fabric = withNat(withPublicLb(twoVms()));
    setPublicIp(fabric, 'b', 'ipconfig1', ip('20.0.0.3'));
    const bench = new Bench(fabric);
    const p = packet('tcp 203.0.113.10:1000 > 20.0.0.3:22');
    bench.external('internet', p);
    const reply = answer(p);
    bench.send('b', reply);
    expect(formatIpv4(reply.src)).toBe('20.0.0.3');
  });

  it('is closed without an NSG', () => {
    const fabric = twoVms();
    setPublicIp(fabric, 'b', 'ipconfig1', ip('20.0.0.3'));
    expect(end(new Bench(fabric).external('internet', 'tcp 203.0.113.10:1 > 20.0.0.3:22'))).toBe('AZURE_PUBLIC_IP_CLOSED');
  });

  it('of another machine of the same fabric is reached by way of the internet', () => {
    const fabric = withOutbound(withPublicLb(twoVms()));
    setPublicIp(fabric, 'b', 'ipconfig1', ip('20.0.0.3'));
    const p = packet('tcp 10.224.0.4:1000 > 20.0.0.3:22');
    expect(end(new Bench(fabric).send('a', p))).toBe('b');
    expect(shown(p)).toBe('20.0.0.1:1024 > 10.224.0.5:22');
  });
});

describe('SNAT ports of a load balancer', () => {
  it('bring the answer back to the connection, through an NSG that denies all inbound', () => {
    const fabric = withOutbound(twoVms());
    addNsg(fabric, 'n');
    for (const each of fabric.nics) each.nsg = 'n';
    const bench = new Bench(fabric);
    const p = packet(OUT);
    expect(end(bench.send('a', p))).toBe('host internet');
    expect(shown(p)).toBe('20.0.0.1:1024 > 203.0.113.10:443');
    const reply = answer(p);
    expect(end(bench.external('internet', reply))).toBe('a');
    expect(shown(reply)).toBe('203.0.113.10:443 > 10.224.0.4:5000');
    bench.nowMs = 20 * 60_000;
    expect(end(bench.external('internet', answer(p, { tcpFlags: ACK })))).toBe('a');
  });

  it('are allocated by pool size', () => {
    expect([1, 50, 51, 100, 101, 200, 201, 400, 401, 800, 801, 1000, 1001].map(automaticPorts)).toEqual([
      1024, 1024, 512, 512, 256, 256, 128, 128, 64, 64, 32, 32, 0,
    ]);
    expect([maxNodes(1000, 2), maxNodes(1000, 7), maxNodes(4000, 2), maxNodes(4000, 7)]).toEqual([128, 448, 32, 112]);
  });

  it('run out towards one destination, for that node only, and come back when a connection is reset', () => {
    const bench = new Bench(withOutbound(twoVms(), 8));
    const open = (nicName: string, addr: string, sport: number, to = '203.0.113.10:443'): string =>
      end(bench.send(nicName, `tcp ${addr}:${sport} > ${to}`));
    for (let sport = 1; sport <= 8; sport++) expect(open('a', '10.224.0.4', sport)).toBe('host internet');
    expect(open('a', '10.224.0.4', 9)).toBe('AZURE_SNAT_EXHAUSTED');
    expect(bench.steps.at(-1)?.text).toContain('all 8 ports of a');
    expect(open('a', '10.224.0.4', 9, '203.0.113.10:444')).toBe('host internet');
    expect(open('b', '10.224.0.5', 9)).toBe('host internet');
    bench.send('a', packet('tcp 10.224.0.4:3 > 203.0.113.10:443', { tcpFlags: RST }));
    expect(open('a', '10.224.0.4', 10)).toBe('host internet');
    expect(open('a', '10.224.0.4', 11)).toBe('AZURE_SNAT_EXHAUSTED');
  });

  it('are shared by TCP connections to different destinations', () => {
    const bench = new Bench(withOutbound(twoVms(), 8));
    for (let n = 1; n <= 50; n++) bench.send('a', `tcp 10.224.0.4:5000 > 203.0.113.${n}:443`);
    expect(new Set(liveBindings(bench.session, 0).map((flow) => flow.publicPort)).size).toBe(1);
  });

  it('give a UDP socket one port for all destinations, and let only the ports answer that it wrote to', () => {
    const bench = new Bench(withOutbound(twoVms(), 8));
    const sources = [53, 54].flatMap((dport) =>
      ['203.0.113.10', '203.0.113.11'].map((dst) => {
        const p = packet(`udp 10.224.0.4:5000 > ${dst}:${dport}`);
        bench.send('a', p);
        return p.sport;
      }),
    );
    expect(new Set(sources).size).toBe(1);
    const [port = 0] = sources;
    expect(end(bench.external('internet', `udp 203.0.113.10:54 > 20.0.0.1:${port}`))).toBe('a');
    expect(end(bench.external('internet', `udp 203.0.113.10:55 > 20.0.0.1:${port}`))).toBe('AZURE_LB_NO_RULE');
  });

  it('cost a UDP port for each socket that writes to the same address, whatever the port there', () => {
    const bench = new Bench(withOutbound(twoVms(), 8));
    for (let n = 1; n <= 8; n++) expect(end(bench.send('a', `udp 10.224.0.4:${n} > 203.0.113.10:${n}`))).toBe('host internet');
    expect(end(bench.send('a', 'udp 10.224.0.4:9 > 203.0.113.10:9'))).toBe('AZURE_SNAT_EXHAUSTED');
  });

  it('are free again after the idle time, which resets the sender', () => {
    const bench = new Bench(withOutbound(twoVms()));
    bench.send('a', OUT);
    bench.nowMs = 30 * 60_000 + 1;
    expect(bench.send('a', packet(OUT, { tcpFlags: ACK }))).toMatchObject({ reason: 'AZURE_IDLE_EXPIRED', resetsSender: true });
    expect(end(bench.send('a', packet(OUT, { tcpFlags: ACK })))).toBe('AZURE_SNAT_NO_FLOW');
    expect(end(bench.send('a', OUT))).toBe('host internet');
  });

  it('are lost by established connections when the allocation shrinks under them', () => {
    const fabric = withOutbound(twoVms(), 16);
    const before = new Bench(structuredClone(fabric));
    const sent = Array.from({ length: 16 }, (_, n) => packet(`tcp 10.224.0.4:${n + 1} > 203.0.113.10:443`));
    for (const p of sent) before.send('a', p);
    const [lb] = fabric.loadBalancers;
    if (lb !== undefined) lb.outboundRules = lb.outboundRules.map((rule) => ({ ...rule, allocatedPorts: 8 }));
    freezeFabric(fabric);
    const next = (n: number): string =>
      end(fabricTransmit(fabric, before.session, 'a', packet(`tcp 10.224.0.4:${n} > 203.0.113.10:443`, { tcpFlags: ACK }), 0));
    expect([next(8), next(9)]).toEqual(['host internet', 'AZURE_SNAT_NO_FLOW']);
  });

  it('spare the blocks of eight that rules on the same frontend use', () => {
    const fabric = withPublicLb(twoVms());
    const [lb] = fabric.loadBalancers;
    if (lb !== undefined) {
      lb.rules = [1024, 1030, 1040].map((frontendPort) => ({ ...(lb.rules[0] ?? never()), name: String(frontendPort), frontendPort }));
      lb.outboundRules.push({
        name: 'o',
        frontends: ['front'],
        pool: 'nodes',
        protocol: 'all',
        allocatedPorts: 16,
        idleMinutes: 4,
        tcpReset: false,
      });
    }
    const pool = lbOutbound(new Bench(fabric).fabric.loadBalancers, 'a', TCP)?.pool;
    expect([0, 7, 8, 15].map((place) => pool?.portAt(place))).toEqual([1032, 1039, 1048, 1055]);
  });

  it('go over several addresses, one after the other, and end with the last', () => {
    const fabric = withOutbound(twoVms(), 40_000);
    nic(fabric, 'd', 'net/nodes', '10.224.0.6');
    addFrontend(fabric, 'out', { name: 'f2', addr: ip('20.0.0.2'), subnet: null });
    addPoolMember(fabric, 'out', 'p', { nic: 'd', ipconfig: 'ipconfig1' });
    const [rule] = fabric.loadBalancers[0]?.outboundRules ?? [];
    rule?.frontends.push('f2');
    const { loadBalancers } = new Bench(fabric).fabric;
    const pools = ['a', 'b', 'd'].map((name) => lbOutbound(loadBalancers, name, TCP)?.pool);
    expect(pools.map((pool) => pool?.count)).toEqual([40_000, 40_000, 40_000]);
    expect(pools[1] === undefined ? [] : [0, 23_999, 24_000].map((place) => formatIpv4(pools[1]?.addrAt(place) ?? ip('0.0.0.0')))).toEqual([
      '20.0.0.1',
      '20.0.0.1',
      '20.0.0.2',
    ]);
  });
});

function never(): never {
  throw new Error('the fabric of this test has a rule');
}

describe('a NAT gateway', () => {
  it('gives every connection of the subnet a port of its own and takes the answers back', () => {
    const bench = new Bench(withNat(twoVms()));
    const p = packet(OUT);
    const q = packet('tcp 10.224.0.5:5000 > 203.0.113.10:443');
    bench.send('a', p);
    bench.send('b', q);
    expect(p.sport).not.toBe(q.sport);
    expect(end(bench.external('internet', answer(q)))).toBe('b');
    expect(end(bench.external('internet', 'tcp 203.0.113.10:1 > 20.0.0.2:22'))).toBe('AZURE_SNAT_NO_FLOW');
  });

  it('resets a TCP connection that was silent for four minutes, on its next packet', () => {
    const bench = new Bench(withNat(twoVms()));
    bench.send('a', OUT);
    bench.nowMs = 240_001;
    expect(bench.send('a', packet(OUT, { tcpFlags: ACK }))).toMatchObject({ reason: 'AZURE_IDLE_EXPIRED', resetsSender: true });
  });

  it('lets a port rest for 65 seconds after both ends closed', () => {
    const bench = new Bench(withNat(twoVms()));
    const p = packet(OUT);
    bench.send('a', p);
    bench.external('internet', answer(p, { tcpFlags: SYN_ACK }));
    bench.send('a', packet(OUT, { tcpFlags: FIN_ACK }));
    bench.external('internet', answer(p, { tcpFlags: FIN_ACK }));
    expect(liveBindings(bench.session, 64_999)).toHaveLength(1);
    expect(liveBindings(bench.session, 65_000)).toHaveLength(0);
    const again = packet(OUT);
    expect(end(bench.send('a', again))).toBe('host internet');
    expect(again.sport).not.toBe(p.sport);
  });
});
