"""A daemon that starts on a kernel in agreement writes nothing, and nobody's connection notices."""

import concurrent.futures
import os
import resource
import shutil

import pytest

from portcullis_testing import exports, traffic, witnesses
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

CLOUD = exports.cloud()
CONNECTIONS = 1000
TARGETS = [(exports.WWW4, 80), (exports.TG4, 20000), (exports.WWW6, 443), (exports.OTHER6, 29999)]


@pytest.fixture(scope="module")
def settings(scripted):
    return {"admin-url": scripted.url, "audit-interval": 1}


class Installation:
    """The daemon's file, of the test's own, so that an upgrade can put another one in its place as dpkg does."""

    def __init__(self, folder):
        self.program = folder / "portcullis-gateway"
        shutil.copy(binary("portcullis-gateway"), self.program)

    def upgrade(self):
        """Another build to all that look at files: an ELF file may have more behind it than its sections."""
        new = self.program.with_suffix(".dpkg-new")
        shutil.copy(self.program, new)
        with open(new, "ab") as file:
            file.write(b"another build")
        os.replace(new, self.program)

    def is_what_runs(self, daemon):
        return os.path.samefile(f"/proc/{daemon.pid}/exe", self.program)


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    return Installation(tmp_path_factory.mktemp("installation"))


@pytest.fixture(scope="module")
def first(daemons, scripted, settings, installation):
    """The daemon that has made it all."""
    daemon = daemons.start_anew(settings, program=installation.program)
    scripted.give(daemon, CLOUD)
    return daemon


@pytest.fixture(scope="module")
def standing(first, client):
    """Many connections, to all kinds of virtual services, and who serves each."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 14, 1 << 14))

    def connect(number):
        address, port = TARGETS[number % len(TARGETS)]
        sources = traffic.sources(address)
        held = client.hold(address, port, sources[number // len(TARGETS) % len(sources)])
        return held, held.ask()

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        connections = list(pool.map(connect, range(CONNECTIONS)))
    yield connections
    for held, _ in connections:
        held.close()


def has_settled(daemon):
    """Whether it has polled and looked at the kernel a few times."""
    metrics = daemon.metrics()
    return (metrics.get('portcullis_gateway_polls_total{result="unchanged"}', 0) >= 3
            and metrics.get("portcullis_gateway_audits_total", 0) >= 3)


def settled_counters(namespace):
    """The counters once they hold every connection made: IPVS adds them up every 2 s."""
    def all_counted():
        found = witnesses.counters(namespace)
        made = sum(count for (_, real_server), count in found.items() if not real_server)
        return found if made >= CONNECTIONS and made == sum(found.values()) - made else None

    return eventually(all_counted, what="every connection being counted")


@pytest.mark.parametrize(
    "end, folder, is_upgrade",
    [("SIGTERM", "gateway1", False), ("SIGKILL", "gateway1", False), ("SIGTERM", "gateway1", True), ("SIGTERM", "elsewhere", False)],
    ids=["restart", "crash", "upgrade", "restart without its files"])
def test_a_restart_writes_nothing_and_ends_no_connection(
        end, folder, is_upgrade, first, installation, standing, daemons, network, settings, client):
    namespace = network.gateway
    assert len({answer.server for _, answer in standing}) == 3
    before, counted = witnesses.kernel(namespace), settled_counters(namespace)
    with witnesses.nft_monitor(namespace) as monitor, witnesses.IPVSWrites() as writes:
        if is_upgrade:
            installation.upgrade()
            assert not installation.is_what_runs(daemons.current)
        daemons.kill() if end == "SIGKILL" else daemons.stop()
        daemon = daemons.start(settings, folder, program=installation.program)
        daemon.has_applied(exports.etag(CLOUD))
        assert installation.is_what_runs(daemon)
        eventually(lambda: has_settled(daemon), what="three quiet polls and audits")
        assert [held.ask() for held, _ in standing] == [answer for _, answer in standing]
        assert witnesses.kernel(namespace) == before
        assert monitor.text == ""
        assert writes.count == 0

        # Nothing was made anew: the counters go on from where they were.
        client.http(exports.WWW4, 80)
        service = f"TCP {exports.WWW4}:80", ""
        eventually(lambda: witnesses.counters(namespace)[service] > counted[service], what="the counters going on")
        after = witnesses.counters(namespace)
        assert after.keys() == counted.keys() and all(after[name] >= counted[name] for name in counted)
        assert after[service] == counted[service] + 1

        # The witnesses see writes, so their silence above means something.
        namespace.run("ipvsadm", "-A", "-f", "9", "-s", "wlc")
        namespace.run("ipvsadm", "-D", "-f", "9")
        namespace.run("nft", "add table inet other; delete table inet other")
        assert writes.count == 2
        eventually(lambda: "new generation" in monitor.text, what="nft monitor's line about a commit")
    assert daemon.status["drift"]["repairs"] == 0
