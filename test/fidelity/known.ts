/** Where podwalk and the real world are known to part, or where podwalk says less. */
export const KNOWN: readonly string[] = [
  'Of 25,600 random networks before and after the run above four differed, all mended: where nothing differs, something rarer may. `--rarities` draws what no plain network has.',
  'Two listeners with one address and port begin with one sequence number, which is a hash of the connection; in the kernel each has its own secret.',
  'A `throw` route in table local over an address of the host itself: the kernel answers otherwise (found once in 1,000 random namespaces).',
  'Of default routes whose gateways are all known and none confirmed a walk on a dump begins with the first: which one the kernel took last no dump tells.',
  'A unicast route of `scope host` makes the gateways it leads to none, for routes that were added after it. No dump tells the order: that of the dump is taken, main first.',
  '`--ctexpire` of a connection that is in no table yet is 0, as on a host that has been up for five minutes and not yet for 2^31 ticks (25 days at 1,000 a second).',
  'A UDP or ICMP probe of `df: auto` asks for path MTU discovery; where `ip_no_pmtu_disc` is not 0, a socket that asks for nothing sends without DF.',
  'What has expired is gone at once: translations of a source and lengths of networks in a set stay in the kernel until it cleans up, within a minute.',
  'A REACHABLE neighbour of a dump ages from when a packet first meets it; how long it had been so no dump tells.',
  'Multipath hash policies 2 and 3 are `UNKNOWN` to routes of several ways.',
  'A datagram that loses a fragment is given up after `ipfrag_time` with ICMP 11/1 as the kernel’s source says; not measured.',
  'Where many datagrams wait for fragments, the oldest is given up; the kernel refuses the newest.',
  'Health probes of the load balancer meet NSGs, not the tables of the node itself; an application’s HTTP answer counts as 200.',
  'A device that comes up again has its DHCP routes at once, as systemd-networkd brings them.',
  'The nftables back end prints some negated port ranges as their complement; podwalk prints them as the legacy back end does.',
  'Sockets are those of a probe and of listeners: no retransmission, no data after the handshake, no FIN.',
];
