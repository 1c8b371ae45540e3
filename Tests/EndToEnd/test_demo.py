"""`make run` says so and ends when one of its parts does. It makes namespaces of the same names as the other tests: it comes first."""

import os
import pathlib
import signal

import pytest

from portcullis_testing import topology
from portcullis_testing.processes import Process
from portcullis_testing.repository import REPOSITORY, binary


@pytest.fixture
def demo(tmp_path):
    assert topology.have_ipvs(), "this kernel has no IPVS: start the tests with Tests/EndToEnd/run"
    environment = {"PORTCULLIS_BIN": str(binary("portcullis").parent), "PORTCULLIS_DEMO_PORT": "8090",
                   "PORTCULLIS_LAB_CACHE": str(tmp_path)}
    process = Process(REPOSITORY / "demo/run", environment=environment)
    yield process
    process.stop(120)


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
    os.kill(demo.wait_for(lambda: descendant(demo, program), 240), signal.SIGKILL)
    assert demo.wait(240) == 1, demo.text[-2000:]
    assert words in demo.text, demo.text[-2000:]
    assert not list(pathlib.Path("/run/netns").glob("portcullis-*"))
