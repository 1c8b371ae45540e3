"""What takes minutes: large versions, many kills (make long)."""

import json
import os
import subprocess
import time

from portcullis_testing.processes import run
from test_faults import kills


def measured(*words, cwd=None):
    """Runs a command that must succeed. Returns seconds and the peak of its memory in MiB."""
    started = time.monotonic()
    process = subprocess.Popen([str(word) for word in words], cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    assert status == 0, words
    return time.monotonic() - started, usage.ru_maxrss / 1024


def test_a_thousand_files_and_a_gigabyte_of_which_one_changes(workshop):
    workshop.write_data(1_000, 1 << 20)
    figures = {"build": measured(*workshop.words("build", "pgw", "--name", "1.0", "--no-command"), cwd=workshop.source)}
    workshop.write("out/data/7/777", os.urandom(1 << 20))
    figures["build again"] = measured(*workshop.words("build", "pgw", "--name", "1.1", "--no-command"), cwd=workshop.source)
    difference = json.loads(workshop.do("diff", "pgw", "1.0", "1.1", "-o", "json", status=2))
    assert len(difference["changes"]) == 1
    assert difference["newCompressedBytes"] <= 1.3 * 1024 * 1024
    service, copies = workshop.folder / "service", workshop.folder / "copies"
    copies.mkdir()
    figures["unpack"] = measured(*workshop.words("unpack", "pgw", "1.0", "--to", service))
    figures["unpack again"] = measured(*workshop.words("unpack", "pgw", "1.1", "--to", service))
    # The same by rsync: all content compared, what is the same linked, one sync.
    source = f"{service}/versions/{workshop.digest('1.1')}/"
    run("cp", "-a", f"{service}/previous/", copies / "1.0")
    figures["rsync"] = measured(
        "sh", "-c", f"rsync -a -c --link-dest={copies}/1.0 {source} {copies}/1.1 && sync -f {copies}/1.1")
    figures["verify"] = measured(*workshop.words("verify", "pgw", "1.1", "--tree", service))
    for name, (seconds, memory) in figures.items():
        print(f"{name}: {seconds:.2f} s, {memory:.0f} MiB")
    assert figures["unpack again"][0] <= figures["rsync"][0]
    for name in figures:
        assert name == "rsync" or figures[name][1] < 100, f"{name} takes {figures[name][1]} MiB"


def test_two_hundred_kills(workshop):
    kills(workshop, 100, seed=int(time.time()))


def test_a_hundred_thousand_files(workshop):
    for folder in range(100):
        (workshop.source / f"out/data/{folder}").mkdir(parents=True, exist_ok=True)
        for number in range(999):
            (workshop.source / f"out/data/{folder}/{number}").write_text(f"{number % 50}")
    service = workshop.folder / "service"
    for command, words in [("build", ("--name", "1", "--no-command")), ("verify", ("1",)), ("unpack", ("1", "--to", service))]:
        seconds, memory = measured(*workshop.words(command, "pgw", *words), cwd=workshop.source)
        print(f"{command}: {seconds:.2f} s, {memory:.0f} MiB")
    workshop.do("verify", "pgw", "1", "--tree", service)
