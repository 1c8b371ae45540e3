"""Logs of services at a log target: in order, none left out, and what cannot be sent any more is counted."""

import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import time

import pytest

from log_receiver import Receiver
from portcullis_testing.namespaces import free_port
from portcullis_testing.processes import run
from portcullis_testing.repository import REPOSITORY, binary
from portcullis_testing.waiting import eventually

FEED = """#!/bin/sh
[ -e "$PORTCULLIS_DIRECTORY/feed" ] || mkfifo "$PORTCULLIS_DIRECTORY/feed"
echo started
exec cat <>"$PORTCULLIS_DIRECTORY/feed"
"""


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


def start(stage, receiver, *services, **settings):
    version = stage.version("1.0.0", FEED)
    for service in services or ("pgw.1",):
        stage.admin.assign(service, version)
    stage.start(**{"log-target": f"tcp://127.0.0.1:{receiver.port}", **settings})
    for service in services or ("pgw.1",):
        stage.settled(service)
        eventually(lambda: (stage.root / service / "feed").exists())


def feed(stage, data, service="pgw.1"):
    """Has a service print bytes."""
    with open(stage.root / service / "feed", "wb") as file:
        file.write(data)


def numbered(first, last, filler=100):
    return b"".join(b"%d %s\n" % (number, b"x" * filler) for number in range(first, last))


def numbers(receiver, service="pgw.1"):
    return [int(text.split()[0]) for text in receiver.texts(service) if re.match(rb"\d+ ", text)]


def in_order(found):
    """What is left without those that came twice. A connection that broke begins again at an earlier place, and skips nothing."""
    best = -1
    for number in found:
        assert number <= best + 1, (best, number)
        best = max(best, number)
    return best


def test_lines_come_as_messages_of_syslog(stage, receiver):
    start(stage, receiver)
    feed(stage, b"plain\n<3>an error\n<7>details\n\nbytes \xff\x00\n")
    eventually(lambda: len(receiver.messages) == 6)
    assert receiver.messages == [
        (134, "app1", "pgw.1", b"started"), (134, "app1", "pgw.1", b"plain"), (131, "app1", "pgw.1", b"an error"),
        (135, "app1", "pgw.1", b"details"), (134, "app1", "pgw.1", b""), (134, "app1", "pgw.1", b"bytes \xff\x00")]
    # A restart sends nothing twice, and goes on.
    stage.restart()
    feed(stage, b"after\n")
    eventually(lambda: receiver.texts()[-1] == b"after")
    assert len(receiver.messages) == 7 and receiver.connections <= 3


def test_types_that_are_left_out_are_not_sent(stage, receiver):
    version = stage.version("1.0.0", FEED)
    other = stage.version("1.0.0", FEED, type="logger")
    stage.admin.assign("pgw.1", version)
    stage.admin.assign("logger.1", other)
    stage.lists = stage.key + "log-target-except: [logger]\n"
    stage.start(**{"log-target": f"tcp://127.0.0.1:{receiver.port}"})
    stage.settled("pgw.1")
    stage.settled("logger.1")
    eventually(lambda: receiver.texts() == [b"started"])
    feed(stage, b"more\n")
    eventually(lambda: len(receiver.texts()) == 2)
    assert receiver.texts("logger.1") == []


def test_a_receiver_that_resets_in_the_middle_gets_all_in_order(stage, receiver):
    start(stage, receiver, "pgw.1", "pgw.2")
    receiver.resets_after = 300_000
    for first in range(0, 10_000, 2_000):
        for service in ("pgw.1", "pgw.2"):
            feed(stage, numbered(first, first + 2_000), service)
    eventually(lambda: receiver.connections > 2, 60, "resets")
    receiver.resets_after = None
    for service in ("pgw.1", "pgw.2"):
        eventually(lambda: max(numbers(receiver, service), default=0) == 9_999, 60, "the last line")
        assert in_order(numbers(receiver, service)) == 9_999
    assert not any(b"not sent" in text for text in receiver.texts())


def memory(pid):
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


def test_a_receiver_that_hangs_holds_up_nothing_else(stage, receiver):
    start(stage, receiver)
    eventually(lambda: receiver.texts() == [b"started"])
    receiver.takes.clear()
    before = memory(stage.node.pid)
    for first in range(0, 80_000, 10_000):
        feed(stage, numbered(first, first + 10_000))
    # The node does what else there is.
    stage.admin.order("again", service="pgw.1", kind="restart")
    eventually(lambda: stage.admin.job("again").get("state") == "succeeded", 30)
    time.sleep(3)
    assert memory(stage.node.pid) - before < 24_000
    assert len(receiver.texts()) < 20_000
    receiver.takes.set()
    eventually(lambda: max(numbers(receiver), default=0) == 79_999, 60, "the last line")
    assert in_order(numbers(receiver)) == 79_999


def test_a_receiver_that_is_away_for_long_gets_what_is_kept_and_is_told_the_rest(stage, receiver):
    start(stage, receiver, **{"log-size": 1, "log-files": 1})
    feed(stage, numbered(0, 100))
    eventually(lambda: numbers(receiver) == list(range(100)))
    receiver.stop()
    # Less than is kept.
    feed(stage, numbered(100, 12_000))
    eventually(lambda: [f"logs wait, since tcp://127.0.0.1:{receiver.port} does not take them: connection refused"] == [
        text.replace("Connection", "connection") for text in stage.admin.report["problems"]], 30, "the problem")
    receiver.start()
    eventually(lambda: max(numbers(receiver)) == 11_999, 60, "the last line")
    assert in_order(numbers(receiver)) == 11_999
    eventually(lambda: not stage.admin.report["problems"])
    # Much more than is kept, as in an hour.
    receiver.stop()
    count = len(receiver.messages)
    for first in range(12_000, 72_000, 4_000):
        feed(stage, numbered(first, first + 4_000))
        time.sleep(1.2)
    problem = eventually(lambda: next((text for text in stage.admin.report["problems"] if "were removed" in text), None), 30)
    assert "the log of pgw.1: at least " in problem
    receiver.start()
    eventually(lambda: max(numbers(receiver)) == 71_999, 60, "the last line")
    new = [text for *_, text in receiver.messages[count:]]
    told = [text for text in new if b"were not sent" in text]
    assert told and [priority for priority, *_, text in receiver.messages if text in told] == [132] * len(told)
    found = [int(text.split()[0]) for text in new if text not in told]
    # What came again at the beginning was sent, and its acknowledgement lost.
    first = next(number for number in found if number > 12_000)
    assert found[found.index(first):] == list(range(first, 72_000))
    lost = len(numbered(max(number for number in numbers(receiver)[:numbers(receiver).index(first)]) + 1, first))
    bytes_told = int(re.search(rb"at least (\d+) bytes", told[-1])[1])
    # It is looked once a second.
    assert 0.5 * lost <= bytes_told <= lost


def test_a_node_that_is_killed_loses_nothing(stage, receiver):
    seed = int(os.environ.get("PORTCULLIS_SEED", random.randrange(1 << 32)))
    print(f"PORTCULLIS_SEED={seed}")
    chance = random.Random(seed)
    start(stage, receiver, **{"log-size": 1, "log-files": 20})
    for round in range(8):
        feed(stage, numbered(round * 5_000, round * 5_000 + 5_000))
        time.sleep(chance.uniform(0, 1.5))
        stage.restart()
    eventually(lambda: max(numbers(receiver), default=0) == 39_999, 60, "the last line")
    assert in_order(numbers(receiver)) == 39_999


def logger(stage, port):
    """A version of examples/logger on a port of its own."""
    source = stage.folder / "logger"
    shutil.copytree(REPOSITORY / "examples/logger", source)
    meta = source / "logger.yaml"
    meta.write_text(meta.read_text().replace("5140", str(port)))
    words = ["versions", "build", "logger", "--name", "1.0.0", "--types", meta, "--from", source, "--store", stage.store,
             "--no-command", "-o", "json"]
    digest = json.loads(run(binary("portcullis"), *words))["digest"]
    stage.sign("logger", "1.0.0", stage.folder / "release.key")
    return digest


def test_the_logger_of_the_examples_collects_the_logs(stage):
    port = free_port()
    stage.admin.assign("logger.1", logger(stage, port))
    stage.admin.assign("pgw.1", stage.version("1.0.0", FEED))
    stage.lists = stage.key + "log-target-except: [logger]\n"
    stage.start(**{"log-target": f"tcp://127.0.0.1:{port}"})
    stage.settled("logger.1")
    stage.settled("pgw.1")
    eventually(lambda: (stage.root / "pgw.1" / "feed").exists())

    def lines():
        return [line.split(b" ", 1)[1] for path in sorted((stage.root / "logger.1" / "logs" / "app1").glob("pgw.1-*.log"))
                for line in path.read_bytes().splitlines()]

    eventually(lambda: lines() == [b"info started"], 30, "the first line")
    feed(stage, numbered(0, 3_000) + b"<3>bad \xff\n")
    eventually(lambda: lines()[-1] == b"err bad \xff", 30, "the last line")
    assert [int(line.split()[1]) for line in lines()[1:-1]] == list(range(3_000))
    # It is restarted, and goes on.
    stage.admin.order("again", service="logger.1", kind="restart")
    feed(stage, numbered(3_000, 6_000))
    eventually(lambda: stage.admin.job("again").get("state") == "succeeded", 30)
    feed(stage, b"end\n")
    eventually(lambda: lines()[-1] == b"info end", 60, "the last line")
    found = [int(line.split()[1]) for line in lines()[1:-1] if line != b"err bad \xff"]
    assert in_order(found) == 5_999
    stage.admin.order("tested", service="logger.1", kind="tests")
    job = eventually(lambda: (job := stage.admin.job("tested")).get("state") in ("succeeded", "failed") and job, 30)
    assert job["state"] == "succeeded", job
    assert not list((stage.root / "logger.1" / "logs").glob("*/logger*"))


def authority(folder):
    """A certificate for 127.0.0.1, and its key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=logs", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "logs.key",
                    "-out", folder / "logs.pem"], check=True, capture_output=True)
    return folder / "logs.pem", folder / "logs.key"


def test_logs_go_by_tls_to_whom_the_certificate_names(stage):
    certificate = authority(stage.folder)
    with Receiver(certificate=certificate) as receiver:
        version = stage.version("1.0.0", FEED)
        stage.admin.assign("pgw.1", version)
        stage.start(**{"log-target": f"tls://127.0.0.1:{receiver.port}", "wait": 1})
        problem = eventually(lambda: next((text for text in (stage.admin.report or {}).get("problems", []) if "does not take" in text), None), 30)
        assert "CERTIFICATE_VERIFY_FAILED" in problem and receiver.messages == []
        stage.node.kill()
        stage.start(**{"log-ca-file": str(certificate[0])})
        eventually(lambda: receiver.texts() == [b"started"], 30)
        feed(stage, numbered(0, 5_000))
        eventually(lambda: numbers(receiver) == list(range(5_000)), 30)


def test_a_target_that_is_not_written_rightly_is_refused(stage):
    stage.configure(**{"log-target": "udp://127.0.0.1:514"})
    done = stage.command("plan")
    assert done.returncode in (1, 64)
    assert 'node.yaml:' in done.stderr and '"udp://127.0.0.1:514" is neither tcp://HOST:PORT nor tls://HOST:PORT' in done.stderr
