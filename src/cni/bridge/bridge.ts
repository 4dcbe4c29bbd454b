import { type Host, type Netns, ROOT } from '../../linux/netns.ts';
import { addLink, addVethPair } from '../../linux/ops/add-link.ts';
import { addAddress as addLinkAddress } from '../../linux/ops/addresses.ts';
import { setMaster, setPort } from '../../linux/ops/bridge.ts';
import { deleteLink } from '../../linux/ops/delete-link.ts';
import { linkOf, netnsOf } from '../../linux/ops/edit.ts';
import { addRoute } from '../../linux/ops/routes.ts';
import { setFlags, setMac } from '../../linux/ops/set-link.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import { setUp } from '../../linux/ops/set-up.ts';
import { confName } from '../../linux/sysctl.ts';
import { type Random, nextUint32 } from '../../sim/random.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import type { Mac } from '../../wire/mac.ts';
import { DEFAULT_ROUTE, lastAddress, prefixOf } from '../../wire/prefix.ts';
import type { BridgeConfig } from '../conflist.ts';
import { addAddress, checkAddress, delAddress } from '../ipam.ts';
import { leadsTo } from '../leads-to.ts';
import { type CniAddress, type CniArgs, type CniEnv, type CniOutcome, type CniResult, done, failed } from '../plugin.ts';
import { randomMac } from '../random-mac.ts';
import { firstRefusal } from '../steps.ts';

const ORIGIN = 'bridge';
const PREFIX = 'plugin type="bridge" failed (add): ';

/**
 * Joins a pod to a bridge of the host, which it makes when it is not there yet.
 * @source containernetworking/plugins plugins/main/bridge/bridge.go cmdAdd
 */
export function add(env: CniEnv, config: BridgeConfig, args: CniArgs): CniOutcome<CniResult> {
  const { host, random } = env;
  if (config.hairpinMode && config.promiscMode) return failed(`${PREFIX}cannot set hairpin mode and promiscuous mode at the same time`);
  const root = netnsOf(host, ROOT);
  const pod = netnsOf(host, args.netns);
  if (root === null || pod === null) return failed(`${PREFIX}failed to open netns "${args.netns}"`);
  const bridgeRefusal = ensureBridge(host, root, config, random);
  if (bridgeRefusal !== null) return failed(`${PREFIX}failed to create bridge "${config.bridge}": ${bridgeRefusal}`);
  const bridgeMac = linkOf(root, config.bridge)?.mac;
  const podMac = randomMac(random);
  const hostLink = freeVethName(root, random);
  const vethRefusal = joinBridge(host, root, config, args, hostLink, randomMac(random), podMac);
  if (vethRefusal !== null) return failed(`${PREFIX}failed to make veth pair: ${vethRefusal}`);
  const address = addAddress(env, config.ipam, args);
  if (!address.ok) return failed(`${PREFIX}${address.error}`);
  const refusal = setUpPod(host, pod, address.value, args) ?? setUpGateway(root, config, address.value, bridgeMac);
  if (refusal !== null) return failed(`${PREFIX}${refusal}`);
  const { addr, len, gateway } = address.value;
  return done({ addr, len, gateway, hostLink, mac: podMac });
}

/** Deletes the pod's end, and with it the host's, and gives the address back. The bridge stays. */
export function del(env: CniEnv, config: BridgeConfig, args: CniArgs): void {
  const pod = netnsOf(env.host, args.netns);
  if (pod !== null && linkOf(pod, args.ifName) !== null) deleteLink(env.host, args.netns, args.ifName);
  delAddress(env, config.ipam, args);
}

/** @source bridge.go cmdCheck, pkg/ip/utils_linux.go ValidateExpectedRoute */
export function check(env: CniEnv, config: BridgeConfig, args: CniArgs, result: CniResult): string | null {
  const root = netnsOf(env.host, ROOT);
  const pod = netnsOf(env.host, args.netns);
  if (root === null || pod === null) return `failed to open netns "${args.netns}"`;
  const bridge = linkOf(root, config.bridge);
  if (bridge?.kind.type !== 'bridge') return `CNI created bridge ${config.bridge} in host namespace was not found`;
  if (bridge.promisc !== config.promiscMode) {
    return `Bridge interface ${config.bridge} configured Promisc Mode ${config.promiscMode} doesn't match current state: ${bridge.promisc} `;
  }
  const podEnd = linkOf(pod, args.ifName);
  if (podEnd === null) return `CNI created interface in container ${args.ifName} not found`;
  if (linkOf(root, result.hostLink)?.master !== config.bridge) return `CNI veth created for bridge ${config.bridge} was not found`;
  if (!podEnd.addresses.some((address) => address.local === result.addr)) return `the pod has lost ${formatIpv4(result.addr)}`;
  if (!leadsTo(pod, DEFAULT_ROUTE.addr, DEFAULT_ROUTE.len, args.ifName)) return 'Expected Route 0.0.0.0/0 not found in routing table';
  return checkAddress(env, config.ipam, args, result);
}

function ensureBridge(host: Host, root: Netns, config: BridgeConfig, random: Random): string | null {
  const { bridge } = config;
  const present = linkOf(root, bridge);
  if (present !== null && present.kind.type !== 'bridge') return `"${bridge}" already exists but is not a bridge`;
  return firstRefusal([
    () => {
      if (present !== null) return 'ok';
      const kind = { type: 'bridge', vlanFiltering: false, stp: false, ageingMs: 300_000 } as const;
      return addLink(root, { name: bridge, kind, mac: randomMac(random), mtuBytes: config.mtuBytes });
    },
    () => (config.promiscMode ? setFlags(root, bridge, { promisc: true }) : 'ok'),
    () => setUp(host, ROOT, bridge),
  ]);
}

/** The pair is made inside the pod; the host's end appears in the first namespace. @source pkg/ip/link_linux.go SetupVeth */
function joinBridge(
  host: Host,
  root: Netns,
  config: BridgeConfig,
  args: CniArgs,
  hostLink: string,
  hostMac: Mac,
  podMac: Mac,
): string | null {
  const { mtuBytes, bridge, hairpinMode } = config;
  return firstRefusal([
    () =>
      addVethPair(
        host,
        { netns: args.netns, name: args.ifName, mac: podMac, mtuBytes },
        { netns: ROOT, name: hostLink, mac: hostMac, mtuBytes },
        args.netns,
      ),
    () => setUp(host, ROOT, hostLink),
    () => setMaster(root, hostLink, bridge),
    () => setPort(root, hostLink, { hairpin: hairpinMode }),
  ]);
}

function setUpPod(host: Host, pod: Netns, address: CniAddress, args: CniArgs): string | null {
  const { ifName } = args;
  return firstRefusal([
    () => setSysctl(pod, confName(ifName, 'arp_notify'), '1'),
    () => setUp(host, args.netns, ifName),
    () => addLinkAddress(pod, ifName, withBroadcast(address)),
    () => addRoute(pod, { dst: DEFAULT_ROUTE.addr, len: 0, dev: ifName, via: address.gateway, origin: ORIGIN }),
  ]);
}

/** The bridge gets the gateway's address; its Ethernet address is set to itself, so that it does not follow its ports. */
function setUpGateway(root: Netns, config: BridgeConfig, address: CniAddress, bridgeMac: Mac | undefined): string | null {
  if (!config.isGateway) return null;
  const { bridge } = config;
  const gateway = { addr: address.gateway, len: address.len };
  const present = linkOf(root, bridge)?.addresses ?? [];
  if (present.some((one) => one.local === gateway.addr && one.len === gateway.len)) return null;
  const other = present[0];
  if (other !== undefined)
    return `failed to set bridge addr: "${bridge}" already has an IP address different from ${formatIpv4(gateway.addr)}/${gateway.len}`;
  return firstRefusal([
    () => addLinkAddress(root, bridge, withBroadcast(gateway)),
    () => (bridgeMac === undefined ? 'ok' : setMac(root, bridge, bridgeMac)),
    () => setSysctl(root, 'net.ipv4.ip_forward', '1'),
  ]);
}

/** netlink's Go library adds the subnet's broadcast address by itself. @source vishvananda/netlink addr_linux.go addrHandle */
function withBroadcast({ addr, len }: Pick<CniAddress, 'addr' | 'len'>): {
  local: CniAddress['addr'];
  len: number;
  broadcast: CniAddress['addr'] | null;
} {
  return { local: addr, len, broadcast: len < 31 ? lastAddress(prefixOf(addr, len)) : null };
}

/** `veth` and eight random hexadecimal digits that nobody has. @source pkg/ip/link_linux.go RandomVethName */
function freeVethName(root: Netns, random: Random): string {
  for (;;) {
    const name = `veth${nextUint32(random).toString(16).padStart(8, '0')}`;
    if (linkOf(root, name) === null) return name;
  }
}
