import { asked, type Group, kernel, source } from './claim.ts';

const PATH = 'test/unit/linux/path';
const FIB = 'test/unit/linux/fib';
const NETFILTER = 'test/unit/linux/netfilter';
const CONNTRACK = 'test/unit/linux/conntrack';

/** What podwalk claims of one Linux host. The kernel comparison itself (`test/kernel`) stands behind every kernel figure. */
export const LINUX: readonly Group[] = [
  {
    title: 'Routing',
    claims: [
      {
        behaviour: 'several default routes of one metric: dead gateways are passed over, others take turns',
        evidence: [asked('Linux 6.18'), source('net/ipv4/fib_semantics.c fib_select_default')],
        tests: ['test/kernel/finds.test.ts'],
      },
      {
        behaviour: 'longest prefix, metric and table order decide; the local table comes first',
        evidence: [kernel('route unicast', 'route local'), asked('random tables against `ip route get`')],
        tests: [`${FIB}/lookup.test.ts`, `${FIB}/real-kernel.test.ts`],
      },
      { behaviour: 'policy rules choose the table', evidence: [kernel('policy rules', 'route in another table')], tests: [FIB] },
      {
        behaviour: 'blackhole, unreachable, prohibit and throw end or continue a look-up, each with its own error',
        evidence: [kernel('route blackhole', 'route unreachable', 'route prohibit', 'route throw')],
        tests: [`${FIB}/routing.test.ts`],
      },
      {
        behaviour: 'a local sender without a route gets ENETUNREACH, EHOSTUNREACH, EACCES or EINVAL',
        evidence: [kernel('errno ENETUNREACH', 'errno EHOSTUNREACH', 'errno EACCES', 'errno EINVAL')],
        tests: [FIB],
      },
      {
        behaviour: 'the source address follows the route, the device and the scope',
        evidence: [kernel('stage route-output ROUTED'), asked('random tables against `ip route get`')],
        tests: [`${FIB}/real-kernel.test.ts`],
      },
      {
        behaviour: 'source validation: rp_filter 0, 1, 2, martian and own addresses, accept_local',
        evidence: [
          kernel('sysctl rp_filter', 'sysctl accept_local', 'drop IP_RPFILTER', 'drop IP_LOCAL_SOURCE', 'drop IP_INVALID_SOURCE'),
          source('net/ipv4/fib_frontend.c __fib_validate_source'),
        ],
        tests: [`${FIB}/routing.test.ts`],
      },
      {
        behaviour: 'a packet that OUTPUT rules change is routed again',
        evidence: [kernel('stage route-again', 'stage route-again ROUTED')],
        tests: [PATH],
      },
    ],
  },
  {
    title: 'Forwarding and ICMP',
    claims: [
      {
        behaviour: 'TTL, then MTU, then redirect, then FORWARD, in this order; rules see the TTL already lowered',
        evidence: [source('net/ipv4/ip_forward.c ip_forward'), kernel('stage forward')],
        tests: [`${PATH}/forward.test.ts`],
      },
      { behaviour: 'TTL expiry answers 11/0', evidence: [kernel('icmp 11/0', 'drop IP_INHDR')], tests: [`${PATH}/icmp.test.ts`] },
      {
        behaviour: 'without ip_forward a packet is dropped without a word',
        evidence: [kernel('drop IP_INADDRERRORS')],
        tests: [`${PATH}/forward.test.ts`],
      },
      {
        behaviour: 'no route, unreachable, prohibit and failed neighbours answer 3/0, 3/1 and 3/13',
        evidence: [kernel('icmp 3/0', 'icmp 3/1', 'icmp 3/13')],
        tests: [`${PATH}/icmp.test.ts`],
      },
      {
        behaviour: 'DF and a small MTU on the way answer 3/4',
        evidence: [kernel('icmp 3/4', 'drop PKT_TOO_BIG')],
        tests: [`${PATH}/mtu.test.ts`],
      },
      {
        behaviour: 'a local sender of more than the MTU with DF gets EMSGSIZE',
        evidence: [kernel('errno EMSGSIZE')],
        tests: [`${PATH}/mtu.test.ts`],
      },
      {
        behaviour: 'redirects',
        evidence: [kernel('leg redirect', 'sysctl send_redirects')],
        tests: [`${PATH}/icmp.test.ts`],
      },
      {
        behaviour: 'path MTUs and other gateways are learned for one route, and change it under way',
        evidence: [asked('Linux 6.18'), source('net/ipv4/route.c __ip_do_redirect, __ip_rt_update_pmtu, update_or_create_fnhe')],
        tests: ['test/kernel/finds.test.ts'],
      },
      {
        behaviour: 'the rates of errors and of redirects',
        evidence: [source('net/ipv4/icmp.c icmpv4_xrlim_allow, net/ipv4/route.c ip_rt_send_redirect')],
        tests: [`${PATH}/icmp.test.ts`],
      },
      {
        behaviour: 'errors are routed like any other packet',
        evidence: [kernel('leg icmp-error')],
        tests: [`${PATH}/icmp.test.ts`],
      },
      {
        behaviour: 'what errors quote, and that it is translated back with them',
        evidence: [source('net/ipv4/icmp.c __icmp_send, net/netfilter/nf_nat_proto.c nf_nat_icmp_reply_translation')],
        tests: [`${PATH}/icmp.test.ts`, `${CONNTRACK}/nat.test.ts`],
      },
      {
        behaviour: 'fragments: cut by MTU, put together where conntrack is on and at the receiver',
        evidence: [kernel('fragments', 'stage defragment:PREROUTING', 'stage defragment:INPUT')],
        tests: [`${PATH}/defragment.test.ts`],
      },
    ],
  },
  {
    title: 'Neighbours',
    claims: [
      {
        behaviour: 'an ARP exchange over the modelled links, both sides learn',
        evidence: [kernel('stage neighbour RESOLVED')],
        tests: [`${PATH}/neighbour.test.ts`],
      },
      {
        behaviour: 'proxy_arp and proxy neighbours',
        evidence: [kernel('sysctl proxy_arp', 'proxy neighbour')],
        tests: [`${PATH}/neighbour.test.ts`],
      },
      {
        behaviour: 'arp_ignore and arp_announce',
        evidence: [kernel('sysctl arp_ignore', 'sysctl arp_announce')],
        tests: [`${PATH}/neighbour.test.ts`],
      },
      {
        behaviour: 'a next hop that does not answer: three requests, then 3/1',
        evidence: [kernel('drop NEIGH_FAILED')],
        tests: [`${PATH}/neighbour.test.ts`],
      },
      {
        behaviour: 'a wrong permanent neighbour: the frame is for somebody else',
        evidence: [kernel('drop OTHERHOST')],
        tests: [`${PATH}/neighbour.test.ts`],
      },
    ],
  },
  {
    title: 'Bridge and VXLAN',
    claims: [
      {
        behaviour: 'FDB learning, flooding, the way up to the bridge device',
        evidence: [kernel('link bridge', 'stage bridge')],
        tests: [`${PATH}/bridge.test.ts`],
      },
      {
        behaviour: 'hairpin, isolation, learning and flood flags of ports',
        evidence: [kernel('port hairpin', 'port isolated', 'port learning off', 'port flood off')],
        tests: [`${PATH}/bridge.test.ts`],
      },
      {
        behaviour: 'br_netfilter: bridged frames meet the IP hooks, DNAT stays on the bridge with the TTL unchanged',
        evidence: [kernel('stage br_netfilter', 'bridged', 'sysctl bridge-nf-call-iptables')],
        tests: [`${PATH}/bridge.test.ts`],
      },
      {
        behaviour: '`brPromiscConntrack: fixed`: a promiscuous bridge passes its copy up with conntrack reset',
        evidence: [asked('Linux 6.18'), source('net/bridge/br_input.c, br_netfilter_hooks.c')],
        tests: [`${PATH}/promisc.test.ts`, 'scenarios/matrix-kubenet.yaml'],
      },
      {
        behaviour: '`brPromiscConntrack: old`: it does not, and duplicates are seen',
        evidence: [source('the same before the mend')],
        tests: [`${PATH}/promisc.test.ts`, 'scenarios/matrix-kubenet-old-kernel.yaml'],
      },
      {
        behaviour: 'ports that suppress neighbours (`neigh_suppress`): the bridge answers ARP for the stations that it knows behind them',
        evidence: [asked('Linux 6.18'), source('net/bridge/br_arp_nd_proxy.c br_do_proxy_suppress_arp')],
        tests: [`${PATH}/bridge.test.ts`, 'test/kernel/finds.test.ts'],
      },
      {
        behaviour:
          'VXLAN to the far end of a static entry, of the all-zero entry or of the link; outer packet through OUTPUT and POSTROUTING',
        evidence: [kernel('VTEP static', 'VTEP default')],
        tests: [`${PATH}/vxlan.test.ts`],
      },
      {
        behaviour:
          'a way to the VTEP that takes less than the tunnel: fragmentation needed in the name of a bridged receiver, a smaller path MTU for this host',
        evidence: [asked('Linux 6.18'), source('net/ipv4/ip_tunnel_core.c skb_tunnel_check_pmtu')],
        tests: [`${PATH}/vxlan.test.ts`, 'test/kernel/finds.test.ts'],
      },
      {
        behaviour: 'the mark goes along into the outer packet',
        evidence: [source('net/ipv4/ip_tunnel_core.c iptunnel_xmit')],
        tests: [`${PATH}/vxlan.test.ts`],
      },
      {
        behaviour: 'VXLAN to a far end that traffic taught',
        evidence: [kernel('VTEP learned'), source('drivers/net/vxlan/vxlan_core.c vxlan_snoop')],
        tests: [`${PATH}/vxlan.test.ts`],
      },
      {
        behaviour: 'ebtables of the kubenet dedup chain',
        evidence: [asked('loaded and listed by the real tool'), source('kubernetes pkg/kubelet/dockershim/network/kubenet')],
        tests: [`${NETFILTER}/ebtables.test.ts`],
      },
    ],
  },
  {
    title: 'Netfilter',
    claims: [
      {
        behaviour: 'tables in the order of their priorities at each hook; user chains, jump, goto, RETURN, policies',
        evidence: [
          kernel(
            'table raw',
            'table mangle',
            'table nat',
            'table filter',
            'table security',
            'jump',
            'goto',
            'target RETURN',
            'policy DROP',
          ),
        ],
        tests: [`${NETFILTER}/run.test.ts`],
      },
      {
        behaviour: 'both back ends, alone and together',
        evidence: [asked('rules loaded and printed by both real tools')],
        tests: [`${PATH}/back-ends.test.ts`, `${NETFILTER}/kernel.test.ts`],
      },
      {
        behaviour: 'addresses, interfaces with `+`, protocol and ports, negated too',
        evidence: [
          kernel('selector s', 'selector d', 'selector i', 'selector o', 'selector !', 'match tcp', 'match udp', 'match multiport'),
        ],
        tests: [`${NETFILTER}/match.test.ts`],
      },
      {
        behaviour: 'match conntrack, state, connmark',
        evidence: [kernel('match conntrack', 'match state', 'match connmark')],
        tests: [`${NETFILTER}/match.test.ts`],
      },
      {
        behaviour: 'match mark, addrtype, set',
        evidence: [kernel('match mark', 'match addrtype', 'match set')],
        tests: [`${NETFILTER}/match.test.ts`, `${NETFILTER}/ipset.test.ts`],
      },
      {
        behaviour: 'match statistic, recent, limit',
        evidence: [kernel('match statistic', 'match recent', 'match limit')],
        tests: [`${NETFILTER}/match.test.ts`],
      },
      {
        behaviour: 'match mac, pkttype, rpfilter, owner',
        evidence: [kernel('match mac', 'match pkttype', 'match rpfilter', 'match owner')],
        tests: [`${NETFILTER}/match.test.ts`],
      },
      {
        behaviour: 'match physdev',
        evidence: [kernel('match physdev'), source('net/netfilter/xt_physdev.c physdev_mt')],
        tests: [`${NETFILTER}/match.test.ts`, `${PATH}/bridge.test.ts`],
      },
      {
        behaviour: 'match icmp, length, ttl, tos, dscp, iprange',
        evidence: [kernel('match icmp', 'match length', 'match ttl', 'match tos', 'match dscp', 'match iprange')],
        tests: [`${NETFILTER}/match.test.ts`],
      },
      {
        behaviour: 'ACCEPT, DROP, LOG, NFLOG',
        evidence: [kernel('target ACCEPT', 'target DROP', 'target LOG', 'target NFLOG')],
        tests: [`${NETFILTER}/run.test.ts`],
      },
      {
        behaviour: 'REJECT with any ICMP code; its answer is routed, tracked and filtered',
        evidence: [
          kernel(
            'reject icmp-port-unreachable',
            'reject icmp-host-unreachable',
            'reject icmp-host-prohibited',
            'reject icmp-net-unreachable',
            'reject icmp-proto-unreachable',
            'reject icmp-admin-prohibited',
            'reject icmp-net-prohibited',
          ),
        ],
        tests: [`${PATH}/reject.test.ts`],
      },
      {
        behaviour: 'REJECT with tcp-reset',
        evidence: [source('net/ipv4/netfilter/nf_reject_ipv4.c nf_send_reset')],
        tests: [`${PATH}/reject.test.ts`],
      },
      {
        behaviour: 'MARK (set, and, or, xor), CONNMARK, TOS, DSCP, TTL',
        evidence: [kernel('target MARK', 'target CONNMARK', 'target TOS', 'target DSCP', 'target TTL')],
        tests: [`${NETFILTER}/run.test.ts`],
      },
      { behaviour: 'NOTRACK and CT', evidence: [kernel('target NOTRACK', 'target CT')], tests: [`${CONNTRACK}/track.test.ts`] },
      {
        behaviour: 'sets of addresses, networks, ports and interfaces, and of sets; the SET target',
        evidence: [
          kernel(
            'ipset hash:ip',
            'ipset hash:net',
            'ipset hash:ip,port',
            'ipset hash:net,port',
            'ipset hash:ip,port,ip',
            'ipset hash:ip,port,net',
            'ipset hash:net,iface',
            'ipset bitmap:ip',
            'ipset bitmap:ip,mac',
            'ipset bitmap:port',
            'ipset list:set',
            'target SET',
          ),
        ],
        tests: [`${NETFILTER}/ipset.test.ts`],
      },
      {
        behaviour: 'sets of every other type, nomatch and timeouts',
        evidence: [asked('loaded and listed by the real tool')],
        tests: [`${NETFILTER}/ipset.test.ts`],
      },
    ],
  },
  {
    title: 'Connection tracking and NAT',
    claims: [
      {
        behaviour: 'connections: new, established, related, invalid; the entry of every namespace, both tuples and its flags',
        evidence: [kernel('stage conntrack:PREROUTING', 'stage conntrack:OUTPUT')],
        tests: [`${CONNTRACK}/track.test.ts`],
      },
      {
        behaviour: 'conntrack is off until a rule needs it',
        evidence: [source('net/netfilter/nf_conntrack_proto.c nf_ct_netns_get'), kernel('no conntrack')],
        tests: [`${CONNTRACK}/track.test.ts`],
      },
      {
        behaviour: 'DNAT (ranges of addresses and ports), REDIRECT, NETMAP',
        evidence: [kernel('target DNAT', 'target REDIRECT', 'target NETMAP')],
        tests: [`${CONNTRACK}/nat.test.ts`],
      },
      {
        behaviour: 'SNAT and MASQUERADE; the address of a device that has none',
        evidence: [kernel('target SNAT', 'target MASQUERADE')],
        tests: [`${CONNTRACK}/nat.test.ts`],
      },
      {
        behaviour: 'replies are translated back',
        evidence: [kernel('status snat', 'status dnat')],
        tests: [`${CONNTRACK}/nat.test.ts`],
      },
      {
        behaviour: 'clashing ports move to another of their class',
        evidence: [source('net/netfilter/nf_nat_core.c nf_nat_l4proto_unique_tuple'), asked('clashes in namespaces')],
        tests: [`${CONNTRACK}/nat.test.ts`],
      },
      {
        behaviour: 'timeouts, a full table, a RST that ends an unreplied connection',
        evidence: [source('net/netfilter/nf_conntrack_core.c early_drop, nf_conntrack_proto_tcp.c nf_conntrack_tcp_packet')],
        tests: [`${CONNTRACK}/timeouts.test.ts`, `${CONNTRACK}/room.test.ts`],
      },
    ],
  },
  {
    title: 'Sockets',
    claims: [
      {
        behaviour: 'UDP, TCP handshake, ICMP echo; a closed port answers 3/3 or RST',
        evidence: [kernel('proto udp', 'proto tcp', 'proto icmp', 'drop NO_SOCKET', 'leg reset')],
        tests: [`${PATH}/socket.test.ts`],
      },
      {
        behaviour: 'broadcasts reach sockets, and the sender’s own',
        evidence: [kernel('route broadcast', 'copies')],
        tests: [`${PATH}/broadcast.test.ts`],
      },
      { behaviour: 'a drop in OUTPUT is the caller’s EPERM', evidence: [kernel('errno EPERM')], tests: [`${PATH}/socket.test.ts`] },
      {
        behaviour: 'host operations (`ip link`, `ip addr`, `ip route` …) with their side effects',
        evidence: [asked('random series of commands against `ip`')],
        tests: ['test/unit/linux/ops'],
      },
    ],
  },
];
