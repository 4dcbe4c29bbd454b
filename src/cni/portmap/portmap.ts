import { sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { type Netns, ROOT } from '../../linux/netns.ts';
import { parseRule } from '../../linux/netfilter/parse-rule.ts';
import type { TableEditor } from '../../linux/netfilter/table-editor.ts';
import { TablesEdit } from '../../linux/netfilter/tables-edit.ts';
import { netnsOf } from '../../linux/ops/edit.ts';
import { setSysctl } from '../../linux/ops/set-sysctl.ts';
import { confName } from '../../linux/sysctl.ts';
import { formatIpv4 } from '../../wire/ipv4.ts';
import { formatPrefix, prefixOf } from '../../wire/prefix.ts';
import type { PortmapConfig } from '../conflist.ts';
import { containerIdOf } from '../identity.ts';
import type { CniArgs, CniEnv, CniResult, PortMapping } from '../plugin.ts';

const TOP = 'CNI-HOSTPORT-DNAT';
const SETMARK = 'CNI-HOSTPORT-SETMARK';
const MASQ = 'CNI-HOSTPORT-MASQ';
const MARK = '0x2000/0x2000';
const ORIGIN = 'portmap';
/** What `-m multiport` takes in one rule. */
const PORTS_PER_RULE = 15;
const MAX_COMMENT = 255;

/**
 * Opens the pod's host ports on the node: DNAT chains in table nat, and masquerading where the answer would miss the node.
 * @source containernetworking/plugins plugins/meta/portmap/portmap.go, portmap_iptables.go
 */
export function add(env: CniEnv, network: string, config: PortmapConfig, args: CniArgs, result: CniResult): void {
  const root = netnsOf(env.host, ROOT);
  if (root === null || args.portMappings.length === 0) return;
  const tables = new TablesEdit(root.iptables);
  const nat = tables.table('nat');
  if (config.snat && config.externalSetMarkChain === null) ensureMarkChains(nat);
  ensureChain(nat, TOP);
  for (const chain of ['PREROUTING', 'OUTPUT']) ensureRule(nat, chain, `-m addrtype --dst-type LOCAL -j ${TOP}`, 'append');
  const chain = chainName(network, containerIdOf(args.netns));
  nat.declare(chain);
  nat.insert(chain, null, dnatRules(config, args.portMappings, result).map(rule));
  for (const entry of entryRules(network, args, chain)) ensureRule(nat, TOP, entry, 'append');
  root.iptables = tables.done();
  if (config.snat) setSysctl(root, confName(deviceTowards(root, result), 'route_localnet'), '1');
}

/** Takes the container's chain away. The chains that all containers share stay. */
export function del(env: CniEnv, network: string, args: CniArgs): void {
  const root = netnsOf(env.host, ROOT);
  if (args.portMappings.length === 0) return;
  const chain = chainName(network, containerIdOf(args.netns));
  if (root?.iptables.nat?.chains.some((one) => one.name === chain) !== true) return;
  const tables = new TablesEdit(root.iptables);
  const nat = tables.table('nat');
  for (let at = nat.rules(TOP).length - 1; at >= 0; at--) {
    const target = nat.rules(TOP)[at]?.target;
    if (target?.t === 'jump' && target.chain === chain) nat.remove(TOP, at);
  }
  nat.delete(chain);
  root.iptables = tables.done();
}

/** Whether the container's rules are all there. */
export function check(env: CniEnv, network: string, config: PortmapConfig, args: CniArgs, result: CniResult): string | null {
  const root = netnsOf(env.host, ROOT);
  if (root === null || args.portMappings.length === 0) return null;
  const nat = new TablesEdit(root.iptables).table('nat');
  const chain = chainName(network, containerIdOf(args.netns));
  if (!nat.has(chain)) return `could not check ipv4 dnat: chain ${chain} not found`;
  const missing = dnatRules(config, args.portMappings, result).find((text) => nat.find(chain, rule(text)) < 0);
  if (missing !== undefined) return `could not check ipv4 dnat: rule ${missing} in chain ${chain} not found`;
  const entry = entryRules(network, args, chain).find((text) => nat.find(TOP, rule(text)) < 0);
  return entry === undefined ? null : `could not check ipv4 dnat: rule ${entry} in chain ${TOP} not found`;
}

/** The chain of one container: 28 characters. @source pkg/utils/utils.go MustFormatChainNameWithPrefix */
export function chainName(network: string, containerId: string): string {
  return `CNI-DN-${bytesToHex(sha512(utf8ToBytes(network + containerId))).slice(0, 21)}`;
}

function rule(args: string): ReturnType<typeof parseRule> {
  return parseRule(args, ORIGIN);
}

function ensureChain(nat: TableEditor, name: string): void {
  if (!nat.has(name)) nat.declare(name);
}

function ensureRule(nat: TableEditor, chain: string, args: string, position: 'append' | 'prepend'): void {
  const wanted = rule(args);
  if (nat.find(chain, wanted) < 0) nat.insert(chain, position === 'append' ? null : 0, [wanted]);
}

function ensureMarkChains(nat: TableEditor): void {
  ensureChain(nat, SETMARK);
  ensureRule(nat, SETMARK, `-m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark ${MARK}`, 'append');
  ensureChain(nat, MASQ);
  ensureRule(nat, MASQ, `-m mark --mark ${MARK} -j MASQUERADE`, 'append');
  ensureRule(nat, 'POSTROUTING', `-m comment --comment "CNI portfwd requiring masquerade" -j ${MASQ}`, 'prepend');
}

/** How packets to the host ports of a container get into its chain, by protocol, fifteen ports a rule. */
function entryRules(network: string, args: CniArgs, chain: string): string[] {
  const comment = `dnat name: \\"${network}\\" id: \\"${containerIdOf(args.netns)}\\"`.slice(0, MAX_COMMENT);
  return (['sctp', 'tcp', 'udp'] as const).flatMap((protocol) => {
    const ports = args.portMappings.filter((mapping) => mapping.protocol === protocol).map((mapping) => mapping.hostPort);
    const groups = Array.from({ length: Math.ceil(ports.length / PORTS_PER_RULE) }, (_, i) =>
      ports.slice(i * PORTS_PER_RULE, (i + 1) * PORTS_PER_RULE),
    );
    return groups.map(
      (group) => `-m comment --comment "${comment}" -p ${protocol} -m multiport --destination-ports ${group.join(',')} -j ${chain}`,
    );
  });
}

/** For each port: mark what comes from the pods' own subnet and from localhost, then translate. */
function dnatRules(config: PortmapConfig, mappings: readonly PortMapping[], result: CniResult): string[] {
  const subnet = formatPrefix(prefixOf(result.addr, result.len));
  const mark = config.externalSetMarkChain ?? SETMARK;
  return mappings.flatMap(({ protocol, hostPort, containerPort, hostIp }) => {
    const match = `-p ${protocol} -m ${protocol} --dport ${hostPort}${hostIp === null ? '' : ` -d ${formatIpv4(hostIp)}`}`;
    const marks = config.snat ? [`${match} -s ${subnet} -j ${mark}`, `${match} -s 127.0.0.1 -j ${mark}`] : [];
    return [...marks, `${match} -j DNAT --to-destination ${formatIpv4(result.addr)}:${containerPort}`];
  });
}

/** The host's device towards the pod: the bridge that its veth is a port of, else the veth. @source portmap/utils.go getRoutableHostIF */
function deviceTowards(root: Netns, result: CniResult): string {
  return root.links.find((link) => link.name === result.hostLink)?.master ?? result.hostLink;
}
