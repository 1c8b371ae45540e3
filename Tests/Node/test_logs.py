"""Logs of services, as the node sends them while ADMIN wants them."""

import time

from portcullis_testing.waiting import eventually


FEED = """#!/bin/sh
mkfifo "$PORTCULLIS_DIRECTORY/feed"
echo started
exec cat <>"$PORTCULLIS_DIRECTORY/feed"
"""


def start(stage, program="#!/bin/sh\necho started\nexec sleep 1000\n", **settings):
    """A service whose log the test writes."""
    version = stage.version("1.0.0", program)
    stage.admin.assign("pgw.1", version)
    stage.start(**{"wait": 60, **settings})
    stage.settled("pgw.1")
    return stage.root / "node" / "log" / "pgw.1" / "log"


def feed(stage, *lines):
    """Has the service print lines."""
    with open(stage.root / "pgw.1" / "feed", "w") as file:
        file.write("".join(f"{line}\n" for line in lines))


def append(log, *lines):
    with open(log, "a") as file:
        file.write("".join(f"{line}\n" for line in lines))


def text(stage, stream, expected, timeout=20):
    eventually(lambda: stage.admin.log_text(stream) == expected, timeout, f"the log being {expected[-80:]!r}")


def test_a_log_is_sent_while_it_is_wanted_and_no_longer(stage):
    log = start(stage)
    append(log, *"abcdef")
    began = time.monotonic()
    stream = stage.admin.want("pgw.1", lines=3)
    # The poll was held.
    text(stage, stream, "d\ne\nf\n", timeout=5)
    assert time.monotonic() - began < 5
    assert [piece["atEnd"] for piece in stage.admin.logs[stream]] == [True]
    for number in range(30):
        append(log, number)
        time.sleep(0.1)
    text(stage, stream, "d\ne\nf\n" + "".join(f"{number}\n" for number in range(30)))
    # At most one a second.
    times = stage.admin.deliveries
    assert all(later - earlier > 0.9 for earlier, later in zip(times, times[1:]))
    stage.admin.unwant(stream)
    count = len(stage.admin.requests)
    eventually(lambda: any(path.endswith("/logs") for _, path, _ in stage.admin.requests[count:]), 10)
    count = len(stage.admin.requests)
    append(log, "nobody wants it")
    time.sleep(6)
    assert not [path for _, path, _ in stage.admin.requests[count:] if path.endswith("/logs")]
    # A second wish is told as the first was.
    text(stage, stage.admin.want("pgw.1", lines=1), "nobody wants it\n", timeout=5)


def test_what_is_lost_on_the_way_is_sent_again_and_nothing_twice(stage):
    log = start(stage)
    append(log, "a")
    stream = stage.admin.want("pgw.1", lines=1)
    text(stage, stream, "a\n")
    # Deliveries that do not arrive.
    stage.admin.before = lambda path: 503 if path.endswith("/logs") else None
    append(log, "b")
    time.sleep(2)
    stage.admin.before = lambda path: None
    text(stage, stream, "a\nb\n")
    # Deliveries whose answers do not arrive.
    stage.admin.loses_answers = True
    append(log, "c")
    text(stage, stream, "a\nb\nc\n")
    append(log, "d")
    time.sleep(3)
    stage.admin.loses_answers = False
    text(stage, stream, "a\nb\nc\nd\n")
    # An agent that was killed goes on where ADMIN is.
    stage.restart()
    append(log, "e")
    text(stage, stream, "a\nb\nc\nd\ne\n")
    time.sleep(3)
    assert stage.admin.log_text(stream) == "a\nb\nc\nd\ne\n"


def test_a_rotation_loses_nothing_and_an_emptied_log_is_told(stage):
    log = start(stage, FEED, **{"log-size": 1})
    eventually(lambda: (stage.root / "pgw.1" / "feed").exists())
    line = "x" * 1015
    feed(stage, *(f"{number:07} {line}" for number in range(1020)))
    stream = stage.admin.want("pgw.1", lines=2)
    eventually(lambda: stage.admin.logs[stream])
    feed(stage, *(f"{number:07} {line}" for number in range(1020, 1040)))
    eventually(lambda: log.with_name("log.1").exists() and log.stat().st_size > 0, 30)
    feed(stage, *(f"{number:07} {line}" for number in range(1040, 1050)))
    eventually(lambda: stage.admin.log_text(stream).endswith(f"0001049 {line}\n"), 20)
    told = stage.admin.log_text(stream).splitlines()
    assert told == [f"{number:07} {line}" for number in range(1050 - len(told), 1050)] and len(told) >= 32
    changes = [piece["change"] for piece in stage.admin.logs[stream] if "change" in piece]
    assert changes == ["rotated"]
    log.write_text("")
    eventually(lambda: stage.admin.logs[stream][-1].get("change") == "truncated")
    append(log, "after")
    eventually(lambda: stage.admin.log_text(stream).endswith("after\n"))


def test_a_service_that_writes_faster_loses_lines_which_are_counted(stage):
    log = start(stage)
    stream = stage.admin.want("pgw.1", lines=0)
    eventually(lambda: stage.admin.logs[stream])
    lines = [f"line {number}" for number in range(150_000)]
    append(log, *lines)
    eventually(lambda: stage.admin.log_text(stream).endswith(f"{lines[-1]}\n"), 30)
    lost = sum(piece.get("lost", 0) for piece in stage.admin.logs[stream])
    assert lost > 0 and stage.admin.log_text(stream).splitlines() == lines[lost:]
    assert max(len(piece["text"].encode()) for piece in stage.admin.logs[stream]) <= 64 << 10


def test_one_write_that_is_larger_than_the_pipe_is_taken_after_the_beginning_of_a_line(stage):
    version = stage.version("1.0.0", """\
        #!/usr/bin/python3
        import os, time
        os.write(1, b"first\\nbegun")
        time.sleep(1)
        text = b"\\n" + b"0123456789\\n" * 200_000
        while text:
            text = text[os.write(1, text):]
        os.write(1, b"last\\n")
        time.sleep(1000)
    """)
    stage.admin.assign("pgw.1", version)
    stage.start()
    log = stage.root / "node" / "log" / "pgw.1" / "log"
    eventually(lambda: log.exists() and log.read_bytes().endswith(b"last\n"), 30, "the last line")
    assert log.read_bytes() == b"first\nbegun\n" + b"0123456789\n" * 200_000 + b"last\n"


def test_bytes_that_are_no_text_and_services_without_a_log(stage):
    log = start(stage)
    stream, other = stage.admin.want("pgw.1", lines=2), stage.admin.want("pgw.2", lines=2)
    eventually(lambda: stage.admin.logs[other])
    assert stage.admin.logs[other][0]["position"] == {"file": "", "offset": 0} and stage.admin.logs[other][0]["atEnd"]
    with open(log, "ab") as file:
        file.write(b"a\xff\x00\x1b[0m\n\xe2\x82")
    eventually(lambda: stage.admin.log_text(stream).endswith("a\ufffd\x00\x1b[0m\n"))
    with open(log, "ab") as file:
        file.write(b"\xac\n")
    eventually(lambda: stage.admin.log_text(stream).endswith("a\ufffd\x00\x1b[0m\n\u20ac\n"))
    # A service that starts later has a log then.
    stage.admin.assign("pgw.2", stage.admin.services["pgw.1"]["version"])
    eventually(lambda: stage.admin.log_text(other) == "started\n")
