"""A network of namespaces, built from a plan, and probes through it."""
import re
import select
import socket
import struct
import time

import netlink as nl
import packet
import routes
import rules
import system
import tables
import tools
from listeners import Listener, Sink, half_open
from senders import Sender, checksum, transport

# A link that comes up works a moment later; longer than this it never will.
UP_SECONDS = 3
# Nothing that a probe sets in motion takes longer, unless a neighbour is being asked for.
SETTLE_SECONDS = 3
IDLE_SECONDS = 0.0003
IDLE_ROUNDS = 2
PUT_OFF_ROUNDS = 3
# Of a route that is there for a moment, and shall come after all others.
LAST_METRIC = 4294967294


class Site:
    """One namespace of the lab with everything that watches it."""

    def __init__(self, blank, plan):
        self.plan = plan
        self.name = plan["name"]
        self.space, self.tap, self.ear, self.flows = blank.space, blank.tap, blank.ear, blank.flows
        self.nft = None
        self.traced = None
        self.logged = None
        self.numbers = {}
        self.listeners = []

    def close(self):
        for part in (self.nft, self.traced, self.logged, *self.listeners, self.ear, self.flows, self.tap, self.space):
            if part is not None:
                part.close()


class Lab:
    def __init__(self, plan, nursery, reasons):
        self.nursery = nursery
        self.reasons = reasons
        self.vxlan_ports = frozenset(plan["vxlanPorts"])
        self.sites = []
        self.sinks = {}
        self.outside = None
        self.lingering = set()
        self.poll = select.epoll()
        self.idle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.watched = {}
        try:
            self.build(plan)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.poll.close()
        self.idle.close()
        self.nursery.take_back([*self.sites, *self.sinks.values(), *([self.outside] if self.outside else [])])

    def build(self, plan):
        for spec in plan["namespaces"]:
            self.sites.append(Site(self.nursery.blank(), spec))
        self.outside = self.nursery.blank()
        where = [site.space.path for site in self.sites]
        for batch in plan["links"]:
            text = batch["text"].replace("{out}", self.outside.space.path)
            for index, path in enumerate(where):
                text = text.replace(f"{{{index}}}", path)
            (self.outside if batch["site"] is None else self.sites[batch["site"]]).space.enter()
            tools.run("links", ["ip", "-batch", "-"], text)
        for site in self.sites:
            site.space.enter()
            site.space.write("net/ipv4/tcp_synack_retries", "0", True)
            for path, value, optional in site.plan["sysctls"]:
                try:
                    site.space.write(path, value, optional)
                except OSError as error:
                    raise tools.ToolFailed(f"{site.name}: the sysctl {path} cannot be set to {value}: {error.strerror}") from error
        self.each(lambda site: (["ip", "-batch", "-"], site.plan["addresses"]))
        self.outside.space.enter()
        for sink in plan["sinks"]:
            self.sinks[sink["dev"]] = self.watch(Sink(sink["dev"], sink["answersArp"]))
        self.wait_until_up()
        self.each(lambda site: (["ip", "-batch", "-"], site.plan["portStates"]))
        self.underived = {site.name: self.route(site) for site in self.sites}
        self.each(lambda site: (["ip", "-batch", "-"], site.plan["policy"]))
        self.each(lambda site: (["bridge", "-batch", "-"], site.plan["fdb"]))
        self.load_rules()
        self.each(lambda site: (["ebtables-restore"], site.plan["ebtables"]))
        for number, site in enumerate(self.sites):
            self.observe(number, site)
        self.restart(True)

    def each(self, command):
        """Runs a tool in all namespaces that have something for it, side by side."""
        running = []
        for site in self.sites:
            arguments, text = command(site)
            if text:
                site.space.enter()
                running.append((site, arguments, text, tools.start(arguments, text)))
        failed = None
        for site, arguments, text, process in running:
            code, _out, err = tools.finish(process, text)
            if code != 0:
                said = " / ".join(err.strip().splitlines()[:4])
                failed = failed or f"{site.name}: {arguments[0]}: {said or f'exit status {code}'}"
        if failed:
            raise tools.ToolFailed(failed)

    def route(self, site):
        """
        Leaves those routes that the kernel derived from links and addresses, as far as the plan has them, and adds the others.
        Deriving and adding are not the same: a local route that somebody adds makes the kernel check sources by routes alone.
        """
        site.space.enter()
        site.space.look()
        wanted = dict(site.plan["routes"])
        others = [body for words, body in routes.rows(site.space.route, site.space.names) if wanted.pop(words, None) is None]
        failed = self.add(site, self.add(site, list(wanted.values())))
        if failed:
            self.add_by_loan(site, failed)
        # Now, since others may have been added by gateways that these lead to.
        for body in others:
            routes.delete(site.space.route, body)
        return list(wanted)

    def add(self, site, lines):
        """Adds routes. Returns those by a gateway that no link leads to, yet."""
        if not lines:
            return []
        process = tools.start(["ip", "-force", "-batch", "-"], "")
        code, _out, err = tools.finish(process, "".join(f"{line}\n" for line in lines))
        if code == 0:
            return []
        failed = [lines[int(line.rsplit(":", 1)[1]) - 1] for line in err.splitlines() if line.startswith("Command failed")]
        if not failed or any(" via " not in line for line in failed):
            raise tools.ToolFailed(f"{site.name}: ip: {failed[0] if failed else ''}: {' / '.join(err.splitlines()[:4])}")
        return failed

    def add_by_loan(self, site, lines):
        """A route by a gateway that no link leads to any more is there all the same: the kernel checked when it was added, not since."""
        gateways = {found for line in lines for found in re.findall(r"via (\S+) dev (\S+)", line)}
        leads = [f"{gateway}/32 dev {device} scope link metric {LAST_METRIC}" for gateway, device in sorted(gateways)]
        batch = [*(f"route append {lead}" for lead in leads), *lines, *(f"route del {lead}" for lead in leads)]
        tools.run(site.name, ["ip", "-batch", "-"], "".join(f"{line}\n" for line in batch))

    def wait_until_up(self):
        give_up = time.monotonic() + UP_SECONDS
        for site in self.sites:
            expected = set(site.plan["expectUp"])
            site.space.enter()
            while waiting := expected.intersection(site.space.look()):
                tables.bring_up_now(waiting)
                if time.monotonic() > give_up:
                    raise tools.ToolFailed(f"{site.name}: {', '.join(sorted(waiting))} did not come up")
                if expected.intersection(site.space.look()):
                    time.sleep(0.001)

    def watch(self, part):
        self.watched[part.fileno()] = part
        self.poll.register(part.fileno(), select.EPOLLIN)
        return part

    def observe(self, number, site):
        site.space.enter()
        site.space.look()
        if site.plan["iptables"] or site.plan["iptablesLegacy"]:
            site.nft = nl.Netlink(nl.NETLINK_NETFILTER)
            site.numbers = rules.handles(site.nft)
            rules.trace_everything(site.nft)
            site.traced = nl.Netlink(nl.NETLINK_NETFILTER, rules.NFNLGRP_NFTRACE)
        if site.plan["iptablesLegacy"]:
            site.logged = nl.Netlink(nl.NETLINK_NETFILTER)
            rules.log_traced(site.logged)
        for spec in site.plan["sockets"]:
            try:
                site.listeners.append(self.watch(Listener(number, site.name, spec)))
            except OSError as error:
                raise tools.ToolFailed(f"{site.name}: the socket {spec} cannot be opened: {error.strerror}") from error

    def restart(self, warm, first=True):
        """Forgets what packets have taught; brings back what the plan starts from where `warm`."""
        for site in self.sites:
            site.space.enter()
            if not first:
                site.flows.flush()
                tables.forget_neighbours(site.space.route, site.space.names)
                tables.forget_fdb(site.space.route)
                site.space.write("net/ipv4/route/flush", "1")
                for listener in site.listeners:
                    listener.forget()
        if warm:
            self.each(lambda site: (["ip", "-batch", "-"], site.plan["neighbours"]))
            self.each(lambda site: (["bridge", "-batch", "-"], site.plan["learned"]))
            self.each(lambda site: (["conntrack", "--load-file", "-"], site.plan["conntrack"]))
        if not first:
            self.load_rules(lambda site: site.plan["remembers"])
            for site in self.sites:
                if site.plan["remembers"]:
                    site.space.enter()
                    rules.forget_lists()

    def load_rules(self, wanted=lambda _site: True):
        """
        Loads sets and rules. Those that are there already forget what packets taught them. Of two hooks of one priority the one registered
        last is asked first: nftables, as the twin has it.
        """
        for part, arguments in (
            ("ipset", ["ipset", "-exist", "restore"]),
            ("iptablesLegacy", ["iptables-legacy-restore"]),
            ("iptables", ["iptables-nft-restore"]),
        ):
            self.each(lambda site, part=part, arguments=arguments: (arguments, site.plan[part] if wanted(site) else ""))

    def work_off(self):
        """
        Lets the kernel do here what it had put off: packets and timers may wait for a thread of their own, which a busy machine does not
        let run. Whoever takes the lock of a socket gives way to them. @source kernel/softirq.c __local_bh_enable_ip
        """
        for _ in range(PUT_OFF_ROUNDS):
            try:
                self.idle.recv(1)
            except BlockingIOError:
                pass

    def pump(self, seen):
        """Lets every socket that has something take it. True when there was something."""
        self.work_off()
        ready = self.poll.poll(0)
        for fd, _events in ready:
            self.watched[fd].ready(seen)
        return bool(ready)

    def settle(self, sender, seen, looked):
        """Until nothing moves. Returns whether it does not, and the longest in seconds that nobody looked, `looked` having been the last time."""
        give_up = looked + SETTLE_SECONDS
        idle = stall = 0
        while idle < IDLE_ROUNDS and looked < give_up:
            before, looked = looked, time.monotonic()
            stall = max(stall, looked - before)
            busy = self.pump(seen)
            busy = sender is not None and sender.look() or busy
            if busy:
                idle = 0
                continue
            time.sleep(IDLE_SECONDS)
            if self.asking():
                idle = 0
            else:
                idle += 1
        return looked < give_up, stall

    def asking(self):
        """Whether somebody still asks for a neighbour."""
        for site in self.sites:
            for row, _index, _address in tables.neighbour_rows(site.space.route, site.space.names):
                if row["state"] in ("incomplete", "probe"):
                    return True
        return False

    def collect(self):
        """Everything that was watched since the last call."""
        frames, hit, heard, tunnels = [], {}, {}, {}
        for position, site in enumerate(self.sites):
            names = site.space.names
            for at, index, out, own, data in site.tap.frames():
                header = packet.decode(data, self.vxlan_ports)
                if header is None:
                    continue
                frames.append((at, position, names.get(index, "?"), out, header))
                if not own and header["proto"] != "arp":
                    site.flows.seek(header)
            if site.traced is not None:
                hit[site.name], tunnels[site.name] = rules.nft_rows(site.traced, site.numbers, self.vxlan_ports)
            if site.logged is not None:
                hit[site.name] += rules.legacy_rows(site.logged)
            heard[site.name] = site.ear.heard()
        frames.sort(key=lambda frame: frame[0])
        return frames, {name: rows for name, rows in hit.items() if rows}, heard, {name: ports for name, ports in tunnels.items() if ports}

    def probe(self, probe, state, first):
        if state != "shared" and not first:
            self.restart(state == "fresh", False)
        for change in probe["changes"]:
            self.change(self.sites[change["site"]], change)
        self.pump([])
        self.collect()
        for site in self.sites:
            site.flows.newcomers()
        self.reasons.since()
        seen = []
        system.hurry(True)
        system.await_tick()
        sent, began = time.monotonic(), time.time_ns()
        sender = None
        if probe.get("link") is not None:
            self.put_in(probe)
        else:
            self.sites[probe["from"]].space.enter()
            sender = Sender(probe)
        settled, stall = self.settle(sender, seen, sent)
        if probe["proto"] == "tcp" and not seen:
            seen += self.half_open()
        system.hurry(False)
        frames, hit, heard, tunnels = self.collect()
        born = {site.name: rows for site in self.sites if (rows := site.flows.newcomers())}
        result = {
            "born": born,
            "drops": self.reasons.since(),
            "sentMs": sent * 1000,
            "settled": settled,
            "stallMs": stall * 1000,
            "errno": sender.error if sender else None,
            "reply": sender.reply if sender else None,
            "refused": sender.reset if sender else False,
            "seen": [row | {"at": row["at"] - began} for row in seen],
            "heard": {name: rows for name, rows in heard.items() if rows},
            "frames": [[at - began, self.sites[position].name, dev, out, header] for at, position, dev, out, header in frames],
            "lost": [site.name for site in self.sites if site.tap.lost],
            "rules": hit,
            "tunnels": tunnels,
        } | self.tables()
        if sender is not None:
            sender.close()
        self.hang_up(probe, sender)
        return result

    def hang_up(self, probe, sender):
        """
        Ends what the probe has opened. A listener that was left with half a handshake keeps it for seconds, and would answer the next
        SYN from the same port differently; another socket in its place does not know of it.
        """
        half = probe["proto"] == "tcp" and (sender is None or sender.reply is None or not any(l.accepted for l in self.listeners()))
        for listener in self.listeners():
            listener.forget()
            if half and listener.tcp and listener.spec["peer"] is None:
                self.poll.unregister(listener.fileno())
                del self.watched[listener.fileno()]
                listener.close()
                self.sites[listener.site].space.enter()
                listener.open()
                self.watch(listener)

    def half_open(self):
        rows = []
        for site in self.sites:
            if any(listener.tcp for listener in site.listeners):
                site.space.enter()
                rows += half_open(site.name)
        # The kernel keeps those of earlier probes for a second.
        fresh = [row for row in rows if (row["ns"], row["src"], row["dst"]) not in self.lingering]
        self.lingering.update((row["ns"], row["src"], row["dst"]) for row in rows)
        return fresh

    def listeners(self):
        return [listener for site in self.sites for listener in site.listeners]

    def change(self, site, change):
        """Somebody changes something while flows are on their way."""
        site.space.enter()
        if "sysctl" in change:
            site.space.write(*change["sysctl"])
            return
        tools.run(site.name, change["run"])
        if site.nft is not None:
            site.numbers = rules.handles(site.nft)

    def tables(self):
        connections, neighbours = {}, {}
        for site in self.sites:
            tracked = site.flows.rows()
            if tracked:
                connections[site.name] = tracked
            rows = [row for row, _index, _address in tables.neighbour_rows(site.space.route, site.space.names)]
            if rows:
                neighbours[site.name] = rows
        return {"conntrack": connections, "neigh": neighbours}

    def put_in(self, probe):
        """A frame that comes in by a link end which leads nowhere."""
        link = probe["link"]
        body = transport(probe, probe["src"])
        number = {"icmp": 1, "tcp": 6, "udp": 17}[probe["proto"]]
        flags = 0x4000 if probe["df"] or probe["proto"] == "tcp" else 0
        head = struct.pack(
            ">BBHHHBBH4s4s", 0x45, probe["tos"], 20 + len(body), 1, flags, probe["ttl"], number, 0,
            socket.inet_aton(probe["src"]), socket.inet_aton(probe["dst"]),
        )
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        addresses = bytes.fromhex(link["dmac"].replace(":", "") + link["smac"].replace(":", ""))
        self.sinks[link["sink"]].put_in(addresses + b"\x08\0" + head + body)

    def routes(self):
        """The routes of every namespace, and those of them that the kernel had not derived by itself."""
        return {
            site.name: {"all": [words for words, _body in routes.rows(site.space.route, site.space.names)], "added": self.underived[site.name]}
            for site in self.sites
        }
