import { addVethPair } from '../../linux/ops/add-link.ts';
import { addAddress as addLinkAddress } from '../../linux/ops/addresses.ts';
import { deleteLink, moveToNetns } from '../../linux/ops/delete-link.ts';
import { linkOf, netnsOf } from '../../linux/ops/edit.ts';
import { addNeighbour } from '../../linux/ops/neighbours.ts';
import { addRoute, deleteRoute } from '../../linux/ops/routes.ts';
import { renameLink, setFlags, setMtu } from '../../linux/ops/set-link.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import { setDown, setUp } from '../../linux/ops/set-up.ts';
import { FILE_EXISTS } from '../../linux/ops/result.ts';
import type { Neighbour } from '../../linux/neighbour.ts';
import { type Host, type Netns, ROOT } from '../../linux/netns.ts';
import { confName, readSysctl } from '../../linux/sysctl.ts';
import { hexName, sha1Of } from '../../wire/digest.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { type Mac, mac } from '../../wire/mac.ts';
import { DEFAULT_ROUTE, prefixOf } from '../../wire/prefix.ts';
import type { AzureVnetConfig } from '../conflist.ts';
import { addAddress, checkAddress, delAddress } from '../ipam.ts';
import { type CniAddress, type CniArgs, type CniEnv, type CniOutcome, type CniResult, done, failed } from '../plugin.ts';
import type { CniState } from '../state.ts';
import { randomMac } from '../random-mac.ts';
import { leadsTo } from '../leads-to.ts';
import { firstRefusal } from '../steps.ts';
import { VIRTUAL_GATEWAY } from '../virtual-gateway.ts';

/** The interface that azure-vnet takes as its way out, and whose MTU pods get. */
const MASTER = 'eth0';
/** The Ethernet address of every host end; pods know it without asking. */
const HOST_VETH_MAC: Mac = mac('aa:aa:aa:aa:aa:aa');
const ORIGIN = 'azure-vnet';

/** The MTU that the kernel gives to a new veth. */
const NEW_LINK_MTU_BYTES = 1500;
/** The pod's entry for its gateway; one object for all pods. */
const GATEWAY_NEIGHBOUR: Neighbour = Object.freeze({
  ip: VIRTUAL_GATEWAY,
  mac: HOST_VETH_MAC,
  dev: 'eth0',
  state: 'probe',
  origin: ORIGIN,
});

/** The host end of a pod's veth: a function of its namespace and name alone. @source network/endpoint_linux.go generateVethName */
export function hostVethName(pod: { readonly namespace: string; readonly name: string }): string {
  return hexName('azv', sha1Of(`${pod.namespace}.${pod.name}`), 11);
}

/**
 * Joins a pod to the host by a routed veth, in transparent mode: a /32 route to it on the host, a virtual gateway in the pod.
 * @source Azure/azure-container-networking network/transparent_endpointclient_linux.go AddEndpoints … ConfigureContainerInterfacesAndRoutes
 */
export function add(env: CniEnv, config: AzureVnetConfig, args: CniArgs): CniOutcome<CniResult> {
  const { host } = env;
  const root = netnsOf(host, ROOT);
  const pod = netnsOf(host, args.netns);
  const master = root === null ? null : linkOf(root, MASTER);
  if (root === null || pod === null || master === null) return failed(`no interface ${MASTER} or no namespace ${args.netns}`);
  // The network is made with the first pod.
  if (env.state.azureVnet === null && env.nic !== null) {
    env.state.azureVnet = { master: MASTER, masterMac: master.mac, subnet: env.nic.subnet, endpoints: [] };
  }
  const outcome = allocate(env, config, args);
  if (!outcome.ok) return outcome;
  const { hostLink, mac: podMac } = outcome.value;
  const refusal =
    joinHost(host, root, hostLink, outcome.value, args, podMac, master.mtuBytes) ?? setUpPod(host, pod, hostLink, outcome.value, args);
  if (refusal !== null) return failed(`plugin type="azure-vnet" failed (add): Failed to create endpoint: ${refusal}`);
  remember(env.state, [args.netns]);
  return outcome;
}

/** The first part of ADD: an address from the IPAM plug-in, and the names of the two ends. */
export function allocate(env: CniEnv, config: AzureVnetConfig, args: CniArgs): CniOutcome<CniResult> {
  const address = addAddress(env, config.ipam, args);
  if (!address.ok) return failed(`plugin type="azure-vnet" failed (add): IPAM Invoker Add failed with error: ${address.error}`);
  const { addr, len, gateway } = address.value;
  return done({ addr, len, gateway, hostLink: hostVethName(args.pod), mac: randomMac(env.random) });
}

/** The last part of ADD: the endpoints are saved. */
export function remember({ azureVnet }: CniState, endpoints: readonly string[]): void {
  if (azureVnet === null) return;
  const known = new Set(azureVnet.endpoints);
  const added = endpoints.filter((netns) => !known.has(netns));
  if (added.length > 0) azureVnet.endpoints = azureVnet.endpoints.concat(added);
}

/** Takes away the pod's route and gives its address back. The veth stays: it vanishes with the pod's namespace. */
export function del(env: CniEnv, config: AzureVnetConfig, args: CniArgs, result: CniResult | null): void {
  const root = netnsOf(env.host, ROOT);
  if (root !== null && result !== null) deleteRoute(root, { dst: result.addr, len: 32, dev: result.hostLink });
  const state = env.state.azureVnet;
  if (state?.endpoints.includes(args.netns) === true) state.endpoints = state.endpoints.filter((netns) => netns !== args.netns);
  delAddress(env, config.ipam, args);
}

/** Whether everything that ADD made is there. (The real plug-in checks nothing.) */
export function check(env: CniEnv, config: AzureVnetConfig, args: CniArgs, result: CniResult): string | null {
  const root = netnsOf(env.host, ROOT);
  const pod = netnsOf(env.host, args.netns);
  if (root === null || pod === null) return `azure-vnet: namespace ${args.netns} is gone`;
  const hostEnd = linkOf(root, result.hostLink);
  const podEnd = linkOf(pod, args.ifName);
  if (hostEnd?.up !== true) return `azure-vnet: ${result.hostLink} is gone or down`;
  if (podEnd?.up !== true) return `azure-vnet: ${args.ifName} of the pod is gone or down`;
  if (hostEnd.mac !== HOST_VETH_MAC) return `azure-vnet: ${result.hostLink} has the address ${hostEnd.mac}`;
  if (!podEnd.addresses.some((address) => address.local === result.addr)) return `azure-vnet: the pod has lost ${formatIpv4(result.addr)}`;
  if (!leadsTo(root, result.addr, 32, result.hostLink)) return `azure-vnet: no route to ${formatIpv4(result.addr)} on the host`;
  if (readSysctl(root.sysctls, confName(result.hostLink, 'proxy_arp')) !== '1') return `azure-vnet: proxy_arp of ${result.hostLink} is off`;
  if (!leadsTo(pod, VIRTUAL_GATEWAY, 32, args.ifName)) return 'azure-vnet: the pod has no route to its gateway';
  if (!leadsTo(pod, DEFAULT_ROUTE.addr, DEFAULT_ROUTE.len, args.ifName)) return 'azure-vnet: the pod has no default route';
  return checkAddress(env, config.ipam, args, result);
}

function joinHost(
  host: Host,
  root: Netns,
  hostLink: string,
  address: CniAddress,
  args: CniArgs,
  podMac: Mac,
  mtuBytes: number,
): string | null {
  const temporary = `${hostLink}2`;
  // A pod of the same name that was here before may have left its host end behind.
  if (linkOf(root, hostLink) !== null) deleteLink(host, ROOT, hostLink);
  return firstRefusal([
    () => addVethPair(host, { netns: ROOT, name: hostLink, mac: HOST_VETH_MAC }, { netns: ROOT, name: temporary, mac: podMac }, args.netns),
    () => setUp(host, ROOT, hostLink),
    () => (mtuBytes === NEW_LINK_MTU_BYTES ? 'ok' : setMtu(root, hostLink, mtuBytes)),
    () => (mtuBytes === NEW_LINK_MTU_BYTES ? 'ok' : setMtu(root, temporary, mtuBytes)),
    () => {
      const spec = { dst: address.addr, len: 32, dev: hostLink, scope: 'global', protocol: 'static', origin: ORIGIN } as const;
      const result = addRoute(root, spec);
      return result === FILE_EXISTS ? 'ok' : result;
    },
    () => setSysctl(root, confName(hostLink, 'proxy_arp'), '1'),
    // The request carries a full change mask, and so turns IFF_MULTICAST off.
    () => setFlags(root, temporary, { multicast: false }),
    () => moveToNetns(host, ROOT, temporary, args.netns),
  ]);
}

function setUpPod(host: Host, pod: Netns, hostLink: string, address: CniAddress, args: CniArgs): string | null {
  const temporary = `${hostLink}2`;
  const { ifName } = args;
  const subnet = prefixOf(address.addr, address.len);
  return firstRefusal([
    () => setDown(host, args.netns, temporary),
    () => renameLink(pod, temporary, ifName),
    () => setUp(host, args.netns, ifName),
    () => addLinkAddress(pod, ifName, { local: address.addr, len: address.len }),
    () => deleteRoute(pod, { dst: subnet.addr, len: subnet.len, dev: ifName, protocol: 'kernel', scope: 'link' }),
    () => addRoute(pod, { dst: VIRTUAL_GATEWAY, len: 32, dev: ifName, scope: 'link', protocol: 'static', origin: ORIGIN }),
    () => addRoute(pod, { dst: DEFAULT_ROUTE.addr, len: 0, dev: ifName, via: VIRTUAL_GATEWAY, protocol: 'static', origin: ORIGIN }),
    // The log calls the entry static; it is NUD_PROBE, and the host confirms it by proxy ARP.
    () => addNeighbour(pod, ifName === GATEWAY_NEIGHBOUR.dev ? GATEWAY_NEIGHBOUR : { ...GATEWAY_NEIGHBOUR, dev: ifName }, 'replace'),
  ]);
}
