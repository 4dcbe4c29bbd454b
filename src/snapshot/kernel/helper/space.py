"""Network namespaces that only this process holds: they are gone when it is."""
import os

import netlink as nl
import system
import tables


class Space:
    """An anonymous network namespace with no way out of it."""

    def __init__(self):
        system.unshare(system.CLONE_NEWNET)
        self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self.path = f"/proc/{os.getpid()}/fd/{self.fd}"
        self.route = nl.Netlink(nl.NETLINK_ROUTE)
        self.names = {1: "lo"}
        # Neither duplicate address detection nor router solicitations shall cross the links.
        for key in ("all", "default"):
            self.write(f"net/ipv6/conf/{key}/disable_ipv6", "1", True)

    def enter(self):
        system.setns(self.fd)

    def close(self):
        self.route.close()
        os.close(self.fd)

    def write(self, path, value, optional=False):
        """Sets a sysctl of the present namespace, which has to be this one."""
        try:
            with open(f"/proc/sys/{path}", "w", encoding="ascii") as file:
                file.write(value)
        except OSError:
            if not optional:
                raise

    def look(self):
        """Learns the names of the devices. The names of those that are up and do not work yet."""
        found = tables.links(self.route)
        self.names = {index: name for index, (name, _up, _works) in found.items()}
        return [name for name, up, works in found.values() if up and not works]


def baseline():
    """What the sysctls of a new namespace say here, by path below /proc/sys."""
    values = {}
    for root in ("net/ipv4", "net/bridge", "net/netfilter"):
        for folder, _folders, files in os.walk(f"/proc/sys/{root}"):
            for name in files:
                path = os.path.join(folder, name)
                try:
                    with open(path, encoding="ascii", errors="replace") as file:
                        values[path[len("/proc/sys/"):]] = file.read().strip()
                except OSError:
                    pass  # some can only be written
    return values
