"""The examples serve, take their configurations, and are restarted and upgraded without a lost connection."""

import json
import os
import signal

from examples import Clients, get, line
from portcullis_testing import processes
from portcullis_testing.waiting import eventually

CHANNELS = "channels:\n  devices: 5000\n  boats: 5001\nother: 1\n"


def test_tgctl_serves_and_takes_its_configuration_without_a_restart(examples):
    tgctl = examples.run("tgctl.1", examples.version("tgctl"), CHANNELS)
    tgctl.serving()
    workers = eventually(lambda: (found := {json.loads(get(8081)[1])["worker"] for _ in range(20)}) == {1, 2} and found)
    assert workers == {1, 2}
    before = tgctl.pids()
    assert json.loads(get(8081, "/channels")[1]) == {
        "channels": [{"name": "devices", "port": 5000}, {"name": "boats", "port": 5001}]}
    assert get(8081, "/crash/fatalError")[0] == get(8081, "/other")[0] == 404
    tgctl.job("tests")
    with Clients(8081) as clients:
        assert tgctl.configure("channels:\n  buses: 5002\n") is None
        for _ in range(20):
            assert json.loads(get(8081, "/channels")[1]) == {"channels": [{"name": "buses", "port": 5002}]}
        problem = tgctl.configure("channels:\n  buses: 70000\n")
        assert "config.yaml:2: a channel is a name and a port from 1 to 65535" in problem, problem
        assert "5002" in get(8081, "/channels")[1]
    assert clients.errors == [] and tgctl.pids() == before


def test_tgctl_needs_neither_swift_nor_lua_of_the_server_and_is_replaced_when_it_hangs(examples):
    digest = examples.version("tgctl")
    tgctl = examples.run("tgctl.1", digest, CHANNELS)
    program = examples.stage.root / "tgctl.1/versions" / digest / "bin/tgctl"
    libraries = {word.split()[0] for word in processes.run("ldd", program).splitlines()}
    print(libraries)
    assert not [name for name in libraries if "swift" in name or "lua" in name or "Foundation" in name], libraries
    # A sign of life comes from the loop: one that is stopped is hung, and replaced.
    tgctl.serving()
    before = tgctl.pids()
    os.kill(before[1], signal.SIGSTOP)
    eventually(lambda: tgctl.pids()[1] != before[1], 60, "the replacement")
    tgctl.serving()
    [report] = tgctl.reported(1)
    assert (report["kind"], report["worker"]) == ("hung", 1)


def test_tgctl_is_restarted_without_a_lost_connection_and_upgraded(examples):
    first = examples.version("tgctl", "1.0.0")
    second = examples.version("tgctl", "2.0.0", changes=[("workers: 2", "workers: 3")])
    tgctl = examples.run("tgctl.1", first, CHANNELS)
    tgctl.serving()
    with Clients(8081) as clients:
        tgctl.restarted()
        clients.more()
    assert clients.errors == []
    # Another version has another master: rollouts have the gateways send clients elsewhere meanwhile.
    tgctl = examples.run("tgctl.1", second)
    tgctl.serving()
    assert len(tgctl.pids()) == 3 and get(8081)[0] == 200


def test_pgw_serves_for_tgctl_and_neither_loses_a_connection_when_they_are_restarted(examples):
    tgctl = examples.run("tgctl.1", examples.version("tgctl"), CHANNELS)
    pgw = examples.run("pgw.1", examples.version("pgw"), "tgctl:\n  - 127.0.0.1\ntgctl-port: 8081\n")
    pgw.serving()
    assert get(8080) == (200, "pgw\n") and "boats" in get(8080, "/channels")[1]
    pgw.job("tests")

    def channels(port):
        status, text = get(port, "/channels")
        assert status == 200 and "boats" in text, (status, text)

    with Clients(8080, channels) as clients:
        pgw.restarted()
        tgctl.restarted()
        clients.more()
    assert clients.errors == [], clients.errors[:5]


def test_pgw_takes_a_configuration_only_if_nginx_does(examples):
    examples.run("tgctl.1", examples.version("tgctl"), CHANNELS)
    pgw = examples.run("pgw.1", examples.version("pgw"), "tgctl:\n  - 127.0.0.1\n")
    pgw.serving()
    before = pgw.pids()
    with Clients(8080) as clients:
        assert pgw.configure("tgctl: []\n") is None
        assert get(8080, "/channels")[0] == 502
        assert pgw.configure("tgctl:\n  - 127.0.0.1\n") is None
        assert get(8080, "/channels")[0] == 200
        problem = pgw.configure("tgctl:\n  - nowhere.invalid\n")
        assert 'host not found in upstream "nowhere.invalid:8081"' in problem, problem
        assert "tgctl-port is a port from 1 to 65535" in pgw.configure("tgctl-port: 70000\n")
        assert get(8080, "/channels")[0] == 200
        assert pgw.configure("tgctl:\n  - 127.0.0.1\n") is None
    assert clients.errors == [] and pgw.pids() == before
    # nginx is what serves: without it the program ends, and is started again.
    children = processes.run("pgrep", "-P", before[0]).split()
    os.kill(int(children[0]), signal.SIGKILL)
    eventually(lambda: pgw.pids() != before, 30, "the replacement")
    pgw.serving()
    assert pgw.reported(1)[0]["kind"] == "exited" and get(8080)[0] == 200


def test_tg_is_restarted_without_a_lost_connection(examples):
    tg = examples.run("tg.1", examples.version("tg"), "longest-line: 1024\n")
    tg.serving()
    line(5000)
    tg.job("tests")
    with Clients(5010, line) as clients:
        tg.restarted()
        clients.more()
    assert clients.errors == [], clients.errors[:5]
