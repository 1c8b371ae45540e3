"""examples/tg from end to end: ADMIN, a node, a master and workers that use the library."""

import json
import re
import signal

import pytest

from portcullis_testing.processes import Process
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually
from tg import TgCloud, build

# What would never end or take all memory, and how it is ended.
BOMBS = {
    "while true do pcall(function() while true do end end) end": "the time limit of 1000 ms is over",
    "while true do pcall(coroutine.wrap(function() while true do end end)) end": "the time limit of 1000 ms is over",
    "return ('a'):rep(30000):find('.-.-.-.-b')": "the time limit of 1000 ms is over",
    "local all = {} while true do all[#all + 1] = ('x'):rep(1000) .. #all end": "not enough memory",
    "local text = 'x' while true do text = text .. text end": "not enough memory",
    "return ('x'):rep(1 << 30)": "not enough memory",
    "local all = {} while true do all[#all + 1] = coroutine.create(print) end": "not enough memory",
    "local function deeper() return 1 + deeper() end return deeper()": "overflow|not enough memory",
    "setmetatable({}, {__gc = function() while true do end end})": "a metatable with __gc is not allowed in the console",
    "return os.execute('true')": "attempt to call a nil value",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return build(tmp_path_factory.mktemp("build"))


def test_lua_in_a_real_worker(tmp_path, program):
    with TgCloud(tmp_path, program, allows_lua="true") as cloud:
        eventually(lambda: cloud.serves("one"), what="the first configuration")
        before = cloud.workers
        assert cloud.lua("-e", "return 1") == "1\n"
        assert cloud.lua("--worker", "2", "-e", "print('a'); return 6 * 7") == "a\n42\n"
        assert re.fullmatch(r"\d+ open, \d+ connections, \d+ lines, 0 datagrams\n", cloud.lua("-e", "return stats()"))
        assert cloud.lines("x = 40", "return x + 2") == ["42"]
        for source, end in BOMBS.items():
            refusal = cloud.lua("--limit", "1", "-e", source, status=1)
            assert "has failed" in refusal and re.search(end, refusal), (source, refusal)
        # Nothing was replaced, and all serve.
        assert cloud.lua("-e", "return 2") == "2\n" and cloud.workers == before and cloud.serves("one")
        events = cloud.portcullis("events", "--limit", "100")
        assert 'lua of tg.1 on app1, reason "a test", source "return 1"' in events
        assert 'lua of tg.1 on app1, reason "a session", source "return x + 2"' in events


def test_a_function_of_the_program_that_does_not_return_costs_its_worker_alone(tmp_path, program):
    with TgCloud(tmp_path, program, "--crash-for-tests", allows_lua="true") as cloud:
        eventually(lambda: cloud.serves("one"), what="the first configuration")
        before = cloud.workers
        refusal = cloud.lua("--worker", "2", "--limit", "1", "-e", "pcall(crash, 'loop')", status=1)
        assert "it does not end, and the worker is replaced" in refusal, refusal
        eventually(lambda: cloud.workers[2] not in (None, before[2]), 30, "another worker 2")
        assert cloud.workers[1] == before[1]
        eventually(lambda: cloud.lua("--worker", "2", "-e", "return 2") == "2\n", what="Lua in the other worker 2")

        # One that crashes is reported as any crash.
        crashed = cloud.workers[1]
        refusal = cloud.lua("--worker", "1", "-e", "crash('segv')", status=1)
        assert "the worker has ended" in refusal or "has not answered" in refusal, refusal
        crash = eventually(
            lambda: next((one for one in cloud.json("crashes", "list") if one["kind"] == "crashed"), None), 90, "the crash at ADMIN")
        shown = cloud.portcullis("crashes", "show", crash["fingerprint"])
        assert "tg.1" in shown and str(crashed) in shown and re.search(r"\bfail\b.*crashes\.c", shown), shown
        eventually(lambda: cloud.workers[1] not in (None, crashed) and cloud.serves("one"), 30, "both workers")


def test_orders_and_a_configuration_that_is_refused(tmp_path, program):
    with TgCloud(tmp_path, program) as cloud:
        eventually(lambda: cloud.serves("one"), what="the first configuration")
        before = cloud.workers
        refusal = cloud.lua("-e", "return 1", status=1)
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
        cloud.portcullis("services", "restart", "tg.1", "--workers")
        after = cloud.workers
        assert not set(after.values()) & set(before.values()) and cloud.serves("three")

        dumped = cloud.portcullis("services", "dump", "tg.1", "--worker", "1")
        crash = re.search(rf"worker 1, process {after[1]}, is dumped as crash ([0-9a-f]{{24}})", dumped)[1]
        group = eventually(
            lambda: next((one for one in cloud.json("crashes", "list") if one["lastReport"] == crash), None), 90, "the crash at ADMIN")
        # The report has what the worker was doing.
        shown = cloud.portcullis("crashes", "show", group["fingerprint"])
        assert "hung" in shown and re.search(r"\bmain\b.*main\.c", shown), shown

        assert "log from debug" in cloud.portcullis("services", "log-level", "tg.1", "debug")
        cloud.portcullis("services", "restart", "tg.1", "--workers")
        for pid in cloud.workers.values():
            with open(f"/proc/{pid}/environ") as environment:
                assert "PORTCULLIS_LOG_LEVEL=debug" in environment.read().split("\0")
