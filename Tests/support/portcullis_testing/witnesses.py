"""The gateway's kernel as other programs see it: ipvsadm, nft, tcpdump, strace, and the kernel's own probes."""

import itertools
import json
import os
import pathlib
import re
import signal
import time

from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process


def ipvs(namespace):
    """The virtual services in the form of `ipvsadm -Ln`: {"TCP 198.51.100.36:80": {"10.1.0.11:8080": weight}}.

    A mark is "FWM 257", and "FWM 257 IPv6" for the other family.
    """
    services = {}
    for line in namespace.run("ipvsadm", "-Ln").splitlines()[3:]:
        words = line.split()
        if words[0] == "->":
            service[words[1]] = int(words[3])
        else:
            name = words[:3] if words[2] == "IPv6" else words[:2]
            service = services.setdefault(" ".join(name), {})
    return services


def connections(namespace):
    """Connections of each real server, active and inactive: {("FWM 257", "10.1.0.11:0"): 3}."""
    found = {}
    for line in namespace.run("ipvsadm", "-Ln").splitlines()[3:]:
        words = line.split()
        if words[0] == "->":
            found[service, words[1]] = int(words[4]) + int(words[5])
        else:
            service = " ".join(words[:3] if words[2] == "IPv6" else words[:2])
    return found


def real_servers(namespace, service):
    """The real servers of a virtual service that get new connections."""
    return {server for server, weight in ipvs(namespace).get(service, {}).items() if weight > 0}


def table(namespace):
    """Our table in the form of `nft -j list`: {kind: {name: object}}."""
    found = {}
    for entry in json.loads(namespace.run("nft", "-j", "list", "table", "inet", "portcullis"))["nftables"]:
        for kind, value in entry.items():
            found.setdefault(kind, {})[value.get("name") or value.get("handle")] = value
    return found


def kernel(namespace):
    """Our table and IPVS, byte for byte, including handles; the text of an absent table is empty."""
    table = namespace.result("nft", "-j", "list", "table", "inet", "portcullis")
    return table.stdout if table.returncode == 0 else "", namespace.run("ipvsadm", "-Sn")


def content(namespace):
    """Our table and IPVS, without whatever differs after they are recreated: handles, counters, the order of elements."""
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items() if key not in ("handle", "packets", "bytes", "metainfo")}
        if isinstance(value, list):
            return sorted((plain(item) for item in value), key=json.dumps)
        return value

    table, services = kernel(namespace)
    return plain(json.loads(table)) if table else None, ipvs(namespace), sorted(services.splitlines())


def thresholds(namespace):
    """The limits of connections that ipvsadm lists, upper and lower: {("TCP 198.51.100.36:80", "10.1.0.11:8080"): (500, 0)}."""
    found, service = {}, ""
    for line in namespace.run("ipvsadm", "-Ln", "--thresholds").splitlines()[3:]:
        words = line.split()
        if words[0] != "->":
            service = " ".join(words[:3] if words[2:3] == ["IPv6"] else words[:2])
        else:
            found[service, words[1]] = (int(words[2]), int(words[3]))
    return found


def sync_daemons(namespace):
    """The sync daemons that ipvsadm lists: {("master", "sync0", "7")}."""
    text = namespace.run("ipvsadm", "-l", "--daemon")
    return set(re.findall(r"(?m)^(master|backup) sync daemon \(mcast=(\w+), syncid=(\d+),", text))


def counters(namespace):
    """Connections of each virtual service and each real server so far: {("TCP 198.51.100.36:80", "10.1.0.11:8080"): 3}."""
    found = {}
    for line in namespace.run("ipvsadm", "-Ln", "--stats", "--exact").splitlines()[3:]:
        words = line.split()
        if words[0] != "->":
            service = " ".join(words[:3] if words[2] == "IPv6" else words[:2])
            found[service, ""] = int(words[len(service.split())])
        else:
            found[service, words[1]] = int(words[2])
    return found


def clear(namespace):
    """Deletes our table and everything in IPVS by hand."""
    namespace.result("nft", "delete", "table", "inet", "portcullis")
    namespace.run("ipvsadm", "-C")


def dropped(namespace):
    """Packets that our input chain has dropped so far."""
    return table(namespace)["counter"]["dropped"]["packets"]


class Watch(Process):
    """A program that watches while the block runs."""

    def __init__(self, *words, ready, end=signal.SIGTERM):
        """`ready` is a function that tells whether it is watching, or a text that it writes then. `end` is the signal to end it."""
        self.ready, self.end = ready, end
        super().__init__(*words)

    def __enter__(self):
        self.wait_for(self.ready)
        return self

    def __exit__(self, *_):
        time.sleep(0.5)
        self.stop(timeout=None, number=self.end)


def tcpdump(namespace, interface, expression):
    # Without --immediate-mode, packets may arrive a second late.
    return Watch(*namespace.command("tcpdump", "--immediate-mode", "-l", "-n", "-i", interface, expression),
                 ready="listening on")


def nft_monitor(namespace):
    before = listeners(namespace)
    return Watch(*namespace.command("nft", "monitor"), ready=lambda: listeners(namespace) > before)


def listeners(namespace):
    """How many sockets there listen for changes of nftables: NETLINK_NETFILTER is 12, NFNLGRP_NFTABLES the seventh group."""
    rows = [row.split() for row in namespace.run("cat", "/proc/net/netlink").splitlines()[1:]]
    return sum(protocol == "12" and int(groups, 16) >> 6 & 1 for _, protocol, _, groups, *_ in rows)


def system_calls(process):
    """Every byte that the process exchanges through sockets; each line names the kind of socket."""
    return Watch("strace", "-f", "-yy", "-s", "40", "-e", "trace=%network,read,write,readv,writev", "-p",
                 process.pid, ready="attached")


class IPVSWrites:
    """Counts, with a probe in the kernel, how often any program changes IPVS while the block runs."""

    _TRACING = pathlib.Path("/sys/kernel/tracing")
    _numbers = itertools.count(1)

    def __enter__(self):
        if not (self._TRACING / "kprobe_events").exists():
            HERE.run("mount", "-t", "tracefs", "tracefs", self._TRACING)
        self._name = f"portcullis_{next(self._numbers)}"
        self._command(f"p:{self._name} ip_vs_genl_set_cmd")
        self._enable(1)
        return self

    @property
    def count(self):
        profile = (self._TRACING / "kprobe_profile").read_text()
        return int(re.search(rf"(?m)^\s*{self._name}\s+(\d+)", profile)[1])

    def __exit__(self, *_):
        self._enable(0)
        self._command(f"-:{self._name}")

    def _command(self, text):
        # Not with open(…, "a"), which would seek to the end of a file that has none.
        file = os.open(self._TRACING / "kprobe_events", os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, f"{text}\n".encode())
        finally:
            os.close(file)

    def _enable(self, value):
        (self._TRACING / f"events/kprobes/{self._name}/enable").write_text(f"{value}")


def netlink_lines(trace):
    return [line for line in trace.splitlines() if re.search(r"<NETLINK:|AF_NETLINK", line)]
