import type { Fabric } from '../../../src/azure/fabric.ts';
import { addExternalHost, addGateway, addPeering, addSubnet, addVnet } from '../../../src/azure/edit-network.ts';
import { type NicInput, addNic } from '../../../src/azure/edit-nic.ts';
import { addFrontend, addLbRule, addLoadBalancer, addPool, addPoolMember } from '../../../src/azure/edit-lb.ts';
import { addNsg, addNsgRule } from '../../../src/azure/edit-rules.ts';
import { emptyFabric, freezeFabric } from '../../../src/azure/empty-fabric.ts';
import { fabricFromExternal } from '../../../src/azure/ingress.ts';
import type { FabricPacket } from '../../../src/azure/packet.ts';
import type { FabricHooks, FabricResult, FabricStep } from '../../../src/azure/result.ts';
import { type FabricSession, createFabricSession } from '../../../src/azure/session.ts';
import { fabricTransmit } from '../../../src/azure/transmit.ts';
import { formatIpv4, ip } from '../../../src/wire/ipv4.ts';
import { mac } from '../../../src/wire/mac.ts';
import { prefix } from '../../../src/wire/prefix.ts';
import { ICMP, TCP, UDP } from '../../../src/wire/proto.ts';

const SYN = 2;
export const SYN_ACK = 18;
export const ACK = 16;
export const RST = 4;
export const FIN_ACK = 17;

/** `tcp 10.0.0.4:1000 > 10.0.0.5:80`, `udp …`, `icmp 10.0.0.4 > 10.0.0.5`. */
export function packet(text: string, more: Partial<FabricPacket> = {}): FabricPacket {
  const [proto = '', from = '', , to = ''] = text.split(' ');
  const [src = '', sport = '0'] = from.split(':');
  const [dst = '', dport = '0'] = to.split(':');
  const number = { tcp: TCP, udp: UDP, icmp: ICMP, gre: 47, ipip: 4 }[proto] ?? 0;
  return {
    src: ip(src),
    dst: ip(dst),
    proto: number,
    sport: Number(sport),
    dport: Number(dport),
    ttl: 64,
    id: 1,
    lengthBytes: 60,
    df: false,
    fragOffsetBytes: 0,
    moreFragments: false,
    icmpType: proto === 'icmp' ? 8 : 0,
    tcpFlags: proto === 'tcp' ? SYN : 0,
    mssBytes: 0,
    quoted: null,
    ...more,
  };
}

/** The addresses of a packet as text. */
export function shown(p: FabricPacket): string {
  return `${formatIpv4(p.src)}:${p.sport} > ${formatIpv4(p.dst)}:${p.dport}`;
}

/** The answer to a packet as it arrived. */
export function answer(p: FabricPacket, more: Partial<FabricPacket> = {}): FabricPacket {
  const flags = p.proto === TCP ? SYN_ACK : 0;
  return { ...p, src: p.dst, dst: p.src, sport: p.dport, dport: p.sport, tcpFlags: flags, icmpType: 0, ...more };
}

export function nic(fabric: Fabric, name: string, subnet: string, addr: string, more: Partial<NicInput> = {}): void {
  const last = fabric.nics.length + 1;
  addNic(fabric, {
    name,
    mac: mac(`00:0d:3a:00:${(last >> 8).toString(16).padStart(2, '0')}:${(last & 255).toString(16).padStart(2, '0')}`),
    machine: `${name}/root/eth0`,
    subnet,
    ipconfigs: [{ addr: ip(addr) }],
    ...more,
  });
}

/** VNet `net` 10.224.0.0/12 with subnet `net/nodes` 10.224.0.0/16, NICs a 10.224.0.4, b 10.224.0.5. */
export function twoVms(): Fabric {
  const fabric = emptyFabric();
  addVnet(fabric, { name: 'net', prefixes: [prefix('10.224.0.0/12')] });
  addSubnet(fabric, 'net', { name: 'nodes', prefix: prefix('10.224.0.0/16') });
  nic(fabric, 'a', 'net/nodes', '10.224.0.4');
  nic(fabric, 'b', 'net/nodes', '10.224.0.5');
  return fabric;
}

/** Adds VNet `far` 192.168.0.0/16 with `far/vms` and NIC c 192.168.1.4; peered both ways unless told otherwise. */
export function withFarVnet(fabric: Fabric, peered = true): Fabric {
  addVnet(fabric, { name: 'far', prefixes: [prefix('192.168.0.0/16')] });
  addSubnet(fabric, 'far', { name: 'vms', prefix: prefix('192.168.1.0/24') });
  nic(fabric, 'c', 'far/vms', '192.168.1.4');
  if (peered) {
    addPeering(fabric, { vnet: 'net', remote: 'far' });
    addPeering(fabric, { vnet: 'far', remote: 'net' });
  }
  return fabric;
}

/** Adds a VPN gateway to 172.20.0.0/16 in `net` and host `office` 172.20.0.10 behind it. */
export function withOnPrem(fabric: Fabric): Fabric {
  addSubnet(fabric, 'net', { name: 'GatewaySubnet', prefix: prefix('10.225.0.0/27') });
  addGateway(fabric, { name: 'vpn', vnet: 'net', kind: 'vpn', subnet: 'net/GatewaySubnet', prefixes: [prefix('172.20.0.0/16')] });
  addExternalHost(fabric, { name: 'office', kind: 'onprem', addrs: [ip('172.20.0.10')], machine: null });
  return fabric;
}

/** Adds public load balancer `lb` with frontend 20.0.0.10, port 80, over pool `nodes` = a, b; and an NSG that lets port 80 in. */
export function withPublicLb(fabric: Fabric, floatingIp = true): Fabric {
  addNsg(fabric, 'agentpool');
  addNsgRule(fabric, 'agentpool', { name: 'web', priority: 500, direction: 'Inbound', access: 'Allow', protocol: 'Tcp' });
  for (const each of fabric.nics) each.nsg = 'agentpool';
  addLoadBalancer(fabric, 'lb', false);
  addFrontend(fabric, 'lb', { name: 'front', addr: ip('20.0.0.10'), subnet: null });
  addPool(fabric, 'lb', 'nodes');
  for (const each of fabric.nics) addPoolMember(fabric, 'lb', 'nodes', { nic: each.name, ipconfig: 'ipconfig1' });
  addLbRule(fabric, 'lb', {
    name: 'web',
    frontend: 'front',
    pool: 'nodes',
    protocol: 'tcp',
    frontendPort: 80,
    backendPort: floatingIp ? 80 : 30_080,
    floatingIp,
    probe: 'p',
    tcpReset: true,
    disableOutboundSnat: true,
  });
  return fabric;
}

/** A frozen fabric, a session and a clock: what most tests need. */
export class Bench {
  readonly fabric: Fabric;
  readonly session: FabricSession = createFabricSession(7);
  nowMs = 0;
  steps: FabricStep[] = [];

  constructor(fabric: Fabric) {
    this.fabric = freezeFabric(fabric);
  }

  send(nicName: string, p: FabricPacket | string): FabricResult {
    return fabricTransmit(this.fabric, this.session, nicName, typeof p === 'string' ? packet(p) : p, this.nowMs, this.hooks());
  }

  external(host: string, p: FabricPacket | string): FabricResult {
    return fabricFromExternal(this.fabric, this.session, host, typeof p === 'string' ? packet(p) : p, this.nowMs, this.hooks());
  }

  private hooks(): FabricHooks {
    this.steps = [];
    return { steps: { detailed: true, step: (step) => this.steps.push(step) }, choose: null };
  }
}

/** `b`, `AZURE_ROUTE_NONE`, `host internet`, `platform dns`: a result in a word. */
export function end(result: FabricResult): string {
  switch (result.kind) {
    case 'deliver':
      return result.nic;
    case 'external':
      return `host ${result.host ?? `nobody (${result.network})`}`;
    case 'platform':
      return `platform ${result.service}`;
    case 'drop':
      return result.reason;
    case 'unknown':
      return `unknown ${result.reason}`;
  }
}
