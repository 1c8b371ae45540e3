"""What takes minutes: large versions, many kills (make long)."""

import json
import os
import subprocess
import time

import pytest

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
    service, copies = workshop.folder / "service", workshop.folder / "copies"
    copies.mkdir()
    figures = {
        "build": [measured(*workshop.words("build", "pgw", "--name", "1.0", "--no-command"), cwd=workshop.source)],
        "unpack": [measured(*workshop.words("unpack", "pgw", "1.0", "--to", service))]}
    run("cp", "-a", f"{service}/current/", copies / "1.0")
    for number in range(1, 4):
        name, before = f"1.{number}", f"1.{number - 1}"

        def measure(what, *words):
            figures.setdefault(what, []).append(measured(*words, cwd=workshop.source))

        workshop.write("out/data/7/777", os.urandom(1 << 20))
        measure("build again", *workshop.words("build", "pgw", "--name", name, "--no-command"))
        difference = json.loads(workshop.do("diff", "pgw", before, name, "-o", "json", status=2))
        assert len(difference["changes"]) == 1
        assert difference["newCompressedBytes"] <= 1.3 * 1024 * 1024
        measure("unpack again", *workshop.words("unpack", "pgw", name, "--to", service))
        # The same by rsync: all content compared, what is the same linked, one sync.
        measure("rsync", "sh", "-c", f"rsync -a -c --link-dest={copies}/{before} {service}/current/ {copies}/{name} && sync -f {copies}")
        measure("verify", *workshop.words("verify", "pgw", name, "--tree", service))
    best = {name: min(seconds for seconds, _ in rounds) for name, rounds in figures.items()}
    memory = {name: max(peak for _, peak in rounds) for name, rounds in figures.items()}
    for name in figures:
        print(f"{name}: {best[name]:.2f} s, {memory[name]:.0f} MiB")
        assert name == "rsync" or memory[name] < 100, f"{name} takes {memory[name]} MiB"
    # Other work on the machine counts for both; a tenth is noise.
    assert best["unpack again"] <= 1.1 * best["rsync"]


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


def test_where_the_file_system_gives_no_more_links_the_file_is_a_copy(workshop):
    workshop.build()
    service, links = workshop.folder / "service", workshop.folder / "links"
    workshop.do("unpack", "pgw", "1.0", "--to", service)
    file = workshop.manifest()["files"][1]
    thing = workshop.store / "objects" / file["sha256"][:2] / f"{file['sha256']}-{file['mode']}"
    links.mkdir()
    # ext4 gives 65,000.
    for number in range(200_000):
        try:
            os.link(thing, links / f"{number}")
        except OSError:
            break
    else:
        pytest.skip("the file system gives more links than can be made here")
    other = workshop.folder / "other"
    workshop.do("unpack", "pgw", "1.0", "--to", other)
    assert (other / "current/data/text").stat().st_nlink == 1
    workshop.do("verify", "pgw", "1.0", "--tree", other)
