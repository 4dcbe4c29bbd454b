import { confName, neighName, readSysctl, type Sysctls } from './sysctl.ts';
import type { AlikeDevices } from './sysctl-devices.ts';

/**
 * What the sysctls mean for one device: `all` and the device's own value joined as the kernel joins them for each key.
 * @source include/linux/inetdevice.h IN_DEV_*
 */
export interface DeviceSysctls {
  /** The device's own switch; `all` only sets it for every device when it is written. */
  readonly forwarding: boolean;
  /** The stricter: 0 off, 1 strict, 2 loose. */
  readonly rpFilter: number;
  readonly acceptLocal: boolean;
  readonly srcValidMark: boolean;
  readonly routeLocalnet: boolean;
  readonly bcForwarding: boolean;
  readonly mcForwarding: boolean;
  readonly sendRedirects: boolean;
  readonly acceptRedirects: boolean;
  readonly secureRedirects: boolean;
  readonly sharedMedia: boolean;
  readonly ignoreRoutesWithLinkdown: boolean;
  readonly dropUnicastInL2Multicast: boolean;
  readonly proxyArp: boolean;
  readonly proxyArpPvlan: boolean;
  readonly mediumId: number;
  readonly arpIgnore: number;
  readonly arpAnnounce: number;
  readonly arpAccept: number;
  readonly arpFilter: boolean;
  readonly dropGratuitousArp: boolean;
  readonly neigh: NeighSysctls;
}

/** `net.ipv4.neigh.DEV.*`. */
export interface NeighSysctls {
  readonly baseReachableTimeMs: number;
  readonly retransTimeMs: number;
  readonly delayFirstProbeTimeMs: number;
  readonly locktimeMs: number;
  readonly mcastSolicit: number;
  readonly ucastSolicit: number;
  readonly appSolicit: number;
}

/** What the sysctls mean for the whole namespace. */
export interface NetnsSysctls {
  readonly ipDefaultTtl: number;
  readonly ipNonlocalBind: boolean;
  readonly ipNoPmtuDisc: number;
  readonly ipForwardUsePmtu: boolean;
  readonly localPortMin: number;
  readonly localPortMax: number;
  readonly icmpEchoIgnoreAll: boolean;
  readonly icmpEchoIgnoreBroadcasts: boolean;
  readonly icmpErrorsUseInboundIfaddr: boolean;
  readonly icmpRatelimitMs: number;
  readonly icmpRatemask: number;
  readonly fwmarkReflect: boolean;
  readonly tcpFwmarkAccept: boolean;
  readonly tcpReflectTos: boolean;
  readonly tcpTimestamps: boolean;
  readonly fibMultipathHashPolicy: number;
  readonly minPmtuBytes: number;
  readonly mtuExpiresMs: number;
  readonly ipfragTimeMs: number;
  readonly minAdvMssBytes: number;
  readonly bridgeNfCallIptables: boolean;
  readonly conntrack: ConntrackSysctls;
}

/** `net.netfilter.nf_conntrack_*`. */
export interface ConntrackSysctls {
  readonly max: number;
  /** Whether what arrives is looked at for a wrong checksum. */
  readonly checksum: boolean;
  /** Whether a segment outside of its window is of the connection all the same. */
  readonly tcpBeLiberal: boolean;
  readonly tcpLoose: boolean;
  readonly genericTimeoutMs: number;
  readonly icmpTimeoutMs: number;
  readonly udpTimeoutMs: number;
  readonly udpTimeoutStreamMs: number;
  readonly tcpTimeoutSynSentMs: number;
  readonly tcpTimeoutSynRecvMs: number;
  readonly tcpTimeoutEstablishedMs: number;
  readonly tcpTimeoutFinWaitMs: number;
  readonly tcpTimeoutCloseWaitMs: number;
  readonly tcpTimeoutLastAckMs: number;
  readonly tcpTimeoutTimeWaitMs: number;
  readonly tcpTimeoutCloseMs: number;
  /** The most that an ESTABLISHED connection is remembered which nobody has answered. */
  readonly tcpTimeoutUnacknowledgedMs: number;
}

/** The sysctls of one namespace, read once. Devices without a value of their own share one object. */
export interface CompiledSysctls {
  readonly netns: NetnsSysctls;
  device(name: string): DeviceSysctls;
}

const cache = new WeakMap<Sysctls, CompiledSysctls>();

/** Reads the sysctls of a frozen namespace; kept for as long as the object lives, which many namespaces share. */
export function compileSysctls(sysctls: Sysctls): CompiledSysctls {
  const known = cache.get(sysctls);
  if (known !== undefined) return known;
  const groups = new Map(sysctls.devices.flatMap((group) => group.devices.map((dev) => [dev, group] as const)));
  const alike = new Map<AlikeDevices | 'lo' | 'usual', DeviceSysctls>();
  const compiled: CompiledSysctls = {
    netns: netnsSysctls(sysctls),
    device(name) {
      // lo differs by default, so it is like no other.
      const like = name === 'lo' ? 'lo' : (groups.get(name) ?? 'usual');
      let device = alike.get(like);
      if (device === undefined) alike.set(like, (device = deviceSysctls(sysctls, name)));
      return device;
    },
  };
  cache.set(sysctls, compiled);
  return compiled;
}

/** A number as the kernel would have taken it; text that is none counts as 0. */
function int(text: string | null): number {
  const value = Number.parseInt(text ?? '0', 10);
  return Number.isNaN(value) ? 0 : value;
}

function deviceSysctls(sysctls: Sysctls, dev: string): DeviceSysctls {
  const conf = (key: string): number => int(readSysctl(sysctls, confName(dev, key)));
  const all = (key: string): number => int(readSysctl(sysctls, confName('all', key)));
  const or = (key: string): boolean => conf(key) !== 0 || all(key) !== 0;
  const and = (key: string): boolean => conf(key) !== 0 && all(key) !== 0;
  const max = (key: string): number => Math.max(conf(key), all(key));
  const neigh = (key: string): number => int(readSysctl(sysctls, neighName(dev, key)));
  const forwarding = conf('forwarding') !== 0;
  return {
    forwarding,
    rpFilter: max('rp_filter'),
    acceptLocal: or('accept_local'),
    srcValidMark: or('src_valid_mark'),
    routeLocalnet: or('route_localnet'),
    bcForwarding: and('bc_forwarding'),
    mcForwarding: and('mc_forwarding'),
    sendRedirects: or('send_redirects'),
    acceptRedirects: forwarding ? and('accept_redirects') : or('accept_redirects'),
    secureRedirects: or('secure_redirects'),
    sharedMedia: or('shared_media'),
    ignoreRoutesWithLinkdown: or('ignore_routes_with_linkdown'),
    dropUnicastInL2Multicast: or('drop_unicast_in_l2_multicast'),
    proxyArp: or('proxy_arp'),
    proxyArpPvlan: or('proxy_arp_pvlan'),
    mediumId: conf('medium_id'),
    arpIgnore: max('arp_ignore'),
    arpAnnounce: max('arp_announce'),
    arpAccept: max('arp_accept'),
    arpFilter: or('arp_filter'),
    dropGratuitousArp: or('drop_gratuitous_arp'),
    neigh: {
      baseReachableTimeMs: neigh('base_reachable_time_ms'),
      retransTimeMs: neigh('retrans_time_ms'),
      delayFirstProbeTimeMs: neigh('delay_first_probe_time') * 1000,
      // This one counts in hundredths of a second (USER_HZ).
      locktimeMs: neigh('locktime') * 10,
      mcastSolicit: neigh('mcast_solicit'),
      ucastSolicit: neigh('ucast_solicit'),
      appSolicit: neigh('app_solicit'),
    },
  };
}

const netnsCache = new WeakMap<Sysctls['names'], NetnsSysctls>();

function netnsSysctls(sysctls: Sysctls): NetnsSysctls {
  let netns = netnsCache.get(sysctls.names);
  if (netns === undefined) netnsCache.set(sysctls.names, (netns = readNetnsSysctls(sysctls)));
  return netns;
}

function readNetnsSysctls(sysctls: Sysctls): NetnsSysctls {
  const text = (name: string): string => readSysctl(sysctls, name) ?? '';
  const ipv4 = (name: string): number => int(text(`net.ipv4.${name}`));
  const nf = (name: string): boolean => int(text(`net.bridge.bridge-nf-${name}`)) !== 0;
  const [portMin, portMax] = text('net.ipv4.ip_local_port_range').split(/\s+/);
  return {
    ipDefaultTtl: ipv4('ip_default_ttl'),
    ipNonlocalBind: ipv4('ip_nonlocal_bind') !== 0,
    ipNoPmtuDisc: ipv4('ip_no_pmtu_disc'),
    ipForwardUsePmtu: ipv4('ip_forward_use_pmtu') !== 0,
    localPortMin: int(portMin ?? null),
    localPortMax: int(portMax ?? null),
    icmpEchoIgnoreAll: ipv4('icmp_echo_ignore_all') !== 0,
    icmpEchoIgnoreBroadcasts: ipv4('icmp_echo_ignore_broadcasts') !== 0,
    icmpErrorsUseInboundIfaddr: ipv4('icmp_errors_use_inbound_ifaddr') !== 0,
    icmpRatelimitMs: ipv4('icmp_ratelimit'),
    icmpRatemask: ipv4('icmp_ratemask'),
    fwmarkReflect: ipv4('fwmark_reflect') !== 0,
    tcpFwmarkAccept: ipv4('tcp_fwmark_accept') !== 0,
    tcpReflectTos: ipv4('tcp_reflect_tos') !== 0,
    tcpTimestamps: ipv4('tcp_timestamps') !== 0,
    fibMultipathHashPolicy: ipv4('fib_multipath_hash_policy'),
    minPmtuBytes: ipv4('route.min_pmtu'),
    mtuExpiresMs: ipv4('route.mtu_expires') * 1000,
    ipfragTimeMs: ipv4('ipfrag_time') * 1000,
    minAdvMssBytes: ipv4('route.min_adv_mss'),
    bridgeNfCallIptables: nf('call-iptables'),
    conntrack: conntrackSysctls(text),
  };
}

function conntrackSysctls(text: (name: string) => string): ConntrackSysctls {
  const value = (name: string): number => int(text(`net.netfilter.nf_conntrack_${name}`));
  const ms = (name: string): number => value(name) * 1000;
  return {
    max: value('max'),
    checksum: value('checksum') !== 0,
    tcpBeLiberal: value('tcp_be_liberal') !== 0,
    tcpLoose: value('tcp_loose') !== 0,
    genericTimeoutMs: ms('generic_timeout'),
    icmpTimeoutMs: ms('icmp_timeout'),
    udpTimeoutMs: ms('udp_timeout'),
    udpTimeoutStreamMs: ms('udp_timeout_stream'),
    tcpTimeoutSynSentMs: ms('tcp_timeout_syn_sent'),
    tcpTimeoutSynRecvMs: ms('tcp_timeout_syn_recv'),
    tcpTimeoutEstablishedMs: ms('tcp_timeout_established'),
    tcpTimeoutFinWaitMs: ms('tcp_timeout_fin_wait'),
    tcpTimeoutCloseWaitMs: ms('tcp_timeout_close_wait'),
    tcpTimeoutLastAckMs: ms('tcp_timeout_last_ack'),
    tcpTimeoutTimeWaitMs: ms('tcp_timeout_time_wait'),
    tcpTimeoutCloseMs: ms('tcp_timeout_close'),
    tcpTimeoutUnacknowledgedMs: ms('tcp_timeout_unacknowledged'),
  };
}
