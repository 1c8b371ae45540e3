"""examples/tg from end to end: ADMIN, a node, a master and workers that use the library."""

import json
import signal

import pytest

from portcullis_testing.processes import Process
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually
from tg import TgCloud, build


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return build(tmp_path_factory.mktemp("build"))


def test_lua_in_a_real_worker(tmp_path, program):
    with TgCloud(tmp_path, program, allows_lua="true") as cloud:
        eventually(lambda: cloud.serves("one"), what="the first configuration")
        before = cloud.workers

        def lua(*words, status=0):
            return cloud.portcullis("services", "lua", "tg.1", "--reason", "a test", *words, status=status)

        assert lua("-e", "return 1") == "1\n"
        assert lua("--worker", "2", "-e", "print('a'); return 6 * 7") == "a\n42\n"
        assert cloud.lines("x = 40", "return x + 2") == ["42"]
        # What does not end, and what would take all memory, is ended, and the worker serves on.
        for source in ("while true do pcall(function() while true do end end) end",
                       "local all = {} while true do all[#all + 1] = ('x'):rep(1000) .. #all end"):
            refusal = lua("--limit", "1", "-e", source, status=1)
            assert "has failed" in refusal, refusal
        assert lua("-e", "return 2") == "2\n" and cloud.workers == before and cloud.serves("one")
        events = cloud.portcullis("events", "--limit", "100")
        assert 'lua of tg.1 on app1, reason "a test", source "return 1"' in events


def test_orders_and_a_configuration_that_is_refused(tmp_path, program):
    with TgCloud(tmp_path, program) as cloud:
        eventually(lambda: cloud.serves("one"), what="the first configuration")
        before = cloud.workers
        refusal = cloud.portcullis("services", "lua", "tg.1", "--reason", "a test", "-e", "return 1", status=1)
        assert "the server's node.yaml does not allow it (allow-lua)" in refusal
        with Process(binary("portcullis"), "services", "watch", "tg", "-o", "json", "--admin-url", cloud.admin.url,
                     environment={"PORTCULLIS_TOKEN": cloud.token}) as watch:
            watch.wait_for(lambda: watch.text.count("\n") == 1)
            cloud.configure("two", longest=1)
            watch.wait_for(lambda: "longest-line takes 16 to 65536" in watch.text, timeout=60)
            assert json.loads(watch.text.splitlines()[-1])["presentConfiguration"] is False
            watch.stop(number=signal.SIGINT)
        assert cloud.workers == before and cloud.serves("one")
        shown = cloud.portcullis("services", "show", "tg.1")
        assert "not in use: worker 1: it refused the configuration: " in shown
        assert "connected, configuration not in use" in cloud.portcullis("services", "list")
        assert "longest-line takes 16" in cloud.portcullis("services", "reload", "tg.1", status=1)

        cloud.configure("three")
        eventually(lambda: cloud.serves("three"), 30, "the configuration that is right")
        eventually(lambda: "config    current" in cloud.portcullis("services", "show", "tg.1"), what="the report of it")
        assert "LINK" not in cloud.portcullis("services", "list") and cloud.workers == before
        cloud.portcullis("services", "reload", "tg.1")
        cloud.portcullis("services", "restart", "tg.1", "--worker", "2")
        assert cloud.workers[1] == before[1] and cloud.workers[2] != before[2]
        assert "is dumped as crash" in cloud.portcullis("services", "dump", "tg.1", "--worker", "1")
        cloud.portcullis("services", "log-level", "tg.1", "debug")
