"""Netlink messages: requests, dumps, attributes."""
import errno
import os
import socket
import struct

NETLINK_ROUTE = 0
NETLINK_NETFILTER = 12
NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP = 0x300
NLM_F_CREATE = 0x400
NLM_F_EXCL = 0x200
NLM_F_APPEND = 0x800
NLMSG_ERROR = 2
NLMSG_DONE = 3
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
SO_RCVBUFFORCE = 33
RECEIVE_BYTES = 64 << 20
NESTED = 0x8000
TYPE_MASK = 0x3FFF


def attribute(kind, payload):
    length = 4 + len(payload)
    return struct.pack("HH", length, kind) + payload + b"\0" * (-length % 4)


def nested(kind, *parts):
    return attribute(kind | NESTED, b"".join(parts))


def text(kind, value):
    return attribute(kind, value.encode() + b"\0")


def be32(kind, value):
    return attribute(kind, struct.pack(">I", value & 0xFFFFFFFF))


def attributes(data, offset=0):
    """The attributes of a message, by type; of equal types the last."""
    found = {}
    while offset + 4 <= len(data):
        length, kind = struct.unpack_from("HH", data, offset)
        if length < 4:
            break
        found[kind & TYPE_MASK] = data[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    return found


def messages(data):
    offset = 0
    while offset + 16 <= len(data):
        length, kind, _flags, _seq, _pid = struct.unpack_from("IHHII", data, offset)
        if length < 16:
            break
        yield kind, data[offset + 16 : offset + length]
        offset += (length + 3) & ~3


class Netlink:
    """A netlink socket of the namespace in which it is made."""

    def __init__(self, protocol, group=0):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self.socket.bind((0, 0))
        if group:
            self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
            self.listen()
        self.sequence = 0

    def listen(self):
        """From now on the kernel writes by itself, a great deal where a packet goes in circles."""
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
        self.socket.setblocking(False)

    def close(self):
        self.socket.close()

    def message(self, kind, flags, payload):
        self.sequence += 1
        return struct.pack("IHHII", 16 + len(payload), kind, flags | NLM_F_REQUEST, self.sequence, 0) + payload

    def dump(self, kind, payload):
        """Everything that a dump request brings, as payloads."""
        self.socket.send(self.message(kind, NLM_F_DUMP, payload))
        rows = []
        while True:
            for found, body in messages(self.socket.recv(1 << 18)):
                if found == NLMSG_DONE:
                    return rows
                if found == NLMSG_ERROR:
                    raise_error(body)
                    return rows
                rows.append(body)

    def ask(self, kind, payload):
        """The one message that answers a question. Raises OSError where the kernel has none."""
        self.socket.send(self.message(kind, 0, payload))
        for _found, body in messages(self.socket.recv(1 << 18)):
            if _found == NLMSG_ERROR:
                raise_error(body)
            return body
        raise OSError("no answer")

    def request(self, kind, flags, payload):
        """Asks for a change. Raises OSError where the kernel refuses."""
        self.batch([self.message(kind, flags | NLM_F_ACK, payload)], 1)

    def batch(self, parts, acknowledgements):
        self.socket.send(b"".join(parts))
        failed = None
        while acknowledgements > 0:
            for found, body in messages(self.socket.recv(1 << 18)):
                if found != NLMSG_ERROR:
                    continue
                acknowledgements -= 1
                code = struct.unpack_from("i", body)[0]
                if code < 0:
                    failed = failed or OSError(-code, os.strerror(-code))
                    acknowledgements = 0
        if failed:
            raise failed

    def received(self):
        """The messages that wait in a socket that listens to a group. Raises OSError where some of them found no room."""
        while True:
            try:
                data = self.socket.recv(1 << 18)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    raise OSError(error.errno, "the kernel told more than a socket holds, since a packet goes round and round") from error
                raise
            yield from messages(data)


def raise_error(body):
    code = struct.unpack_from("i", body)[0]
    if code < 0:
        raise OSError(-code, os.strerror(-code))
