"""Routes, read and deleted by netlink."""
import socket
import struct

import netlink as nl

RTM_DELROUTE, RTM_GETROUTE = 25, 26
RTM_F_CLONED = 0x200
ONLINK = 4
TYPES = ("unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat")
SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}
HEADER = "BBBBBBBBI"


def address(data):
    return socket.inet_ntoa(data) if data else "-"


def number(data):
    return struct.unpack("I", data)[0] if data else 0


def hop(names, index, gateway, weight, flags):
    return f"dev {names.get(index, '-')} via {address(gateway)} weight {weight}{' onlink' if flags & ONLINK else ''}"


def hops(parts, flags, names):
    if 9 not in parts:
        return [] if 4 not in parts else [hop(names, number(parts[4]), parts.get(5), 1, flags)]
    found, data, offset = [], parts[9], 0
    while offset + 8 <= len(data):
        length, hop_flags, weight, index = struct.unpack_from("HBBi", data, offset)
        inside = nl.attributes(data[offset + 8 : offset + length])
        found.append(hop(names, index, inside.get(5), weight + 1, hop_flags))
        offset += (length + 3) & ~3
    return found


def rows(link, names):
    """Each route in words that the plan uses as well, with the message that deletes it."""
    found = []
    for body in link.dump(RTM_GETROUTE, struct.pack(HEADER, socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)):
        _family, length, _source, tos, table, protocol, scope, kind, flags = struct.unpack_from(HEADER, body)
        if flags & RTM_F_CLONED:
            continue
        parts = nl.attributes(body, 12)
        metrics = nl.attributes(parts.get(8, b""))
        words = [
            f"table {number(parts[15]) if 15 in parts else table} {TYPES[kind]} {address(parts.get(1, bytes(4)))}/{length}",
            f"tos {tos} metric {number(parts.get(6))} scope {SCOPES.get(scope, scope)} proto {protocol} src {address(parts.get(7))}",
            f"mtu {number(metrics.get(2))} lock {number(metrics.get(1)) >> 2 & 1} advmss {number(metrics.get(8))}",
        ]
        found.append((" ".join([*words, *hops(parts, flags, names)]), body))
    return found


def delete(link, body):
    link.request(RTM_DELROUTE, 0, body)
