"""Runs the standard tools inside the present namespace."""
import os
import subprocess

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "XTABLES_LOCKFILE": "/dev/null"}
TOOL_SECONDS = 300


class ToolFailed(Exception):
    pass


def start(arguments, text=None):
    """Starts a tool in the namespace that is entered now; several may run at once."""
    return subprocess.Popen(
        arguments, env=ENVIRONMENT, close_fds=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
    )


def finish(process, text=None):
    out, err = process.communicate(None if text is None else text.encode(), timeout=TOOL_SECONDS)
    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def run(place, arguments, text=None):
    """The output of a tool. Raises ToolFailed with what it said, and where."""
    code, out, err = finish(start(arguments, text), text)
    if code != 0:
        said = err.strip().splitlines()
        raise ToolFailed(f"{place}: {os.path.basename(arguments[0])}: {' / '.join(said[:4]) or f'exit status {code}'}")
    return out
