import { createNetnsSession } from '../../../../src/linux/netns-session.ts';
import { compileNetns } from '../../../../src/linux/compiled-netns.ts';
import { EHOSTUNREACH } from '../../../../src/linux/fib/errno.ts';
import { Flow } from '../../../../src/linux/fib/flow.ts';
import { routeInput } from '../../../../src/linux/fib/route-input.ts';
import { routeOutput } from '../../../../src/linux/fib/route-output.ts';
import type { RoutingStack } from '../../../../src/linux/fib/select-path.ts';
import type { Netns } from '../../../../src/linux/netns.ts';
import { Skb } from '../../../../src/linux/skb.ts';
import { ANY, type Ipv4, formatIpv4 } from '../../../../src/wire/ipv4.ts';
import { UDP } from '../../../../src/wire/proto.ts';
import { rows } from './namespace.ts';

/** A question for `ip route get`. */
export interface Question {
  readonly dst: Ipv4;
  readonly src: Ipv4 | null;
  readonly iif: string | null;
  readonly oif: string | null;
  readonly mark: number;
  readonly tos: number;
  readonly dport: number;
}

/** The words of the question. */
export function command({ dst, src, iif, oif, mark, tos, dport }: Question): string {
  const words = [`route get ${formatIpv4(dst)}`];
  if (src !== null) words.push(`from ${formatIpv4(src)}`);
  if (iif !== null) words.push(`iif ${iif}`);
  if (oif !== null) words.push(`oif ${oif}`);
  if (mark !== 0) words.push(`mark ${mark}`);
  if (tos !== 0) words.push(`tos 0x${tos.toString(16)}`);
  if (dport !== 0) words.push(`ipproto udp dport ${dport}`);
  return words.join(' ');
}

interface AnswerJson {
  type?: string;
  gateway?: string;
  dev?: string;
  prefsrc?: string;
  from?: string;
  cache?: string[];
}

/** The kernel's answer in one line: type, gateway, device, source, whether a redirect is due. */
export function realAnswer(json: string, question: Question): string {
  const [answer] = rows<AnswerJson>(json);
  if (answer === undefined) return 'nothing';
  const input = question.iif !== null;
  const source = input ? '' : ` src ${answer.prefsrc ?? answer.from ?? '-'}`;
  // What leaves by the loopback for one host comes back to this one: the model calls all of it local.
  const isForMany = answer.type === 'broadcast' || answer.type === 'multicast';
  if (!input && answer.dev === 'lo' && !isForMany) return `local - lo${source}`;
  // Gateways by way of the loopback are nobody's: which of them count as this host depends on when they were added.
  if (answer.type === undefined && answer.dev === 'lo') return FORWARD_TO_SELF;
  const redirect = answer.cache?.includes('redirect') === true ? ' redirect' : '';
  return `${answer.type ?? 'unicast'} ${answer.gateway ?? '-'} ${answer.dev ?? '-'}${source}${redirect}`;
}

const FORWARD_TO_SELF = 'unicast lo';

/** A namespace at run time in which every choice falls on the way of one index. */
export function routingStack(netns: Netns, choice: number): RoutingStack {
  const choose = ({ odds }: { readonly odds: readonly number[] }): number => Math.min(choice, odds.length - 1);
  return { at: 'm/a', netns: compileNetns(netns), session: createNetnsSession('m/a'), effects: { choose, nowMs: 0 } };
}

/** The model's answer in the same line, or what `ip` would say. */
export function modelAnswer(stack: RoutingStack, question: Question): string {
  return question.iif === null ? outputAnswer(stack, question) : inputAnswer(stack, question, question.iif);
}

function inputAnswer(stack: RoutingStack, question: Question, iif: string): string {
  const device = stack.netns.deviceByName.get(iif);
  if (device === undefined) return `Cannot find device "${iif}"`;
  const skb = new Skb();
  skb.dst = question.dst;
  skb.src = question.src ?? ANY;
  skb.mark = question.mark;
  skb.tos = question.tos;
  skb.proto = UDP;
  skb.dport = question.dport;
  const route = routeInput(stack, skb, device);
  switch (route.kind) {
    case 'local':
    case 'broadcast':
    case 'multicast':
      return `${route.kind} - lo`;
    case 'forward':
      if (route.device.isLoopback) return FORWARD_TO_SELF;
      return `unicast ${route.gateway === ANY ? '-' : formatIpv4(route.gateway)} ${route.device.name}${route.redirect ? ' redirect' : ''}`;
    case 'drop':
      return route.reason === 'IP_INADDRERRORS' ? errorText(EHOSTUNREACH) : errorText(22);
    case 'unreachable':
      return errorText(route.errno);
    case 'unknown':
      return route.text;
  }
}

function outputAnswer(stack: RoutingStack, question: Question): string {
  const flow = new Flow().reset(question.dst, question.src ?? ANY);
  flow.oif = question.oif === null ? null : (stack.netns.deviceByName.get(question.oif) ?? null);
  flow.mark = question.mark;
  flow.tos = question.tos;
  flow.proto = UDP;
  flow.dport = question.dport;
  flow.uid = 0;
  const route = routeOutput(stack, flow);
  if (route.kind === 'error') return errorText(route.errno);
  if (route.kind === 'unknown') return route.text;
  const source = flow.src === ANY ? '-' : formatIpv4(flow.src);
  return `${route.kind} ${route.gateway === ANY ? '-' : formatIpv4(route.gateway)} ${route.device.name} src ${source}`;
}

function errorText(errno: number): string {
  const texts: Readonly<Record<number, string>> = {
    13: 'Permission denied',
    19: 'No such device',
    22: 'Invalid argument',
    101: 'Network is unreachable',
    113: 'No route to host',
  };
  return `RTNETLINK answers: ${texts[errno] ?? errno}`;
}
