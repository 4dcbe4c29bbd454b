"""Sends a probe with the sockets that a process would use, and notes what comes back to it."""
import errno
import os
import socket
import struct

from listeners import (
    IP_MTU_DISCOVER, PMTUDISC_DONT, PMTUDISC_PROBE, PMTUDISC_WANT, SO_BINDTODEVICE, SO_MARK, close_silently, end,
)
from packet import MAGIC

IP_RECVERR = 11
MSG_ERRQUEUE = 0x2000


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def payload(size):
    return (MAGIC + b"\0" + b"." * size)[:size]


def echo_request(probe):
    body = payload(probe["size"])
    head = struct.pack(">BBHHH", 8, 0, 0, probe["sport"], 1)
    return head[:2] + struct.pack(">H", checksum(head + body)) + head[4:] + body


def transport(probe, source):
    """The part of a ready-made packet after its IP header."""
    if probe["proto"] == "icmp":
        return echo_request(probe)
    if probe["proto"] == "udp":
        body = payload(probe["size"])
        segment = struct.pack(">HHHH", probe["sport"], probe["dport"], 8 + len(body), 0) + body
        at, number = 6, 17
    else:
        segment = struct.pack(">HHIIBBHHH", probe["sport"], probe["dport"], 1, 0, 5 << 4, 2, 65_535, 0, 0)
        at, number = 16, 6
    pseudo = socket.inet_aton(source) + socket.inet_aton(probe["dst"]) + struct.pack(">BBH", 0, number, len(segment))
    return segment[:at] + struct.pack(">H", checksum(pseudo + segment) or 0xFFFF) + segment[at + 2 :]


def packet(probe, source):
    body = transport(probe, source)
    number = {"icmp": 1, "tcp": 6, "udp": 17}[probe["proto"]]
    flags = 0x4000 if probe["df"] is True and probe["proto"] != "tcp" else 0
    head = struct.pack(
        ">BBHHHBBH4s4s", 0x45, probe["tos"], 20 + len(body), 0 if flags else os.getpid() & 0xFFFF, flags, probe["ttl"], number, 0,
        socket.inet_aton(source), socket.inet_aton(probe["dst"]),
    )
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


class Sender:
    """A probe on its way. Made in the namespace of the sender, for which the socket stays."""

    def __init__(self, probe):
        self.probe = probe
        self.socket = None
        self.error = None
        self.reply = None
        self.reset = False
        try:
            if probe.get("spoof") is not None:
                self.spoof()
            else:
                {"udp": self.udp, "icmp": self.icmp, "tcp": self.tcp}[probe["proto"]]()
        except OSError as error:
            self.error = errno.errorcode.get(error.errno, str(error.errno))

    def open(self, kind, proto=0):
        probe = self.probe
        self.socket = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, proto)
        option = self.socket.setsockopt
        if probe.get("bindDev") is not None:
            option(socket.SOL_SOCKET, SO_BINDTODEVICE, probe["bindDev"].encode())
        if probe["mark"]:
            option(socket.SOL_SOCKET, SO_MARK, probe["mark"])
        if probe["tos"]:
            option(socket.IPPROTO_IP, socket.IP_TOS, probe["tos"])
        option(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        option(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        return option

    def plain(self, kind, proto=0):
        option = self.open(kind, proto)
        option(socket.IPPROTO_IP, socket.IP_TTL, self.probe["ttl"])
        option(socket.IPPROTO_IP, IP_RECVERR, 1)
        option(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if kind != socket.SOCK_STREAM:
            mode = {True: PMTUDISC_PROBE, False: PMTUDISC_DONT, "auto": PMTUDISC_WANT}[self.probe["df"]]
            option(socket.IPPROTO_IP, IP_MTU_DISCOVER, mode)

    def spoof(self):
        self.open(socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.socket.sendto(packet(self.probe, self.probe["spoof"]), (self.probe["dst"], 0))

    def udp(self):
        self.plain(socket.SOCK_DGRAM)
        self.socket.bind((self.probe.get("src") or "0.0.0.0", self.probe["sport"]))
        self.socket.sendto(payload(self.probe["size"]), (self.probe["dst"], self.probe["dport"]))

    def icmp(self):
        self.plain(socket.SOCK_RAW, socket.IPPROTO_ICMP)
        if self.probe.get("src") is not None:
            self.socket.bind((self.probe["src"], 0))
        self.socket.sendto(echo_request(self.probe), (self.probe["dst"], 0))

    def tcp(self):
        self.plain(socket.SOCK_STREAM)
        self.socket.bind((self.probe.get("src") or "0.0.0.0", self.probe["sport"]))
        code = self.socket.connect_ex((self.probe["dst"], self.probe["dport"]))
        if code not in (0, errno.EINPROGRESS):
            self.failed(code)

    def failed(self, code):
        """A connect() that ends at once may still have had an answer: only the others are failures of the call itself."""
        if code == errno.ECONNREFUSED:
            self.reset = True
        else:
            self.error = errno.errorcode.get(code, str(code))

    def look(self):
        """Takes what has come back. True when there was something new."""
        if self.socket is None or self.probe.get("spoof") is not None or self.error is not None:
            return False
        if self.probe["proto"] == "udp":
            return self.look_udp()
        if self.probe["proto"] == "icmp":
            return self.look_icmp()
        return self.look_tcp()

    def look_udp(self):
        news = False
        while True:
            try:
                _data, peer = self.socket.recvfrom(70_000)
            except BlockingIOError:
                return news
            except OSError:
                news = True
                continue  # IP_RECVERR: the error is heard elsewhere
            self.reply = self.reply or end(peer)
            news = True

    def look_icmp(self):
        news = False
        while True:
            try:
                data, peer = self.socket.recvfrom(70_000)
            except BlockingIOError:
                return news
            except OSError:
                news = True
                continue
            start = (data[0] & 15) * 4
            if data[start] == 0 and struct.unpack_from(">H", data, start + 4)[0] == self.probe["sport"]:
                self.reply = self.reply or peer[0]
                news = True

    def look_tcp(self):
        if self.reset:
            return False
        try:
            peer = self.socket.getpeername()
        except OSError:
            return self.look_tcp_end()
        news = self.reply is None
        self.reply = end(peer)
        return news

    def look_tcp_end(self):
        """A connection that is not there yet, or not any more: a RST after the handshake is told by an error of its own."""
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code not in (errno.ECONNREFUSED, errno.ECONNRESET):
            return False
        if code == errno.ECONNRESET:
            self.reply = end((self.probe["dst"], self.probe["dport"]))
        self.reset = True
        return True

    def close(self):
        if self.socket is not None:
            close_silently(self.socket)
