"""Real servers that fail get no new connection soon, and come back: portcullis-checks beside the daemon.

The bound for each failure is `fall` times the interval, a timeout, and a second: `make bench` measures it on the host. The emulated
machine gets as much again, since it may stand still for seconds.
"""

import contextlib
import re
import socket
import time

import pytest

from portcullis_testing import checked, exports, traffic, witnesses
from portcullis_testing.clock import clock_set
from portcullis_testing.exports import WWW4, WWW6
from portcullis_testing.gateway import Prober
from portcullis_testing.namespaces import HERE
from portcullis_testing.waiting import eventually

INTERVAL, TIMEOUT, FALL, DROP = 1, 1, 2, 4
BOUND = 2 * (FALL * INTERVAL + TIMEOUT + 1)
TIMING = f"timeout={TIMEOUT} fall={FALL}"
TWO = ("app1", "app2")


@pytest.fixture(scope="module")
def farm(tmp_path_factory, network):
    """Starts servers that are checked."""
    folder = tmp_path_factory.mktemp("checked")
    made = []

    def start(name, port, certificate=None):
        made.append(checked.Checked(folder, name, port, certificate))
        return made[-1]

    start.folder = folder
    yield start
    for server in made:
        server.stop()


@pytest.fixture
def probers():
    """Starts probers, which end with the test."""
    made = []

    def start(daemon, *words):
        made.append(Prober(daemon, *words))
        return made[-1]

    yield start
    for prober in made:
        if prober.is_running:
            prober.kill()


def checks(daemon):
    return daemon.status.get("checks", {})


def weights(network, port, address=WWW4):
    return witnesses.ipvs(network.gateway)[f"TCP {address}:{port}"]


def section(name, port, check, **cells):
    return exports.section(name, [WWW4], port, {name: 100 for name in TWO}, backend_port=port + 8000,
                           check=f"{check} interval={INTERVAL} {TIMING} drop-after={DROP}", **cells)


def test_what_fails_gets_no_new_connection_within_the_bound(daemons, scripted, network, client, farm, probers):
    """A killed process, a closed firewall, a server that is silent, HTTP 500, an expired certificate: each in its own section."""
    good = checked.certificate(farm.folder, "good", 30)
    expired = checked.certificate(farm.folder, "expired", -1)
    kinds = {"killed": (101, "tcp"), "firewalled": (102, "tcp"), "silent": (103, "http path=/"), "failing": (104, "http path=/"),
             "expired": (105, "tls")}
    servers = {(kind, name): farm(name, port + 8000, good if kind == "expired" else None)
               for kind, (port, _) in kinds.items() for name in TWO}
    daemon = daemons.start_anew({"admin-url": scripted.url})
    probers(daemon)
    scripted.give(daemon, exports.export(*(section(kind, port, check, slow_start=5) for kind, (port, check) in kinds.items())))
    eventually(lambda: daemon.all_are_up(10), what="all targets being up")

    plain = [("tcp", WWW4, port) for kind, (port, _) in kinds.items() if kind != "expired"]
    with traffic.Loop(traffic.Client(network.client, timeout=2), plain, pause=0.05) as loop:
        loop.wait_for(40)
        assert not loop.failures
        began = time.monotonic()
        servers["killed", "app1"].kill()
        network.app1.run("nft", "add table ip wall; add chain ip wall in { type filter hook input priority 0; }; "
                         "add rule ip wall in tcp dport 8102 drop")
        servers["silent", "app1"].behave("silent")
        servers["failing", "app1"].behave("500")
        lost = {kind: None for kind in kinds if kind != "expired"}

        def all_are_out():
            listed = witnesses.ipvs(network.gateway)
            for kind in lost:
                port, _ = kinds[kind]
                if lost[kind] is None and not listed[f"TCP {WWW4}:{port}"].get(f"10.1.0.11:{port + 8000}"):
                    lost[kind] = time.monotonic() - began
            return all(lost.values())

        eventually(all_are_out, what="all of app1 being out", pause=0.1)
        late = {kind: seconds for kind, seconds in lost.items() if seconds > BOUND}
        assert not late, f"later than {BOUND} s: {late}"
        # A certificate that has expired: another process with another file.
        servers["expired", "app1"].kill()
        servers["expired", "app1"].certificate = expired
        servers["expired", "app1"].start()
        eventually(lambda: "expired" in str([target["reason"] for target in checks(daemon)["down"]]), what="the certificate")
        loop.wait_for(60)
    after = began + BOUND
    wrong = [outcome for outcome in loop.outcomes if outcome.began > after and (outcome.error or outcome.answer.server != "app2")]
    assert not wrong

    reasons = {target["instances"][0].partition("/")[2]: target["reason"] for target in checks(daemon)["down"]}
    assert set(reasons) == set(kinds)
    for kind, words in {"killed": "refused", "firewalled": "1 s", "silent": "1 s", "failing": "500", "expired": "expired"}.items():
        assert words in reasons[kind], reasons

    # Out altogether after drop-after.
    eventually(lambda: all(len(weights(network, port)) == 1 for port, _ in kinds.values()), what="app1 being taken out")

    # Back, and the share climbs.
    servers["killed", "app1"].start()
    network.app1.run("nft", "delete table ip wall")
    seen = []

    def is_whole():
        seen.append(weights(network, 102).get("10.1.0.11:8102", 0))
        return seen[-1] == 100

    eventually(is_whole, what="the weight being whole again", pause=0.1)
    climb = [weight for weight in seen if weight]
    assert climb == sorted(climb) and climb[0] <= 25 and len(set(climb)) > 3, seen


def test_a_cut_link_is_found_and_clients_that_hang_get_a_reset(daemons, scripted, network, client, farm, probers, fresh):
    for name in TWO:
        farm(name, 8106)
    daemon = daemons.start_anew({"admin-url": scripted.url})
    probers(daemon)
    scripted.give(daemon, exports.export(section("cut", 106, "tcp")))
    eventually(lambda: daemon.all_are_up(2), what="all targets being up")
    held = [client.hold(WWW4, 106, source) for source in fresh(4)]
    on_app1 = [connection for connection in held if connection.ask().server == "app1"]
    assert on_app1
    network.gateway.run("ip", "link", "set", "app1", "down")
    try:
        began = time.monotonic()
        eventually(lambda: not weights(network, 106).get("10.1.0.11:8106"), what="app1 being down", pause=0.1)
        assert time.monotonic() - began <= BOUND
        eventually(lambda: "10.1.0.11:8106" not in weights(network, 106), what="app1 being out")
        with pytest.raises(ConnectionResetError):
            on_app1[0].connection.settimeout(10)
            on_app1[0].ask()
        assert all(connection.ask().server == "app2" for connection in held if connection not in on_app1)
    finally:
        network.gateway.run("ip", "link", "set", "app1", "up")
    eventually(lambda: weights(network, 106).get("10.1.0.11:8106") == 100, what="app1 being back")


def test_nothing_flaps_when_prober_or_daemon_are_killed_stopped_or_replaced(daemons, scripted, network, farm, probers):
    servers = {name: farm(name, 8107) for name in TWO}
    daemon = daemons.start_anew({"admin-url": scripted.url, "audit-interval": 3600})
    data = exports.export(section("steady", 107, "tcp"))
    prober = probers(daemon)
    scripted.give(daemon, data)
    eventually(lambda: daemon.all_are_up(2), what="all targets being up")
    servers["app1"].kill()
    eventually(lambda: weights(network, 107) == {"10.1.0.12:8107": 100}, what="app1 being out")
    # To monitors the kernel is as it should be, and a plan would not bring the server back.
    checked_health = daemon.run("check", "--thorough")
    assert checked_health.returncode == 0, checked_health
    assert daemon.run("sync", "--plan").stdout == "nothing to do\n"

    with witnesses.IPVSWrites() as writes:
        # The prober: killed, stopped, replaced by another while it still runs.
        prober.kill()
        prober = probers(daemon)
        eventually(lambda: daemon.text.count("the prober is there") == 2, what="the second prober")
        with prober.halted():
            eventually(lambda: checks(daemon)["prober"] == "silent", what="the prober being silent")
        eventually(lambda: checks(daemon)["prober"] == "working", what="the prober being heard again")
        second = probers(daemon)
        daemon.wait_for("a second prober is refused")
        prober.kill()
        eventually(lambda: checks(daemon)["prober"] == "gone", what="the prober being gone")
        eventually(lambda: checks(daemon)["prober"] == "working", what="the second one taking its place")
        assert second.is_running
        # The daemon: stopped, killed, replaced.
        with daemon.halted():
            time.sleep(8)
        time.sleep(2)
        daemons.kill()
        daemon = daemons.start({"admin-url": scripted.url, "audit-interval": 3600}, daemon.folder.name)
        daemon.has_applied(exports.etag(data))
        eventually(lambda: checks(daemon).get("prober") == "working", what="the prober finding the next daemon")
        time.sleep(3)
        assert weights(network, 107) == {"10.1.0.12:8107": 100}
        # An export that changes something else.
        data = exports.export(section("steady", 107, "tcp"), exports.section("other", [WWW4], 108, backend_port=8080, minimum=0))
        before = writes.count
        scripted.give(daemon, data)
        assert weights(network, 107) == {"10.1.0.12:8107": 100}
        assert before == 0, "the kernel was written to although nothing had changed"


def test_without_a_prober_the_last_word_holds_for_30_seconds(daemons, scripted, network, farm, probers):
    farm("app2", 8109)
    daemon = daemons.start_anew({"admin-url": scripted.url})
    prober = probers(daemon)
    scripted.give(daemon, exports.export(section("alone", 109, "tcp")))
    eventually(lambda: weights(network, 109) == {"10.1.0.12:8109": 100}, what="app1, which never was there, being out")
    prober.kill()
    began = time.monotonic()
    eventually(lambda: weights(network, 109) == {"10.1.0.11:8109": 100, "10.1.0.12:8109": 100}, 90, "ADMIN's word alone counting")
    assert 25 < time.monotonic() - began < 45
    eventually(lambda: checks(daemon) and not checks(daemon)["isInForce"], what="status saying so")
    assert daemon.run("check").returncode == 3
    said = daemon.run("status").stdout
    assert re.search(r"(?m)^checks +2 targets, .*no prober \(portcullis-checks\): servers count as ADMIN says$", said), said


def test_the_clock_set_back_or_forth_moves_no_verdict(daemons, scripted, network, farm, probers):
    """Neither when a server is found down, nor when it is taken out, nor how it climbs."""
    servers = {name: farm(name, 8111) for name in TWO}
    daemon = daemons.start_anew({"admin-url": scripted.url})
    probers(daemon)
    scripted.give(daemon, exports.export(section("clock", 111, "tcp", slow_start=20)))
    eventually(lambda: daemon.all_are_up(2), what="all targets being up")

    def of_app1():
        return weights(network, 111).get("10.1.0.11:8111")

    for hours in (-1, 1):
        with clock_set(3_600 * hours):
            time.sleep(2)
            assert of_app1() == 100
            servers["app1"].kill()
            began = time.monotonic()
            eventually(lambda: of_app1() == 0, what="app1 being down", pause=0.1)
            assert time.monotonic() - began < BOUND
            down = time.monotonic()
        # It is set back in the middle.
        eventually(lambda: of_app1() is None, what="app1 being taken out", pause=0.1)
        assert DROP - 1 < time.monotonic() - down < DROP + BOUND
        servers["app1"].start()
        eventually(lambda: of_app1() is not None, what="app1 being back", pause=0.1)
        back = time.monotonic()
        with clock_set(3_600 * hours):
            time.sleep(3)
            assert 0 < of_app1() < 100
            eventually(lambda: of_app1() == 100, what="app1 having its weight")
            assert 12 < time.monotonic() - back < 40


@pytest.fixture
def state(daemons, tmp_path_factory):
    """A small file system for the daemon's state."""
    folder = tmp_path_factory.mktemp("state")
    HERE.run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder)
    yield folder
    daemons.stop()
    HERE.run("umount", "-l", folder)


def test_a_state_directory_that_takes_nothing_stops_no_verdict(daemons, scripted, network, farm, probers, state):
    """Full, then read-only: verdicts are carried out, the status says what a restart would not know, and it is stored later."""
    servers = {name: farm(name, 8112) for name in TWO}
    settings = {"admin-url": scripted.url, "state-directory": state, "audit-interval": 3600}
    daemon = daemons.start_anew(settings)
    probers(daemon)
    data = exports.export(section("disk", 112, "tcp"))
    scripted.give(daemon, data)
    eventually(lambda: daemon.all_are_up(2), what="all targets being up")
    without = {"10.1.0.12:8112": 100}

    def is_missed():
        return any("a restart would not know which servers are down" in text for text in daemon.status["problems"])

    filler = state / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    servers["app1"].kill()
    eventually(lambda: weights(network, 112) == without, what="app1 being out with a full disk")
    eventually(is_missed, what="the problem")
    filler.unlink()
    eventually(lambda: not is_missed(), what="the verdicts being stored once there is room")
    assert "10.1.0.11" in (state / "verdicts.json").read_text()

    HERE.run("mount", "-o", "remount,ro", state)
    servers["app1"].start()
    eventually(lambda: daemon.all_are_up(2), what="app1 being back on a read-only file system")
    eventually(is_missed, what="the problem")
    servers["app1"].kill()
    eventually(lambda: weights(network, 112) == without, what="app1 being out again")
    daemons.kill()
    daemon = daemons.start(settings, daemon.folder.name)
    daemon.has_applied(exports.etag(data))
    eventually(lambda: checks(daemon).get("downCount") == 1 and weights(network, 112) == without,
               what="app1 being out after a restart")
    HERE.run("mount", "-o", "remount,rw", state)
    eventually(lambda: not daemon.status["problems"], what="all of it being stored once it can be")
    with witnesses.IPVSWrites() as writes:
        daemons.kill()
        daemon = daemons.start(settings, daemon.folder.name)
        daemon.has_applied(exports.etag(data))
        eventually(lambda: checks(daemon).get("prober") == "working", what="the prober finding the next daemon")
        time.sleep(3)
        assert weights(network, 112) == without and writes.count == 0


@pytest.mark.parametrize(("content", "port"), [("newer", 113), ("cut", 114), ("binary", 115), ("huge", 116), ("fifo", 117)])
def test_a_file_of_verdicts_that_cannot_be_read_is_none(content, port, daemons, scripted, network, farm, probers):
    farm("app2", port + 8000)
    settings = {"admin-url": scripted.url, "audit-interval": 3600}
    daemon = daemons.start_anew(settings)
    probers(daemon)
    data = exports.export(section("file", port, "tcp"))
    scripted.give(daemon, data)
    without = {f"10.1.0.12:{port + 8000}": 100}
    eventually(lambda: weights(network, port) == without, what="app1, which never was there, being out")
    daemons.stop()
    path = daemon.folder / "state/verdicts.json"
    text = path.read_bytes()
    path.unlink()
    match content:
        case "newer": path.write_text('{"version": 2, "servers": []}')
        case "cut": path.write_bytes(text[:-20])
        case "binary": path.write_bytes(text.replace(b"refused", b"\xff\xfe"))
        case "huge":
            with path.open("wb") as file:
                file.truncate(1 << 40)
        case "fifo": HERE.run("mkfifo", path)
    daemon = daemons.start(settings, daemon.folder.name)
    daemon.has_applied(exports.etag(data))
    daemon.wait_for("all servers count until they are probed")
    eventually(lambda: checks(daemon).get("downCount") == 1, what="app1 being down again")
    eventually(lambda: weights(network, port) == without, what="app1 being out again")
    eventually(lambda: path.is_file() and b"10.1.0.11" in path.read_bytes(), what="the file being written anew")


def test_every_instance_of_a_target_that_is_down_is_told(daemons, scripted, network, probers):
    """Thirty services at one port of one server, where nothing listens: one target."""
    daemon = daemons.start_anew({"admin-url": scripted.url})
    probers(daemon)
    scripted.give(daemon, exports.export(*(
        exports.section(f"many{number:02}", [WWW4], 120 + number, {"app1": 100}, backend_port=8118,
                        check=f"tcp interval={INTERVAL} {TIMING}") for number in range(30))))
    eventually(lambda: checks(daemon).get("downCount") == 1, what="the target being down")
    found = checks(daemon)
    assert (found["targets"], found["downInstances"], found["down"][0]["instanceCount"]) == (1, 30, 30)
    assert found["down"][0]["instances"] == [f"many{number:02}.1/many{number:02}" for number in range(30)]
    assert re.search(r"(?m)^down +10\.1\.0\.11:8118 \(many00\.1/many00, .*many19\.1/many19 and 10 more\) for ",
                     daemon.run("status").stdout)


def test_marks_udp_and_ipv6_follow_their_checks(daemons, scripted, network, client, probers):
    """One section by a mark, over TCP and UDP and both families, and one of UDP alone, on the servers of the other scenarios."""
    daemon = daemons.start_anew({"admin-url": scripted.url})
    probers(daemon)
    cells = {"check": f"tcp port=20000 interval={INTERVAL} {TIMING} drop-after={DROP}"}
    both = {"app1": 100, "app2": 100}
    scripted.give(daemon, exports.export(
        exports.section("four", [WWW4], "20000-29999", both, ("tcp", "udp"), fwmark=301, **cells),
        exports.section("six", [WWW6], "20000-29999", both, ("tcp", "udp"), fwmark=302, **cells),
        exports.section("alone", [WWW4], 9000, both, ("udp",), backend_port=9000,
                        check=f"udp send=x expect={{ interval={INTERVAL} {TIMING} drop-after=never")))
    eventually(lambda: daemon.all_are_up(6), what="all targets being up")
    network.app1.run("nft", "add table inet wall; add chain inet wall in { type filter hook input priority 0; }; "
                     "add rule inet wall in meta l4proto tcp th dport 20000 reject; add rule inet wall in udp dport 9000 drop")
    try:
        def is_out():
            listed = witnesses.ipvs(network.gateway)
            # UDP alone: out at once, and never of weight 0.
            assert listed[f"UDP {WWW4}:9000"].get("10.1.0.11:9000", 100) == 100
            return all("app1" not in str(listed) and not listed[service].get(server) for service, server in (
                ("FWM 301", "10.1.0.11:0"), ("FWM 302 IPv6", "[fd00:1::11]:0"), (f"UDP {WWW4}:9000", "10.1.0.11:9000")))

        eventually(is_out, what="app1 being out of all", pause=0.1)
        assert {client.http(WWW4, 25000, source).server for source in traffic.CLIENTS4[:6]} == {"app2"}
        assert {client.datagram(WWW6, 25000, source).server for source in traffic.CLIENTS6[:6]} == {"app2"}
        assert {client.datagram(WWW4, 9000, source).server for source in traffic.CLIENTS4[:6]} == {"app2"}
    finally:
        network.app1.run("nft", "delete table inet wall")
    eventually(lambda: daemon.all_are_up(6), what="app1 being back")


def test_only_the_prober_s_user_may_connect(daemons, scripted, network, farm, probers, tmp_path_factory):
    for name in TWO:
        farm(name, 8110)
    folder = tmp_path_factory.mktemp("run")
    for part in (folder, folder.parent, folder.parent.parent):
        part.chmod(0o755)
    daemon = daemons.start_anew({"admin-url": scripted.url, "run-directory": folder, "checks-user": "nobody"})
    stranger = probers(daemon, "setpriv", "--reuid=daemon", "--regid=daemon", "--clear-groups", "--no-new-privs")
    scripted.give(daemon, exports.export(section("guarded", 110, "tcp")))
    daemon.wait_for("is refused: process")
    assert checks(daemon)["prober"] == "gone"
    stranger.kill()
    prober = probers(daemon, "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs", "--inh-caps=-all",
                     "--bounding-set=-all")
    eventually(lambda: daemon.all_are_up(2), what="all targets being up")
    prober.kill()
    eventually(lambda: checks(daemon)["prober"] == "gone", what="the prober being gone")
    # Who does not greet, or speaks nonsense, is no prober.
    before = weights(network, 110)
    for words in (b"verdict 1 down 0 0 -\n", b"portcullis-checks 2\n", b"portcullis-checks 1\nverdict one down\n", b"\xff\n",
                  b"x" * 9000):
        with socket.socket(socket.AF_UNIX) as talker, contextlib.suppress(ConnectionError):
            talker.connect(str(folder / "checks.sock"))
            talker.sendall(words)
            talker.settimeout(30)
            while talker.recv(4096):
                pass
    assert weights(network, 110) == before
    assert checks(daemon)["isInForce"]
