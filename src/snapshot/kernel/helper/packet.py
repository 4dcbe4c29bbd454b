"""What a frame says, as far as the comparison reads it."""
import socket
import struct

ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806
ICMP, TCP, UDP = 1, 6, 17
NAMES = {ICMP: "icmp", TCP: "tcp", UDP: "udp"}
MAGIC = b"podwalk"
# A VXLAN header that says nothing but its VNI.
VXLAN_FLAGS = b"\x08\0\0\0"
ICMP_ERRORS = (3, 4, 5, 11, 12)


def mac(data):
    return data.hex(":")


def decode(frame, vxlan_ports):
    """The headers of a frame as a dictionary; None for what is neither IPv4 nor ARP."""
    if len(frame) < 34:
        return None
    kind = struct.unpack_from(">H", frame, 12)[0]
    if kind == ETH_P_ARP and len(frame) >= 42:
        return {
            "proto": "arp",
            "op": struct.unpack_from(">H", frame, 20)[0],
            "src": socket.inet_ntoa(frame[28:32]),
            "dst": socket.inet_ntoa(frame[38:42]),
            "smac": mac(frame[6:12]),
            "dmac": mac(frame[0:6]),
        }
    if kind != ETH_P_IP:
        return None
    header = ip(frame, 14, vxlan_ports)
    if header is not None:
        header["smac"] = mac(frame[6:12])
        header["dmac"] = mac(frame[0:6])
    return header


def ip(data, at, vxlan_ports):
    if len(data) < at + 20 or data[at] >> 4 != 4:
        return None
    start = at + (data[at] & 15) * 4
    fragment = struct.unpack_from(">H", data, at + 6)[0]
    proto = data[at + 9]
    header = {
        "proto": NAMES.get(proto, str(proto)),
        "src": socket.inet_ntoa(data[at + 12 : at + 16]),
        "dst": socket.inet_ntoa(data[at + 16 : at + 20]),
        "ttl": data[at + 8],
        "ipid": struct.unpack_from(">H", data, at + 4)[0],
    }
    if fragment & 0x2000:
        header["more"] = True
    if fragment & 0x1FFF:
        header["offset"] = (fragment & 0x1FFF) * 8
        return header
    if proto == UDP and len(data) >= start + 8:
        header["sport"], header["dport"] = struct.unpack_from(">HH", data, start)
        # NAT may have sent it to another port; no payload of a probe begins like this. What a socket answers it marks as an answer.
        if vxlan_ports and len(data) >= start + 50 and data[start + 8 : start + 12] == VXLAN_FLAGS and data[start + 15] == 0:
            return vxlan(header, data, start + 8, vxlan_ports)
        header["part"] = part(data[start + 8 : start + 16])
    elif proto == TCP and len(data) >= start + 14:
        header["sport"], header["dport"], header["seq"], header["ack"] = struct.unpack_from(">HHII", data, start)
        flags = data[start + 13]
        header["part"] = "reset" if flags & 4 else ("ack", "request", "ack", "reply")[(flags >> 1 & 1) + (flags >> 3 & 2)]
    elif proto == ICMP and len(data) >= start + 8:
        header["type"], header["code"] = data[start], data[start + 1]
        if header["type"] in (0, 8):
            header["id"] = struct.unpack_from(">H", data, start + 4)[0]
            header["part"] = "request" if header["type"] == 8 else "reply"
        elif header["type"] in ICMP_ERRORS:
            header["part"] = "redirect" if header["type"] == 5 else "icmp-error"
            header["quoted"] = ip(data, start + 8, ())
    return header


def part(payload):
    """Whose datagram it is: the last byte of what a probe of ours begins with tells the direction. Short payloads do not say."""
    if len(payload) == 8 and payload[:7] == MAGIC:
        return "reply" if payload[7] & 1 else "request"
    return "either"


def vxlan(header, data, at, vxlan_ports):
    """The outer header, with what the tunnel carries inside."""
    header["vni"] = struct.unpack_from(">I", data, at + 4)[0] >> 8
    inner = decode(data[at + 8 :], vxlan_ports)
    header["inner"] = inner
    header["port"], header["sport"] = header["sport"], 0
    header["part"] = "arp" if inner is None or inner["proto"] == "arp" else inner.get("part", "either")
    return header
