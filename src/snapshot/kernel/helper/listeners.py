"""The sockets that a World says are there, and what they see."""
import socket
import struct
import time

IP_FREEBIND = 15
IP_PKTINFO = 8
IP_RECVTTL = 12
IP_MTU_DISCOVER = 10
PMTUDISC_DONT, PMTUDISC_WANT, PMTUDISC_PROBE = 0, 1, 3
SO_BINDTODEVICE = 25
SO_MARK = 36
TCP_REPAIR = 19
SO_RCVBUFFORCE = 33
ICMP_FILTER = 1
SOL_RAW = 255


def close_silently(tcp):
    """Closes a TCP socket without a FIN or RST, so that the end of a probe sends nothing."""
    try:
        tcp.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except OSError:
        pass  # not connected
    tcp.close()


class Listener:
    """One socket of the World, opened in the present namespace."""

    def __init__(self, site, place, spec):
        self.site = site
        self.place = place
        self.spec = spec
        self.tcp = spec["proto"] == "tcp"
        self.accepted = []
        self.open()

    def open(self):
        spec = self.spec
        kind = socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM
        self.socket = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        if spec["dev"] is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, spec["dev"].encode())
        here = (spec["addr"] or "0.0.0.0", spec["port"])
        if self.tcp and spec["peer"] is not None:
            self.socket.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self.socket.bind(here)
        if spec["peer"] is not None:
            self.socket.connect(tuple(spec["peer"]))
        elif self.tcp:
            self.socket.listen(64)
        if not self.tcp:
            self.socket.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            self.socket.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
            self.socket.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_DONT)

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.forget()
        close_silently(self.socket)

    def forget(self):
        for connection in self.accepted:
            close_silently(connection)
        self.accepted = []

    def ready(self, seen):
        if not self.tcp:
            return self.answer(seen)
        if self.spec["peer"] is not None:
            return
        while True:
            try:
                connection, peer = self.socket.accept()
            except OSError:
                return
            self.accepted.append(connection)
            own = connection.getsockname()
            seen.append({"ns": self.place, "proto": "tcp", "src": end(peer), "dst": end(own), "at": time.time_ns()})

    def answer(self, seen):
        while True:
            try:
                payload, ancillary, _flags, peer = self.socket.recvmsg(70_000, 256)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error about an answer of ours
            facts = {kind: data for level, kind, data in ancillary if level == socket.IPPROTO_IP}
            # struct in_pktinfo: the device, the local address of the device, the address that was asked
            asked = facts[IP_PKTINFO][8:12]
            row = {"ns": self.place, "socket": self.fileno(), "proto": "udp", "src": end(peer), "dst": f"{socket.inet_ntoa(asked)}:{self.spec['port']}"}
            row["at"] = time.time_ns()
            row["ttl"] = struct.unpack("i", facts[2])[0] if 2 in facts else 0
            if not self.spec["answers"]:
                seen.append(row)
                continue
            try:
                source = struct.pack("i", 0) + asked + b"\0\0\0\0"
                self.socket.sendmsg([turned(payload)], [(socket.IPPROTO_IP, IP_PKTINFO, source)], 0, peer)
            except OSError as error:
                row["answer"] = error.errno
            seen.append(row)


SYN_RECV = "03"


def half_open(place):
    """Handshakes of the present namespace that a listener has begun and nobody has finished."""
    rows = []
    with open("/proc/thread-self/net/tcp", encoding="ascii") as file:
        for line in file.readlines()[1:]:
            _number, own, peer, state, *_rest = line.split()
            if state == SYN_RECV:
                rows.append({"ns": place, "proto": "tcp", "src": hex_end(peer), "dst": hex_end(own), "at": time.time_ns()})
    return rows


def hex_end(text):
    """An address of /proc/net/tcp: the number as the machine holds it."""
    address, port = text.split(":")
    return f"{socket.inet_ntoa(struct.pack('=I', int(address, 16)))}:{int(port, 16)}"


def turned(payload):
    """The answer to a payload is the same one, but for the bit that tells the direction."""
    return payload if len(payload) < 8 else payload[:7] + bytes([payload[7] | 1]) + payload[8:]


def end(address):
    return f"{address[0]}:{address[1]}"


class IcmpEar:
    """Hears every ICMP packet that arrives for a namespace; the kernel answers them as ever."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.IPPROTO_ICMP)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20)

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def heard(self):
        rows = []
        while True:
            try:
                data = self.socket.recv(600)
            except BlockingIOError:
                return rows
            start = (data[0] & 15) * 4
            row = {"type": data[start], "code": data[start + 1], "src": socket.inet_ntoa(data[12:16]), "dst": socket.inet_ntoa(data[16:20])}
            row["id"] = struct.unpack_from(">H", data, start + 4)[0]
            row["ttl"] = data[8]
            rows.append(row)


class Sink:
    """The far end of a link that leads nowhere: it answers ARP where the model assumes that somebody does, and nothing else."""

    def __init__(self, device, answers):
        self.device = device
        self.answers = answers
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.htons(0x0806))
        self.socket.bind((device, 0x0806))

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def ready(self, _seen):
        while True:
            try:
                frame, (_device, _proto, kind, *_rest) = self.socket.recvfrom(128)
            except BlockingIOError:
                return
            if not self.answers or kind == socket.PACKET_OUTGOING or frame[20:22] != b"\0\1":
                continue
            mine = b"\x02\0\0\0\xff\xfe"
            reply = frame[6:12] + mine + frame[12:20] + b"\0\2" + mine + frame[38:42] + frame[22:32]
            self.socket.send(reply)

    def put_in(self, frame):
        self.socket.send(frame)
