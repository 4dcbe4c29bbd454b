"""System calls that the standard library of Python 3.11 has no function for."""
import ctypes
import os
import time

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
PR_SET_PDEATHSIG = 1
SIGKILL = 9
# Read at the last tick. @source include/uapi/linux/time.h
CLOCK_MONOTONIC_COARSE = 6
SYS_PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}.get(os.uname().machine)

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def check(result, what):
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def setns(fd):
    check(libc.setns(fd, CLONE_NEWNET), "setns")


def unshare(flags):
    check(libc.unshare(flags), "unshare")


def mount(kind, target, flags=0):
    check(libc.mount(b"none", os.fsencode(target), kind.encode() if kind else None, ctypes.c_ulong(flags), None), f"mount {target}")


def die_with_parent():
    """The kernel kills this process when the one that started it ends, however it ends."""
    parent = os.getppid()
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    return parent != 1


def hurry(is_urgent):
    """Whether this thread goes before all others of its processor: what waits longer than a protocol does is not what was asked for."""
    policy = os.SCHED_FIFO if is_urgent else os.SCHED_OTHER
    try:
        os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, os.sched_param(1 if is_urgent else 0))
    except PermissionError:
        pass  # a container may not let us; then only a machine that is busy is in the way


def await_tick():
    """Until right after the kernel's clock has ticked: the timers that one packet sets are then due in one and the same tick."""
    before = time.clock_gettime(CLOCK_MONOTONIC_COARSE)
    while time.clock_gettime(CLOCK_MONOTONIC_COARSE) == before:
        pass


def perf_event_open(attributes):
    """Events of the present thread, on whatever processor."""
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    return check(libc.syscall(SYS_PERF_EVENT_OPEN, buffer, 0, -1, -1, 8), "perf_event_open")
