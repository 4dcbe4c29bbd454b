"""Conntrack entries of a namespace. A dump walks a table that all namespaces share, so new entries are noted and asked for one by one."""
import socket
import struct

import netlink as nl
from packet import ICMP, NAMES

NFNLGRP_CONNTRACK_NEW = 1
CT_NEW, CT_GET, CT_DELETE = (1 << 8) | 0, (1 << 8) | 1, (1 << 8) | 2
CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_STATUS, CTA_MARK = 1, 2, 3, 8
ECHO_REQUEST = 8
STATUS = {"seen-reply": 2, "assured": 4, "snat": 16, "dnat": 32}
HEADER = struct.pack(">BBH", socket.AF_INET, 0, 0)


def flow_tuple(data):
    found = nl.attributes(data)
    address = nl.attributes(found[1])
    proto = nl.attributes(found[2])
    number = proto[1][0]
    row = {"proto": NAMES.get(number, str(number)), "src": socket.inet_ntoa(address[1]), "dst": socket.inet_ntoa(address[2])}
    if number == ICMP:
        row["id"] = struct.unpack(">H", proto[4])[0]
    elif 2 in proto and number in NAMES:
        row["sport"], row["dport"] = struct.unpack(">H", proto[2])[0], struct.unpack(">H", proto[3])[0]
    return row


def asked_tuple(header):
    """The tuple of a packet, as one asks for it; None for what has neither ports nor an identifier."""
    number = next((number for number, name in NAMES.items() if name == header["proto"]), None)
    if number == ICMP and header.get("type") == ECHO_REQUEST:
        parts = [nl.attribute(4, struct.pack(">H", header["id"])), nl.attribute(5, bytes([ECHO_REQUEST])), nl.attribute(6, b"\0")]
    elif number not in (None, ICMP) and "dport" in header:
        ports = (header.get("port", header["sport"]), header["dport"])
        parts = [nl.attribute(2 + place, struct.pack(">H", port)) for place, port in enumerate(ports)]
    else:
        return None
    address = nl.nested(1, nl.attribute(1, socket.inet_aton(header["src"])), nl.attribute(2, socket.inet_aton(header["dst"])))
    return nl.nested(CTA_TUPLE_ORIG, address, nl.nested(2, nl.attribute(1, bytes([number])), *parts))


def entry_row(body):
    entry = nl.attributes(body, 4)
    status = struct.unpack(">I", entry[CTA_STATUS])[0]
    row = {
        "orig": flow_tuple(entry[CTA_TUPLE_ORIG]),
        "reply": flow_tuple(entry[CTA_TUPLE_REPLY]),
        "status": [word for word, bit in STATUS.items() if status & bit],
    }
    mark = struct.unpack(">I", entry[CTA_MARK])[0] if CTA_MARK in entry else 0
    return row | ({"mark": mark} if mark else {})


class Flows:
    """The connections that the present namespace tracks from now on."""

    def __init__(self):
        self.events = nl.Netlink(nl.NETLINK_NETFILTER, NFNLGRP_CONNTRACK_NEW)
        self.link = nl.Netlink(nl.NETLINK_NETFILTER)
        self.known = {}
        self.born = []

    def close(self):
        self.events.close()
        self.link.close()

    def note(self):
        for kind, body in self.events.received():
            if kind == CT_NEW and body[0] == socket.AF_INET:
                self.known[nl.attributes(body, 4)[CTA_TUPLE_ORIG]] = True
                self.born.append(body)

    def seek(self, header):
        """
        Notes the connection of a frame for many or for others, if there is one. Where a bridge confirms it as it passes the frame up,
        nobody is told unless the frame goes on. @source net/bridge/br_netfilter_hooks.c br_nf_local_in, which calls __nf_conntrack_confirm
        """
        key = asked_tuple(header)
        if key is None:
            return
        try:
            body = self.link.ask(CT_GET, HEADER + key)
        except FileNotFoundError:
            return
        self.note()
        key = nl.attributes(body, 4)[CTA_TUPLE_ORIG]
        if key not in self.known:
            self.known[key] = True
            self.born.append(body)

    def rows(self):
        """Those that are still there, as they are now."""
        self.note()
        found = []
        for key in list(self.known):
            try:
                found.append(entry_row(self.link.ask(CT_GET, HEADER + nl.nested(CTA_TUPLE_ORIG, key))))
            except FileNotFoundError:
                del self.known[key]
        return found

    def newcomers(self):
        """Those that came since the last call, as they were then; some may be gone already."""
        self.note()
        born, self.born = self.born, []
        return [entry_row(body) for body in born]

    def flush(self):
        self.note()
        for key in self.known:
            try:
                self.link.request(CT_DELETE, 0, HEADER + nl.nested(CTA_TUPLE_ORIG, key))
            except FileNotFoundError:
                pass  # it has timed out, or a RST took it
        self.known = {}
