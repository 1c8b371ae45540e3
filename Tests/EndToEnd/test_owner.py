"""With an owner our table outlives others' flushes and the daemon's restarts, and nobody else can change it."""

import socket

import pytest

from portcullis_testing import exports, witnesses
from portcullis_testing.exports import WWW4
from portcullis_testing.gateway import Gateway
from portcullis_testing.processes import result
from portcullis_testing.repository import binary

TABLE = ("list", "table", "inet", "portcullis")


def is_listening(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
        return asking.connect_ex(str(path)) == 0


@pytest.fixture
def holder(daemons, network, tmp_path):
    """`portcullis-gateway hold` in the run directory of the daemon that is started next."""
    run = daemons.folder / "owned/run"
    run.mkdir(parents=True, exist_ok=True)
    # Of a holder before this one.
    (run / "table-owner").unlink(missing_ok=True)
    program = network.gateway.start(binary("portcullis-gateway"), "hold", "--run-directory", run)
    program.wait_for(lambda: is_listening(run / "table-owner"))
    with program:
        yield program
        daemons.stop()


@pytest.fixture
def owned(daemons, scripted, holder):
    daemons.stop()
    witnesses.clear(daemons.network.gateway)

    def start(**how):
        daemon = daemons.start({"admin-url": scripted.url, "table-owner": "true", "audit-interval": 1,
                                "guard.services-share": 100}, "owned", **how)
        scripted.give(daemon, exports.cloud())
        return daemon

    return start


def is_refused(network, *command):
    result = network.gateway.result("nft", *command)
    return result.returncode != 0 and "Operation not permitted" in result.stderr


def test_it_outlives_a_flush_with_the_daemon_stopped(owned, daemons, network, client, hasty):
    daemon = owned()
    assert "flags owner" in network.gateway.run("nft", *TABLE)
    before = network.gateway.run("nft", "-s", *TABLE)
    assert daemon.run("check", "--thorough").returncode == 0
    daemons.stop()
    network.gateway.run("nft", "flush ruleset")
    assert network.gateway.run("nft", "-s", *TABLE) == before
    # Closed: what nobody exports does not reach the host, and what is exported is served.
    dropped = witnesses.dropped(network.gateway)
    with pytest.raises(OSError):
        hasty.http(WWW4, 22)
    assert witnesses.dropped(network.gateway) > dropped
    assert client.http(WWW4, 80).port == 8080


@pytest.mark.parametrize("command", ["delete table inet portcullis", "add table inet portcullis { flags dormant; }",
                                     "add rule inet portcullis input accept",
                                     f"add element inet portcullis ports4 {{ {WWW4} . tcp . 22 }}"])
def test_others_cannot_change_it(command, owned, network):
    owned()
    before = network.gateway.run("nft", "-s", *TABLE)
    assert is_refused(network, command)
    assert network.gateway.run("nft", "-s", *TABLE) == before


def test_a_daemon_that_was_killed_goes_on_with_it(owned, daemons, scripted, network, client):
    owned()
    before = witnesses.table(network.gateway)["table"]
    daemons.kill()
    assert network.gateway.run("nft", "-s", *TABLE)
    daemon = owned()
    assert witnesses.table(network.gateway)["table"] == before
    # And it can change the table, which was made by another process.
    scripted.give(daemon, exports.export(exports.www(), exports.www(None, 443), exports.devices(), exports.www(None, 8081)))
    assert f"{WWW4} . tcp . 8081" in network.gateway.run("nft", *TABLE)
    assert client.http(WWW4, 80).port == 8080


def test_it_goes_with_the_holder_and_comes_back_with_both(owned, daemons, holder, network):
    daemon = owned()
    holder.kill()
    # The daemon has the socket, too.
    assert network.gateway.run("nft", *TABLE)
    assert daemon.run("check").returncode == 0
    daemons.stop()
    assert network.gateway.result("nft", *TABLE).returncode != 0


def test_without_a_holder_it_does_not_start_and_says_what_to_do(network, tmp_path):
    result = network.gateway.result(
        binary("portcullis-gateway"), "run",
        *Gateway.flags(tmp_path, {"admin-url": "http://127.0.0.1:1", "table-owner": "true"}))
    assert result.returncode == 1
    assert "portcullis-gateway hold has to run (systemctl start portcullis-gateway-table)" in result.stderr


def test_a_second_holder_does_not_take_the_place_of_the_first(owned, holder, scripted, network):
    daemon = owned()
    second = network.gateway.result(binary("portcullis-gateway"), "hold", "--run-directory", daemon.folder / "run")
    assert second.returncode == 1
    assert f"held by portcullis-gateway hold, process {holder.pid}" in second.stderr
    # The next daemon is handed the socket that owns the table, and can change it.
    daemon = owned()
    scripted.give(daemon, exports.export(exports.www(), exports.www(None, 443), exports.devices(), exports.www(None, 8081)))
    assert f"{WWW4} . tcp . 8081" in network.gateway.run("nft", *TABLE)


def test_a_holder_that_gives_no_answer_is_not_waited_for_for_ever(owned, daemons, holder, network):
    daemon = owned()
    daemons.stop()
    with holder.halted():
        result = network.gateway.result(binary("portcullis-gateway"), "run", *daemon.options)
    assert result.returncode == 1
    assert "table-owner: Connection timed out" in result.stderr


def test_a_table_without_an_owner_gets_one(owned, daemons, scripted, network):
    daemon = daemons.start_anew({"admin-url": scripted.url})
    scripted.give(daemon, exports.cloud())
    assert "flags owner" not in network.gateway.run("nft", *TABLE)
    daemons.stop()
    owned()
    assert "flags owner" in network.gateway.run("nft", *TABLE)


def test_flush_takes_it_out(owned, daemons, network):
    daemon = owned()
    daemons.stop()
    taken = daemon.run("flush")
    assert (taken.returncode, "nft  - table inet portcullis" in taken.stdout) == (0, True), taken
    assert network.gateway.result("nft", *TABLE).returncode != 0


def test_a_user_of_somebody_else_is_handed_nothing(holder, daemons, network):
    path = daemons.folder / "owned/run/table-owner"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o666)
    script = ("import array, os, socket; os.setgroups([]); os.setgid(12345); os.setuid(12345);"
              " s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect('table-owner');"
              " print(socket.recv_fds(s, 1, 1)[1])")
    # By a relative path: the folders above are root's alone.
    path.parent.chmod(0o755)
    asked = result("/usr/bin/python3", "-c", script, cwd=path.parent)
    assert asked.stdout == "[]\n", asked
