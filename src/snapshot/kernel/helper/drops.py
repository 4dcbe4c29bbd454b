"""The kernel's own reasons for dropping packets, from the tracepoint skb:kfree_skb; nothing where there are no tracepoints."""
import bisect
import mmap
import os
import re
import struct

import system

TRACING = "/sys/kernel/tracing"
PERF_TYPE_TRACEPOINT = 2
PERF_SAMPLE_RAW = 1 << 10
PERF_RECORD_SAMPLE = 9
ATTRIBUTE_BYTES = 112
PAGES = 64
PAGE = mmap.PAGESIZE
DATA_HEAD, DATA_TAIL = 1024, 1032
# Not drops: the end of a packet that has been used up.
USED_UP = ("NOT_SPECIFIED", "QUEUE_PURGE", "CONSUMED", "NOT_DROPPED_YET")


def mount_tracing():
    """In a mount namespace of our own, so that nothing of it stays behind."""
    system.unshare(system.CLONE_NEWNS)
    system.mount(None, "/", system.MS_REC | system.MS_PRIVATE)
    if not os.path.exists(f"{TRACING}/events"):
        system.mount("tracefs", TRACING)


class Drops:
    """Drops that happen while this process runs: what it sends, it drops."""

    def __init__(self):
        mount_tracing()
        folder = f"{TRACING}/events/skb/kfree_skb"
        with open(f"{folder}/id", encoding="ascii") as file:
            number = int(file.read())
        with open(f"{folder}/format", encoding="ascii") as file:
            layout = file.read()
        place = {name: int(offset) for name, offset in re.findall(r"(\w+);\s+offset:(\d+);", layout)}
        self.location, self.reason = place["location"], place["reason"]
        self.names = {int(value, 0): name for value, name in re.findall(r'\{ *(0x[0-9a-f]+|\d+), *"(\w+)" *\}', layout)}
        attributes = struct.pack("IIQQQQQ", PERF_TYPE_TRACEPOINT, ATTRIBUTE_BYTES, number, 1, PERF_SAMPLE_RAW, 0, 0)
        self.fd = system.perf_event_open(attributes.ljust(ATTRIBUTE_BYTES, b"\0"))
        self.ring = mmap.mmap(self.fd, PAGE * (PAGES + 1), mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self.functions = None

    def since(self):
        """`REASON@function` of each drop since the last call."""
        head, tail = struct.unpack_from("QQ", self.ring, DATA_HEAD)
        size = PAGE * PAGES
        found = []
        while tail < head:
            kind, _misc, length = struct.unpack("IHH", self.bytes(tail, 8, size))
            if kind == PERF_RECORD_SAMPLE:
                record = self.bytes(tail + 12, length - 12, size)
                reason = self.names.get(struct.unpack_from("I", record, self.reason)[0], "UNKNOWN")
                if reason not in USED_UP:
                    found.append(f"{reason}@{self.function(struct.unpack_from('Q', record, self.location)[0])}")
            tail += max(length, 8)
        struct.pack_into("Q", self.ring, DATA_TAIL, head)
        return found

    def bytes(self, at, length, size):
        start = at % size
        first = self.ring[PAGE + start : PAGE + min(start + length, size)]
        return first + self.ring[PAGE : PAGE + length - len(first)]

    def function(self, address):
        if self.functions is None:
            self.functions = []
            with open("/proc/kallsyms", encoding="ascii", errors="replace") as file:
                for line in file:
                    where, kind, name = line.split()[:3]
                    if kind in "tT":
                        self.functions.append((int(where, 16), name))
            self.functions.sort()
        at = bisect.bisect_right(self.functions, (address, "~")) - 1
        return self.functions[at][1] if at >= 0 else hex(address)


class NoDrops:
    def since(self):
        return []


def watch():
    try:
        return Drops()
    except (OSError, KeyError, ValueError):
        return NoDrops()
