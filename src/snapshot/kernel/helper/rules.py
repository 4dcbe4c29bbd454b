"""Which rules a packet hits: nftables' own trace for iptables-nft, the log of traced packets for iptables-legacy."""
import os
import struct

import netlink as nl
from packet import UDP

NFNL_SUBSYS_NFTABLES = 10
NFNL_SUBSYS_ULOG = 4
NFNLGRP_NFTRACE = 9
NFNL_MSG_BATCH_BEGIN = 0x10
NFNL_MSG_BATCH_END = 0x11
NEWTABLE, NEWCHAIN, NEWRULE, GETRULE, TRACE = 0, 3, 6, 7, 17
NFPROTO_IPV4 = 2
# Just after defragmentation, so that every packet is traced before the first table sees it.
TRACE_PRIORITY = -350
HOOKS = {"pre": 0, "out": 3}
TABLE = "podwalk-trace"
NFT_META_NFTRACE = 12
TRACETYPES = {1: "policy", 3: "rule"}
VERDICTS = {0: "drop", 1: "accept", -1: "continue", -2: "break", -3: "jump", -4: "goto", -5: "return"}


LISTS = "/proc/thread-self/net/xt_recent"


def forget_lists():
    """Empties the lists of `-m recent` here. Rules that are loaded once more find the lists of those before them."""
    for name in os.listdir(LISTS) if os.path.isdir(LISTS) else ():
        with open(f"{LISTS}/{name}", "w", encoding="ascii") as file:
            file.write("/")


def nfgen(family, resource=0):
    return struct.pack(">BBH", family, 0, resource)


def nft(kind):
    return (NFNL_SUBSYS_NFTABLES << 8) | kind


def expression(name, data):
    return nl.nested(1, nl.text(1, name), nl.nested(2, data))


def trace_everything(socket):
    """Marks every packet of the namespace as traced. The table changes nothing else."""
    # NFTA_IMMEDIATE_DREG=1 (NFT_REG32_00=8), _DATA=2; NFTA_META_KEY=2, _SREG=3
    mark = expression("immediate", nl.be32(1, 8) + nl.nested(2, nl.attribute(1, b"\x01")))
    mark += expression("meta", nl.be32(2, NFT_META_NFTRACE) + nl.be32(3, 8))
    parts = [socket.message(NFNL_MSG_BATCH_BEGIN, 0, nfgen(0, NFNL_SUBSYS_NFTABLES))]
    flags = nl.NLM_F_CREATE | nl.NLM_F_ACK
    parts.append(socket.message(nft(NEWTABLE), flags, nfgen(NFPROTO_IPV4) + nl.text(1, TABLE)))
    for chain, hook in HOOKS.items():
        where = nl.nested(4, nl.be32(1, hook) + nl.be32(2, TRACE_PRIORITY))
        body = nl.text(1, TABLE) + nl.text(3, chain) + where + nl.text(7, "filter")
        parts.append(socket.message(nft(NEWCHAIN), flags, nfgen(NFPROTO_IPV4) + body))
        rule = nl.text(1, TABLE) + nl.text(2, chain) + nl.nested(4, mark)
        parts.append(socket.message(nft(NEWRULE), flags | nl.NLM_F_APPEND, nfgen(NFPROTO_IPV4) + rule))
    parts.append(socket.message(NFNL_MSG_BATCH_END, 0, nfgen(0, NFNL_SUBSYS_NFTABLES)))
    socket.batch(parts, 1 + 2 * len(HOOKS))


def keep_tracing():
    """Has all namespaces always trace: where any does, every packet that comes to rules of nftables anywhere has its flow hashed."""
    trace_everything(nl.Netlink(nl.NETLINK_NETFILTER))


def name(data):
    return data.rstrip(b"\0").decode(errors="replace")


def handles(socket):
    """The number that each rule has in its chain, by table, chain and handle."""
    numbers, counts = {}, {}
    for body in socket.dump(nft(GETRULE), nfgen(NFPROTO_IPV4)):
        found = nl.attributes(body, 4)
        place = (name(found[1]), name(found[2]))
        counts[place] = counts.get(place, 0) + 1
        numbers[(*place, struct.unpack(">Q", found[3])[0])] = counts[place]
    return numbers


def nft_rows(socket, numbers, vxlan_ports):
    """
    The rules and policies that were hit since the last call, in order, and the source ports of what tunnels sent. A rule may drop that before
    any tap sees it.
    """
    rows, tunnels = [], []
    for kind, body in socket.received():
        if kind != nft(TRACE):
            continue
        found = nl.attributes(body, 4)
        what = TRACETYPES.get(struct.unpack(">I", found[4])[0])
        table, chain = name(found[1]), name(found[2])
        if table == TABLE and chain == "out" and 9 in found and found[8][9] == UDP:
            source, destination = struct.unpack_from(">HH", found[9])
            if destination in vxlan_ports:
                tunnels.append(source)
        # ebtables has tables of the same names. The end of a chain is told as a rule without a number.
        if what is None or table == TABLE or struct.unpack(">I", found[15])[0] != NFPROTO_IPV4 or (what == "rule" and 3 not in found):
            continue
        row = {"table": table, "chain": chain}
        if what == "policy":
            code = struct.unpack(">i", found[16])[0] if 16 in found else 1
            row["at"] = "policy"
        else:
            verdict = nl.attributes(found.get(5, b""))
            code = struct.unpack(">i", verdict[1])[0] if 1 in verdict else -1
            row["rule"] = numbers.get((table, chain, struct.unpack(">Q", found[3])[0]), 0)
        row["verdict"] = VERDICTS.get(code, str(code))
        rows.append(row)
    return rows, tunnels


def log_traced(socket):
    """Has iptables-legacy's own trace sent to this socket."""
    def configure(family, *parts):
        body = nfgen(family) + b"".join(parts)
        socket.request((NFNL_SUBSYS_ULOG << 8) | 1, 0, body)

    configure(NFPROTO_IPV4, nl.attribute(1, b"\x04"))  # PF_UNBIND
    configure(NFPROTO_IPV4, nl.attribute(1, b"\x03"))  # PF_BIND
    configure(NFPROTO_IPV4, nl.attribute(1, b"\x01"))  # BIND to group 0
    configure(0, nl.attribute(2, struct.pack(">IBB", 0, 1, 0)), nl.be32(5, 1))  # copy nothing, deliver one by one
    socket.listen()


def legacy_rows(socket):
    """
    `TRACE: raw:PREROUTING:rule:1 `, as ip_tables words it. What the verdict of a rule was, its target tells. The word before the number
    says nothing: a rule without conditions is called like the end of its chain, `policy` or `return`.
    """
    rows = []
    for _kind, body in socket.received():
        found = nl.attributes(body, 4)
        prefix = name(found.get(10, b""))
        words = prefix.removeprefix("TRACE: ").strip().rsplit(":", 2)
        place = words[0].split(":", 1)
        if len(words) == 3 and len(place) == 2:
            rows.append({"table": place[0], "chain": place[1], "rule": int(words[2]), "backEnd": "legacy"})
    return rows
