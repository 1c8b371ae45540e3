"""What a service in C gets from its master by the library, and what it says."""

import socket
import time

import pytest

from played_master import PlayedMaster
from portcullis_testing.processes import cpu


@pytest.fixture(params=["static", "shared"])
def service(request, compiler, master):
    return lambda mode, **options: master.start(compiler.program("service.c", linked=request.param), mode, **options)


@pytest.fixture
def shared(compiler, master):
    return lambda mode, **options: master.start(compiler.program("service.c", linked="shared"), mode, **options)


@pytest.fixture
def sockets():
    made = [socket.socket(socket.AF_INET, kind) for kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_DGRAM]]
    for each in made:
        each.bind(("127.0.0.1", 0))
    yield list(zip(["http", "devices", "http", "devices"], made))
    for each in made:
        each.close()


def test_sockets_come_by_their_names_and_the_environment_is_emptied(service, master, sockets):
    service("loop", sockets=sockets, config="/srv/config.yaml", worker=3)
    master.wait_for_text("alive 0\n")
    ports = [each.getsockname()[1] for _, each in sockets]
    assert master.text == (
        f"begun 0\ntg.1 3 {master.folder} /srv/config.yaml 1\n"
        f"all: 3={ports[0]} 4={ports[1]} 5={ports[2]} 6={ports[3]}\n"
        f"http: 3={ports[0]} 5={ports[2]}\ndevices: 4={ports[1]} 6={ports[3]}\nnone:\nalive 0\n")


def test_it_says_hello_ready_and_its_status_in_one_line(service, master):
    service("loop lines")
    assert master.message() == "HELLO 1 1.0.0 config lua"
    assert master.notice() == {"STATUS": "starting up"}
    assert master.notice() == {"READY": "1"}
    assert master.notice() == {"STATUS": "ü" * 128}


def test_without_a_handler_it_does_not_promise_to_take_configurations(shared, master):
    shared("loop without-config")
    assert master.message() == "HELLO 1 1.0.0 lua"
    master.send("CONFIG /nowhere")
    master.send("STOP")
    assert master.wait() == 0 and master.message() is None


@pytest.mark.parametrize("mode", ["loop", "thread"])
def test_a_changed_configuration_is_taken_or_refused_with_its_reason(service, master, tmp_path, mode):
    service(mode)
    path = tmp_path / "config of a service.yaml"
    path.write_text("first\n")
    master.message()
    master.send(f"CONFIG {path}")
    assert master.message() == "CONFIG-TAKEN"
    path.write_text("bad value\n")
    master.send(f"CONFIG {path}")
    assert master.message() == "CONFIG-REFUSED line 1: bad value"
    path.write_text("silent\n")
    master.send(f"CONFIG {path}")
    assert master.message() == "CONFIG-REFUSED the service refuses it and does not say why"
    master.send("CONFIG /nowhere")
    assert master.message() == "CONFIG-REFUSED /nowhere cannot be read"
    assert "configuration first\n" in master.text


@pytest.mark.parametrize("mode", ["loop", "thread"])
def test_it_is_told_to_stop(service, master, mode):
    service(mode)
    master.wait_for_notice("READY")
    master.send("STOP")
    assert master.wait_for_notice("STOPPING") and master.wait() == 0
    assert master.text.endswith("stopped\n")


def test_messages_of_a_newer_master_are_ignored(shared, master):
    shared("loop")
    for text in ("NEW-WORD with a text", "", "CONFIG", "LUA-", "LUA-NEW a", "LUA-EVAL", "LUA-OPEN " + "x" * 100 + " 1 1 1", "x" * 70000):
        master.send(text)
    master.send("STOP")
    assert master.wait() == 0


def test_signs_of_life_come_at_least_twice_in_the_watchdogs_time(shared, master):
    shared("loop", watchdog=0.4)
    master.wait_for_text("alive 200\n")
    master.wait_for_notice("READY")
    times = []
    while len(times) < 10:
        master.wait_for_notice("WATCHDOG", "1")
        times.append(time.monotonic())
    assert times[-1] - times[0] > 0.1 * 9 * 0.8


def test_a_loop_that_says_it_all_the_time_sends_few(shared, master):
    shared("busy", watchdog=2)
    master.wait_for_notice("READY")
    start = time.monotonic()
    for _ in range(5):
        master.wait_for_notice("WATCHDOG", "1")
    assert time.monotonic() - start > 4 * 0.5 * 0.8


def test_a_watchdog_for_another_process_is_none(shared, master):
    shared("loop", environment={"WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"})
    master.wait_for_text("alive 0\n")


def test_programs_that_it_becomes_inherit_nothing(shared, master, sockets):
    shared("descriptors", sockets=sockets)
    assert master.wait() == 0
    # The folder that ls reads is 3.
    assert master.text.endswith("0\n1\n2\n3\n")


@pytest.mark.parametrize("name,value", [("LISTEN_FDS", "many"), ("LISTEN_FDS", "-1"), ("LISTEN_FDS", "90000"), ("WATCHDOG_USEC", "1s"),
                                        ("PORTCULLIS_WORKER", "65"), ("PORTCULLIS_CONTROL_FD", "77"), ("LISTEN_FDS", "50"),
                                        ("PORTCULLIS_CRASH_FD", ""), ("NOTIFY_SOCKET", "relative")])
def test_a_malformed_variable_is_an_error(shared, master, name, value):
    shared("loop", environment={name: value})
    master.wait_for_text("begun 22\n")


def test_variables_for_another_process_are_no_master(shared, master):
    shared("loop", listen_pid=False, environment={"LISTEN_PID": "1"})
    assert master.wait() == 0 and "begun 0\n(null) 0 (null) (null) 0\nall:\n" in master.text


def test_it_runs_without_a_master(compiler, master):
    names = [f"-u{name}" for name in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "PORTCULLIS_CRASH_FD",
                                      "PORTCULLIS_CONTROL_FD", "PORTCULLIS_SERVICE", "PORTCULLIS_DIRECTORY", "PORTCULLIS_WORKER")]
    master.start("/usr/bin/env", *names, compiler.program("service.c", linked="shared"), "loop")
    assert master.wait() == 0 and "begun 0\n(null) 0 (null) (null) 0\nall:\nhttp:\n" in master.text


@pytest.mark.parametrize("mode", ["loop", "thread"])
def test_a_master_that_is_gone_for_good_leaves_an_idle_service(shared, master, mode):
    shared(mode)
    master.wait_for_notice("READY")
    master.control.close()
    before = cpu(master.pid)
    time.sleep(1)
    assert cpu(master.pid) - before < 0.2 and "rounds" not in master.text and master.ended() is None


def test_readiness_that_a_master_missed_is_said_again(compiler, tmp_path):
    with PlayedMaster(tmp_path) as master:
        # Between two masters nobody has the socket.
        master.notices.close()
        master.notices_path.unlink()
        master.start(compiler.program("service.c", linked="shared"), "loop", watchdog=0.4)
        master.wait_for_text("alive 200\n")
        master.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        master.notices.bind(str(master.notices_path))
        assert master.wait_for_notice("READY") == {"READY": "1"}
