import { type Ipv4, compareIpv4, formatIpv4, offsetIpv4 } from '../../wire/ipv4.ts';
import { type Prefix, contains, lastAddress } from '../../wire/prefix.ts';
import { containerIdOf } from '../identity.ts';
import { type Lease, leaseFor, leaseOf } from '../lease.ts';
import { type CniAddress, type CniArgs, type CniEnv, type CniOutcome, done, failed } from '../plugin.ts';
import { newHostLocalState } from './state.ts';

/** The `ipam` section of a conflist. */
export interface HostLocalConfig {
  readonly type: 'host-local';
  readonly range: Prefix;
}

/** The range's first host address is the gateway and is given to nobody. @source allocator Range.Canonicalize */
function gatewayOf(range: Prefix): Ipv4 {
  return offsetIpv4(range.addr, 1);
}

/**
 * Gives the next free address behind the last one given, round and round, so that a released address rests until the range has been run
 * through.
 * @source containernetworking/plugins plugins/ipam/host-local/backend/allocator/allocator.go
 */
export function add(env: CniEnv, config: HostLocalConfig, args: CniArgs): CniOutcome<CniAddress> {
  const state = (env.state.hostLocal ??= newHostLocalState());
  const { range } = config;
  const rangeSet = `${formatIpv4(offsetIpv4(range.addr, 1))}-${formatIpv4(lastHost(range))}`;
  const held = leaseOf(state.leases, args.netns, args.ifName);
  if (held !== undefined) {
    return failed(`${formatIpv4(held.addr)} has been allocated to ${containerIdOf(args.netns)}, duplicate allocation is not allowed`);
  }
  if (args.addr !== null) {
    const wanted = formatIpv4(args.addr);
    if (!isHost(range, args.addr)) return failed(`requested IP address ${wanted} is not in range set ${rangeSet}`);
    if (args.addr === gatewayOf(range)) return failed(`requested ip ${wanted} is subnet's gateway`);
    if (leaseFor(state.leases, args.addr) !== undefined) {
      return failed(`requested IP address ${wanted} is not available in range set ${rangeSet}`);
    }
  }
  const addr = args.addr ?? nextFree(range, state.leases, state.lastReserved);
  if (addr === null) return failed(`no IP addresses available in range set: ${rangeSet}`);
  state.leases = [...state.leases, { addr, netns: args.netns, ifName: args.ifName }];
  state.lastReserved = addr;
  return done({ addr, len: range.len, gateway: gatewayOf(range) });
}

/** Releases whatever the container holds; nothing held is no error. */
export function del(env: CniEnv, args: CniArgs): void {
  const state = env.state.hostLocal;
  if (state === null || leaseOf(state.leases, args.netns, args.ifName) === undefined) return;
  state.leases = state.leases.filter((lease) => lease.netns !== args.netns || lease.ifName !== args.ifName);
}

export function check(env: CniEnv, args: CniArgs): string | null {
  const held = leaseOf(env.state.hostLocal?.leases ?? [], args.netns, args.ifName);
  return held === undefined ? `host-local: Failed to find address added by container ${containerIdOf(args.netns)}` : null;
}

function lastHost(range: Prefix): Ipv4 {
  return offsetIpv4(lastAddress(range), -1);
}

function isHost(range: Prefix, addr: Ipv4): boolean {
  return contains(range, addr) && addr !== range.addr && addr !== lastAddress(range);
}

function nextFree(range: Prefix, leases: readonly Lease[], last: Ipv4 | null): Ipv4 | null {
  const first = offsetIpv4(range.addr, 1);
  const end = lastHost(range);
  if (compareIpv4(first, end) > 0) return null;
  const start = last === null || !isHost(range, last) || last === end ? first : offsetIpv4(last, 1);
  let addr = start;
  do {
    if (addr !== gatewayOf(range) && leaseFor(leases, addr) === undefined) return addr;
    addr = addr === end ? first : offsetIpv4(addr, 1);
  } while (addr !== start);
  return null;
}
