import { originOf, targetOf } from '../aks/endpoint.ts';
import { type Endpoint, type EndpointProblem, isProblem, parseEndpoint, problem } from '../aks/endpoint/syntax.ts';
import type { Origin, Probe } from '../walk/probe.ts';
import { type Ipv4, parseIpv4 } from '../wire/ipv4.ts';
import type { World } from '../world/world.ts';
import type { Send } from './schema/check.ts';

/** A probe as somebody asks for it: endpoints by name. */
export interface ProbeRequest {
  readonly from: string;
  readonly to: string;
  /** Default: what the service says, else TCP where there is a port, else ICMP. */
  readonly proto: 'tcp' | 'udp' | 'icmp' | null;
  readonly send: Send;
}

/** Which half of a request is wrong, for its place. */
export interface RequestProblem extends EndpointProblem {
  readonly field: 'from' | 'to' | 'sport' | 'src' | 'spoof';
}

/** The probe that a request means in this world. */
export function probeOf(request: ProbeRequest, world: World): Probe | RequestProblem {
  const source = parseEndpoint(request.from);
  if (isProblem(source)) return { ...source, field: 'from' };
  const from = originOf(world, source);
  if (isProblem(from)) return { ...from, field: 'from' };
  if (from.kind === 'external')
    return { ...problem(`${from.host} is no machine here and can not send`, 'a host that listens or sends'), field: 'from' };
  const endpoint = parseEndpoint(request.to);
  const target = isProblem(endpoint) ? endpoint : targetOf(world, endpoint, from, request.proto);
  if (isProblem(target)) return { ...target, field: 'to' };
  const proto = request.proto ?? target.proto ?? (target.port === null ? 'icmp' : 'tcp');
  if (proto !== 'icmp' && target.port === null)
    return { ...problem(`${request.to} has no port for ${proto}`, `${request.to}:PORT`), field: 'to' };
  const options = sendOptions(request.send, world, from);
  if ('field' in options) return options;
  const sport = sourcePort(source, request, proto);
  if (sport !== null && typeof sport === 'object') return sport;
  return {
    label: request.from,
    from,
    proto,
    dst: target.addr,
    ...(proto === 'icmp' || target.port === null ? {} : { dport: target.port }),
    ...options,
    ...(sport === null ? {} : { sport }),
  };
}

/** The port behind the sender's name is its source port. */
function sourcePort(source: Endpoint, { from, send }: ProbeRequest, proto: Probe['proto']): number | null | RequestProblem {
  const named = 'port' in source && typeof source.port === 'number' ? source.port : null;
  if (named !== null && proto === 'icmp') return { ...problem(`${from} has a port, and ICMP has none`, 'no port'), field: 'from' };
  if (named !== null && send.sport !== undefined && send.sport !== named)
    return { ...problem(`${from} sends from port ${named}, and sport is ${send.sport}`, 'one of them'), field: 'sport' };
  const sport = named ?? send.sport ?? null;
  if (sport === 0 && proto !== 'icmp') return { ...problem(`there is no ${proto} port 0`, 'a number from 1 to 65535'), field: 'sport' };
  return sport;
}

type Options = Omit<Probe, 'label' | 'from' | 'proto' | 'dst' | 'dport' | 'id'>;

function sendOptions(send: Send, world: World, from: Origin): Options | RequestProblem {
  const { src, spoof, size, df, ...same } = send;
  const source = src === undefined ? undefined : addressOf(src, world);
  if (source !== undefined && isAddressProblem(source)) return { ...source, field: 'src' };
  const spoofed = spoof === undefined ? undefined : addressOf(spoof, world);
  if (spoofed !== undefined && isAddressProblem(spoofed)) return { ...spoofed, field: 'spoof' };
  if (from.kind === 'link' && source === undefined)
    return { ...problem('a frame put in at a link has no source', 'an address'), field: 'src' };
  return {
    ...same,
    ...(source === undefined ? {} : { src: source }),
    ...(spoofed === undefined ? {} : { spoof: spoofed }),
    ...(size === undefined ? {} : { sizeBytes: size }),
    df: df ?? 'auto',
  };
}

function isAddressProblem(value: Ipv4 | EndpointProblem): value is EndpointProblem {
  return typeof value === 'object';
}

function addressOf(text: string, world: World): Ipv4 | EndpointProblem {
  const addr = parseIpv4(text);
  if (addr !== null) return addr;
  const endpoint = parseEndpoint(text);
  if (isProblem(endpoint) || endpoint.kind === 'svc') return problem(`"${text}" is not an address`, 'an IPv4 address');
  const target = targetOf(world, endpoint, { kind: 'external', host: '' });
  return isProblem(target) ? target : target.addr;
}
