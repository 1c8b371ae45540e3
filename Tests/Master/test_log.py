"""The log that the master writes: of what its workers print nothing is lost, doubled or mixed."""

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

from portcullis_testing.processes import lives
from portcullis_testing.waiting import eventually
from stage import HERE

PRINTER = HERE / "printer.py"
KILLS = int(os.environ.get("PORTCULLIS_MASTER_KILLS", 20))


class Printed:
    """The files of a log, the oldest first."""

    def __init__(self, stage):
        self.path = stage.folder / "logs" / "log"
        self.path.parent.mkdir()

    def files(self):
        older = sorted((path for path in self.path.parent.glob("log.[0-9]*")), key=lambda path: -int(path.suffix[1:]))
        return [*older, *([self.path] if self.path.exists() else [])]

    def bytes(self):
        """All of it, as it was while nothing was renamed."""
        while True:
            before = self._newest()
            with contextlib.suppress(FileNotFoundError):
                found = b"".join(path.read_bytes() for path in self.files())
                if before == self._newest():
                    return found

    def _newest(self):
        with contextlib.suppress(FileNotFoundError):
            return self.path.stat().st_ino
        return None

    def lines(self):
        return [line for line in self.bytes().split(b"\n") if not line.startswith(b"portcullis-master: ")]


@pytest.fixture
def printed(stage):
    return Printed(stage)


def start(stage, printed, *program, **settings):
    return stage.start(program=program, listen=False, log=printed.path, **{"log-size": 1 << 20, "log-files": 100, **settings})


def numbers(printed, worker):
    return [int(line.split()[1]) for line in printed.lines() if line.startswith(b"%d " % worker) and line != b"%d end" % worker]


def shell(text):
    return ["/bin/sh", "-c", text]


@pytest.mark.parametrize("kills", [0, KILLS])
def test_every_line_is_there_once_and_in_order(stage, printed, kills):
    seed = int(os.environ.get("PORTCULLIS_SEED", random.randrange(1 << 32)))
    print(f"PORTCULLIS_SEED={seed}")
    chance = random.Random(seed)
    lines = 400_000
    start(stage, printed, PRINTER, str(lines), kept=True, workers=3, wait=False)
    eventually(lambda: len(printed.files()) > 2, 30, "rotations", pause=0.01)
    printing = 0
    for _ in range(kills):
        time.sleep(chance.uniform(0, 0.03))
        printing += printed.path.read_bytes().count(b" end\n") == 0
        stage.kill_master()
    assert printing >= kills // 4, "it was killed too late"
    eventually(lambda: printed.bytes().count(b" end\n") == 3, 120, "all lines", pause=0.5)
    for worker in (1, 2, 3):
        assert numbers(printed, worker) == list(range(lines)), f"worker {worker}"
    others = [line for line in printed.lines() if line and not line.split()[0].isdigit()]
    assert others == []
    assert all(line.endswith(b"x" * (int(line.split()[1]) % 97)) for line in printed.lines() if line and not line.endswith(b"end"))
    # Each file but the last is nearly full, and no larger: only the rest of a line that a killed master was writing, which
    # comes with up to 64 KiB, is written where it began.
    sizes = [path.stat().st_size for path in printed.files()[:-1]]
    most = (1 << 20) + ((64 << 10) if kills else 0)
    assert all(0.9 * (1 << 20) < size <= most for size in sizes), sizes
    assert stage.stop() == 0


def test_old_files_go(stage, printed):
    start(stage, printed, PRINTER, "60000", wait=False, workers=1, **{"log-files": 2})
    eventually(lambda: printed.path.exists() and b" end\n" in printed.path.read_bytes(), 60, "the end")
    assert [path.name for path in printed.files()] == ["log.2", "log.1", "log"]
    assert numbers(printed, 1) == list(range(numbers(printed, 1)[0], 60000))


def test_the_master_speaks_in_the_same_log_and_bytes_are_kept_as_they_are(stage, printed):
    start(stage, printed, *shell("printf 'a\\377\\000b\\n'; printf 'no end' >&2; exit 3"), ready="time:0", wait=False, kept=True)
    eventually(lambda: printed.path.exists() and b"no end\n" in printed.bytes() and b"portcullis-master: " in printed.bytes(), 20)
    assert printed.bytes().startswith(b"a\xff\x00b\nno end\nportcullis-master: ")


def test_a_line_without_an_end_waits_and_comes_when_the_process_ends(stage, printed):
    go = stage.folder / "go"
    start(stage, printed, *shell(f"echo begun; printf half; while [ ! -e {go} ]; do sleep 0.05; done; printf ' whole'; exec sleep 1000"),
          ready="time:0", kept=True)
    eventually(lambda: printed.bytes() == b"begun\n", 10)
    stage.kill_master()
    assert printed.lines() == [b"begun", b""]
    go.write_text("")
    stage.serving()
    eventually(lambda: "sleep" in pathlib.Path(f"/proc/{stage.pids()[0]}/comm").read_text(), 10, "the rest of the line")
    assert stage.stop() == 0
    assert printed.lines() == [b"begun", b"half whole", b""]


def test_a_line_of_10_megabytes(stage, printed):
    # Alone it stays one line; beside others each piece of it does.
    program = f"""import os, sys
number = os.environ["PORTCULLIS_WORKER"]
if number == "1":
    sys.stdout.write("y" * (10 << 20) + "\\nend 1\\n")
else:
    for index in range(20000): print("other", index)
sys.stdout.flush()
import time; time.sleep(1000)
"""
    start(stage, printed, sys.executable, "-c", program, workers=1, ready="time:0", **{"log-size": 64 << 20})
    eventually(lambda: b"end 1\n" in printed.bytes(), 30)
    assert printed.bytes() == b"y" * (10 << 20) + b"\nend 1\n"
    stage.stop()
    printed.path.unlink()
    start(stage, printed, sys.executable, "-c", program, workers=2, ready="time:0", **{"log-size": 64 << 20})
    eventually(lambda: b"end 1\n" in printed.bytes() and b"other 19999\n" in printed.bytes(), 30)
    lines = printed.lines()
    assert [line for line in lines if line.startswith(b"o")] == [b"other %d" % index for index in range(20000)]
    assert sum(len(line) for line in lines if line.startswith(b"y")) == 10 << 20
    assert set(line[:1] for line in lines) == {b"o", b"y", b"e", b""}


def test_a_line_that_never_ends_is_rotated_too(stage, printed):
    start(stage, printed, *shell("tr '\\000' z < /dev/zero"), ready="time:0", **{"log-files": 2})
    eventually(lambda: len(printed.files()) == 3, 30)
    assert all(path.stat().st_size < 3 << 20 for path in printed.files())


def test_a_worker_that_closes_its_output_costs_nothing(stage, printed):
    start(stage, printed, *shell("echo closing; exec >/dev/null 2>&1; exec sleep 1000"), ready="time:0", kept=True)
    eventually(lambda: printed.bytes() == b"closing\n", 10)
    eventually(lambda: "output/" not in (stage.folder / "keeper-names").read_text(), 10, "the pipe being given up")
    eventually(lambda: stage.state()["phase"] == "running")
    before = switches(stage.master())
    time.sleep(2)
    assert switches(stage.master()) - before <= 1


def switches(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])


def test_nothing_printed_wakes_nobody_and_a_flood_starves_nobody(stage, printed):
    program = """import os, signal, time
number = os.environ["PORTCULLIS_WORKER"]
if number == "1":
    data = (b"flood " * 100 + b"\\n") * 100
    while True: os.write(1, data)
time.sleep(1000)
"""
    start(stage, printed, sys.executable, "-c", program, workers=2, ready="time:0", kept=True, **{"log-files": 1})
    eventually(lambda: len(printed.files()) == 2, 20)

    def memory():
        status = pathlib.Path(f"/proc/{stage.master()}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    before = memory()
    for _ in range(3):
        old = stage.workers()[2]["pid"]
        began = time.monotonic()
        stage.signal(signal.SIGUSR1)
        eventually(lambda: stage.is_serving() and stage.workers()[2]["pid"] != old, 20, "a restart", pause=0.02)
        assert time.monotonic() - began < 10
    assert memory() - before < 4096
    assert stage.stop() == 0


def test_lines_that_a_full_disk_does_not_take_are_counted_and_the_worker_goes_on(stage, printed):
    printed.path.parent.rmdir()
    printed.path.parent.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", printed.path.parent], check=True)
    try:
        start(stage, printed, PRINTER, "100000", workers=1, wait=False, **{"log-size": 64 << 20})
        # It does not wait for room.
        eventually(lambda: stage.is_serving() and waits(stage.pids()[0]), 60, "the end of what is printed")
        found = numbers(printed, 1)
        # The last line may be cut off.
        assert found[:-1] == list(range(len(found) - 1))
        os.truncate(printed.path, 0)
        told = eventually(lambda: b"could not be written" in printed.bytes() and printed.bytes(), 10, "the count").decode()
        lines = int(told.split("portcullis-master: ")[1].split()[0])
        assert "No space left on device" in told and 100_000 - len(found) <= lines <= 100_002 - len(found)
        assert stage.stop() == 0
    finally:
        subprocess.run(["umount", "-l", printed.path.parent], check=True)


def waits(pid):
    """Whether it has printed everything."""
    with contextlib.suppress(OSError):
        return "nanosleep" in pathlib.Path(f"/proc/{pid}/wchan").read_text() and lives(pid)
    return False


def test_a_program_that_is_replaced_has_its_last_words_first(stage, printed):
    start(stage, printed, *shell("echo first; printf last; kill -9 $$"), ready="time:0", kept=True, wait=False, workers=1)
    eventually(lambda: printed.path.exists() and printed.bytes().count(b"first") == 2, 20)
    assert printed.bytes().startswith(b"first\nlast\nportcullis-master: ")
    assert stage.stop() == 0


def test_without_a_log_workers_print_where_the_master_does(stage):
    stage.start(program=shell("echo here; exec sleep 1000"), listen=False, ready="time:0")
    eventually(lambda: "here\n" in stage.log(), 10)


def test_a_log_that_cannot_be_opened_is_told(stage):
    stage.start(program=shell("exec sleep 1000"), listen=False, ready="time:0", log=stage.folder / "none" / "log", wait=False)
    assert stage.process.wait(10) == 1
    assert f"portcullis-master: {stage.folder}/none/log: No such file or directory" in stage.log()
