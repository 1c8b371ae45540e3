"""`make run` says so and ends when one of its parts does. It makes namespaces of the same names as the other tests: it comes first."""

import os
import pathlib
import signal
import subprocess

import pytest

import programs
import topology


@pytest.fixture
def demo(tmp_path):
    assert topology.have_ipvs(), "this kernel has no IPVS: start the tests with Tests/EndToEnd/run"
    environment = {**os.environ, "PORTCULLIS_BIN": str(programs.binary("portcullis").parent),
                   "PORTCULLIS_DEMO_PORT": "8090", "PORTCULLIS_LAB_CACHE": str(tmp_path)}
    with open(tmp_path / "demo.log", "wb") as log:
        process = subprocess.Popen([programs.REPOSITORY / "demo/run"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env=environment)
    yield process, tmp_path / "demo.log"
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


def descendants(pid):
    """The processes that the process has started, and those that they have."""
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, children) for each in [child, *descendants(child)]]


def descendant(process, program):
    """The process that runs the program."""
    for pid in descendants(process.pid):
        try:
            if os.readlink(f"/proc/{pid}/exe").endswith(f"/{program}"):
                return pid
        except OSError:
            pass
    return None


@pytest.mark.parametrize(("program", "words"), [
    ("portcullis-admin", "ADMIN has ended"), ("portcullis-gateway", "the gateway's daemon has ended with status -9")])
def test_the_demo_ends_with_what_it_is_made_of(demo, program, words):
    process, log = demo
    pid = programs.eventually(lambda: process.poll() is None and descendant(process, program), 240, f"{program} running")
    os.kill(pid, signal.SIGKILL)
    assert process.wait(240) == 1, log.read_text()[-2000:]
    assert words in log.read_text(), log.read_text()[-2000:]
    assert not list(pathlib.Path("/run/netns").glob("portcullis-*"))
