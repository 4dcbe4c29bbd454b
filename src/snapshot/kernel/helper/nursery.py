"""Namespaces in stock. Opening and closing a packet ring waits for all processors to have looked; meanwhile others are at work."""
import queue
import threading

from flows import Flows
from listeners import IcmpEar
from space import Space
from taps import Tap

IN_STOCK = 12
TO_CLOSE = 64


class Blank:
    """An empty namespace that is already watched."""

    def __init__(self):
        self.space = Space()
        self.tap = Tap()
        self.ear = IcmpEar()
        self.flows = Flows()

    def close(self):
        for part in (self.ear, self.flows, self.tap, self.space):
            part.close()


class Nursery:
    def __init__(self):
        self.ready = queue.Queue(IN_STOCK)
        self.used = queue.Queue(TO_CLOSE)
        for work in (self.breed, self.breed, self.bury, self.bury):
            threading.Thread(target=work, daemon=True).start()

    def breed(self):
        while True:
            try:
                blank = Blank()
            except OSError as error:
                blank = error
            self.ready.put(blank)

    def bury(self):
        while True:
            self.used.get().close()

    def blank(self):
        """An empty namespace. Raises OSError where the kernel makes none."""
        found = self.ready.get()
        if isinstance(found, OSError):
            raise found
        return found

    def take_back(self, parts):
        for part in parts:
            self.used.put(part)
