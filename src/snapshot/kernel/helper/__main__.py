"""
The part of `podwalk verify` that asks the running kernel: builds networks out of anonymous namespaces, sends probes through them and
says what happened. Reads one JSON request a line from standard input, writes JSON lines. Everything it makes belongs to this process
alone and is gone with it; no namespace of it has a link to the host's.
"""
import gc
import json
import os
import sys
import time

import drops
import rules
import space
import system
from lab import Lab
from nursery import Nursery
from tools import ToolFailed


def say(message):
    sys.stdout.write(json.dumps(message, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def run(request, nursery, reasons):
    """Builds a network, sends its probes, takes it down again."""
    lab = Lab(request["plan"], nursery, reasons)
    try:
        if request["routes"]:
            say({"id": request["id"], "routes": lab.routes()})
        for number, probe in enumerate(request["probes"]):
            say({"id": request["id"], "truth": lab.probe(probe, request["state"], number == 0)})
    finally:
        lab.close()


def main():
    if not system.die_with_parent():
        return
    os.sched_setaffinity(0, {int(sys.argv[1])})
    reasons = drops.watch()
    first = space.Space()
    rules.keep_tracing()
    say({"hello": {"sysctls": space.baseline(), "release": os.uname().release, "tickMs": time.clock_getres(system.CLOCK_MONOTONIC_COARSE) * 1000}})
    nursery = Nursery()
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            run(request, nursery, reasons)
            say({"id": request["id"], "done": True})
        except (ToolFailed, OSError) as error:
            say({"id": request["id"], "failed": str(error)})
        finally:
            first.enter()


main()
