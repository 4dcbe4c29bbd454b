"""Taps on all devices of a namespace: a ring into which the kernel copies each frame as it passes."""
import ctypes
import mmap
import socket
import struct

SOL_PACKET = 263
PACKET_RX_RING = 5
PACKET_VERSION = 10
PACKET_IGNORE_OUTGOING = 23
TPACKET_V2 = 1
ETH_P_ALL = 3
FRAME_BYTES = 512
BLOCK_BYTES = 1 << 16
BLOCKS = 24
FRAMES = BLOCK_BYTES // FRAME_BYTES * BLOCKS
PACKET_OUTGOING = 4
# PACKET_HOST is 0: a frame for this host and no other, or one that it sends.
OWN = (0, PACKET_OUTGOING)


class Tap:
    """Made in the namespace that it listens in. A plain packet socket would share its bytes with the packet, and show later changes."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        request = struct.pack("IIII", BLOCK_BYTES, BLOCKS, FRAME_BYTES, FRAMES)
        self.socket.setsockopt(SOL_PACKET, PACKET_RX_RING, request)
        self.ring = mmap.mmap(self.socket.fileno(), BLOCK_BYTES * BLOCKS, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        self.next = 0
        self.lost = False

    def close(self):
        self.ring.close()
        self.socket.close()

    def frames(self):
        """What passed since the last call: (time in ns, ifindex, outgoing, own, bytes)."""
        ring = self.ring
        found = 0
        while found < FRAMES:
            at = self.next * FRAME_BYTES
            status, _length, kept, start = struct.unpack_from("IIIH", ring, at)[:4]
            if status & 1 == 0:
                return
            # struct tpacket2_hdr: status len snaplen mac net sec nsec …; a sockaddr_ll follows, aligned to 16
            seconds, nanoseconds = struct.unpack_from("II", ring, at + 16)
            index, _hatype, kind = struct.unpack_from("iHB", ring, at + 32 + 4)
            yield seconds * 1_000_000_000 + nanoseconds, index, kind == PACKET_OUTGOING, kind in OWN, ring[at + start : at + start + kept]
            struct.pack_into("I", ring, at, 0)
            self.next = (self.next + 1) % FRAMES
            found += 1
        self.lost = True
