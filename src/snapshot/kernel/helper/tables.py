"""Links, neighbours and forwarding entries, read and forgotten by netlink."""
import ctypes
import fcntl
import socket
import struct

import netlink as nl

RTM_GETLINK, RTM_DELNEIGH, RTM_GETNEIGH = 18, 29, 30
AF_BRIDGE = 7
IFF_UP = 1
STATES = {1: "incomplete", 2: "reachable", 4: "stale", 8: "delay", 16: "probe", 32: "failed", 64: "noarp", 128: "permanent"}
FIXED = 64 | 128
INCOMPLETE, PROBE = 1, 16
NTF_SELF, NTF_MASTER, NTF_EXT_LEARNED = 2, 4, 16
OPER_UP = (0, 6)


def links(link):
    """ifindex → (name, up, operational)."""
    found = {}
    for body in link.dump(RTM_GETLINK, struct.pack("BxHiII", 0, 0, 0, 0, 0)):
        _family, _kind, index, flags, _change = struct.unpack_from("BxHiII", body)
        parts = nl.attributes(body, 16)
        found[index] = (nl_name(parts[3]), bool(flags & IFF_UP), parts.get(16, b"\0")[0] in OPER_UP)
    return found


SIOCETHTOOL = 0x8946
ETHTOOL_GLINK = 0xA


def bring_up_now(names):
    """Asking a device for its link makes the kernel work off what it would otherwise do up to a second later."""
    question = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_GLINK, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for name in names:
            try:
                fcntl.ioctl(any_socket, SIOCETHTOOL, struct.pack("16sQ16x", name.encode(), ctypes.addressof(question)))
            except OSError:
                pass  # a kind of device that has no link to ask for


def nl_name(data):
    return data.rstrip(b"\0").decode(errors="replace")


def neighbour_rows(link, names, fixed=False):
    """What was learned of neighbours: device, address, Ethernet address, state."""
    found = []
    for body in link.dump(RTM_GETNEIGH, struct.pack("BxxxiHBB", socket.AF_INET, 0, 0, 0, 0)):
        _family, index, state, flags, _kind = struct.unpack_from("BxxxiHBB", body)
        if (state & FIXED and not fixed) or state == 0 or flags & 8:
            continue
        parts = nl.attributes(body, 12)
        usable = state not in (INCOMPLETE, 32) and len(parts.get(2, b"")) == 6
        row = {"dev": names.get(index, "?"), "ip": socket.inet_ntoa(parts[1]), "mac": parts[2].hex(":") if usable else None}
        found.append((row | {"state": STATES.get(state, str(state))}, index, parts[1]))
    return found


def forget_neighbours(link, names):
    for _row, index, address in neighbour_rows(link, names):
        delete(link, struct.pack("BxxxiHBB", socket.AF_INET, index, 0, 0, 0) + nl.attribute(1, address))


def learned_fdb(link):
    """Forwarding entries that frames taught: (ifindex, flags, address)."""
    found = []
    for body in link.dump(RTM_GETNEIGH, struct.pack("BxxxiHBB", AF_BRIDGE, 0, 0, 0, 0)):
        _family, index, state, flags, _kind = struct.unpack_from("BxxxiHBB", body)
        parts = nl.attributes(body, 12)
        if state & FIXED or flags & NTF_EXT_LEARNED or 2 not in parts:
            continue
        found.append((index, flags, parts[2], parts.get(5)))
    return found


def forget_fdb(link):
    for index, flags, address, vlan in learned_fdb(link):
        body = struct.pack("BxxxiHBB", AF_BRIDGE, index, 0, flags & (NTF_SELF | NTF_MASTER), 0) + nl.attribute(2, address)
        delete(link, body + (nl.attribute(5, vlan) if vlan else b""))


def delete(link, body):
    try:
        link.request(RTM_DELNEIGH, 0, body)
    except FileNotFoundError:
        pass  # it aged out meanwhile
