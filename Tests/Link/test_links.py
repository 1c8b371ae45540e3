"""The link of a master to ADMIN: configurations, jobs, and what becomes of it when either end is gone."""

import json
import os
import pathlib
import re
import signal
import time

from cloud import Cloud
from portcullis_testing import processes
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually


def wakes(pid):
    """How often the threads of a process have woken up."""
    found = re.findall(r"(?m)^voluntary_ctxt_switches:\s*(\d+)", "".join(
        path.read_text() for path in pathlib.Path(f"/proc/{pid}/task").glob("*/status")))
    return sum(int(number) for number in found)


def test_a_changed_configuration_reaches_the_workers(cloud):
    eventually(lambda: cloud.serves("one"), what="the first configuration")
    before, tag = cloud.workers, cloud.configuration["tag"]
    cloud.configure("two")
    eventually(lambda: cloud.serves("two"), 20, "the changed configuration")
    told = eventually(lambda: cloud.configuration.get("tag") != tag and cloud.configuration, what="the report of it")
    assert "problem" not in told and cloud.workers == before
    file = cloud.master_directory / "config.yaml"
    assert file.stat().st_mode & 0o777 == 0o640 and "two" in file.read_text()
    assert (cloud.root / "tg.1" / "token").stat().st_mode & 0o777 == 0o400


def test_orders_of_the_operator(cloud):
    eventually(lambda: cloud.serves("one"), what="the first configuration")
    before = cloud.workers
    cloud.portcullis("services", "reload", "tg.1")
    assert cloud.workers == before and cloud.state["reload"]["problem"] is None

    cloud.portcullis("services", "restart", "tg.1", "--worker", "2")
    after = cloud.workers
    assert after[1] == before[1] and after[2] != before[2]
    assert "tg.1 has no worker 7; it has 1 to 2" in cloud.portcullis("services", "restart", "tg.1", "--worker", "7", status=1)

    cloud.portcullis("services", "restart", "tg.1", "--workers")
    assert not set(cloud.workers.values()) & set(after.values())

    text = cloud.portcullis("services", "dump", "tg.1", "--worker", "1")
    crash = re.search(r"worker 1, process \d+, is dumped as crash ([0-9a-f]{24})", text)[1]
    assert cloud.state["workers"][0]["restarts"] == 0
    eventually(lambda: any(one["lastReport"] == crash for one in cloud.json("crashes", "list")), what="the crash at ADMIN")
    eventually(lambda: cloud.serves("one"), what="both workers")

    assert "PORTCULLIS_LOG_LEVEL" in cloud.portcullis("services", "log-level", "tg.1", "debug")
    cloud.portcullis("services", "restart", "tg.1", "--workers")
    assert "PORTCULLIS_LOG_LEVEL=debug\n" in cloud.ask("environment")

    refusal = cloud.portcullis("services", "lua", "tg.1", "--reason", "a test", "-e", "return 1", status=1)
    assert "the server's node.yaml does not allow it (allow-lua)" in refusal
    eventually(lambda: all((worker["state"], worker.get("status")) == ("ready", "serving") for worker in cloud.link["workers"]),
               what="the report of the workers")
    assert "serving" in cloud.portcullis("services", "workers", "tg.1")


def test_lua(tmp_path):
    with Cloud(tmp_path, allows_lua="true", WORKER_HELLO="HELLO 1 0.1.0 lua") as cloud:
        eventually(lambda: cloud.serves("one"), what="the first configuration")

        def lua(*words, status=0):
            return cloud.portcullis("services", "lua", "tg.1", "--reason", "a test", *words, status=status)

        before = cloud.workers
        assert re.fullmatch(rf"return 1 in m\d+-\d+ of {before[1]}\n", lua("-e", "return 1"))
        assert f" of {before[2]}\n" in lua("--worker", "2", "-e", "return 1")
        assert lua("-e", "print some text") == "some text\n"
        assert "has failed: line 1: no" in lua("-e", "fail line 1: no", status=1)
        assert "tg.1 has no worker 5; it has 1 to 2" in lua("--worker", "5", "-e", "return 1", status=1)
        # Lines of one session share a state.
        done = processes.result(
            binary("portcullis"), "services", "lua", "tg.1", "--reason", "a test", input="a\nb\n",
            env={"PATH": os.environ["PATH"], "PORTCULLIS_ADMIN_URL": cloud.admin.url, "PORTCULLIS_TOKEN": cloud.token})
        first, second = [line.split()[2] for line in done.stdout.splitlines()]
        assert first == second, done
        # One that does not end is replaced.
        assert "the worker is replaced" in lua("--worker", "2", "-e", "loop", status=1)
        eventually(lambda: cloud.workers[2] not in (None, before[2]), 20, "another worker 2")
        assert cloud.workers[1] == before[1] and cloud.link["allowsLua"]


def test_admin_is_away(cloud):
    eventually(lambda: cloud.serves("one"), what="the first configuration")
    before = cloud.workers
    cloud.admin.kill()
    assert cloud.serves("one") and cloud.workers == before
    cloud.admin.start()
    eventually(lambda: cloud.link.get("state") == "connected", 30, "the link after ADMIN's restart")
    cloud.configure("two")
    eventually(lambda: cloud.serves("two"), 20, "the changed configuration")
    assert cloud.workers == before
    assert "no link to ADMIN: " in cloud.log and "ADMIN answers again" in cloud.log


def test_the_first_workers_have_the_configuration(cloud):
    """Nothing is reloaded after the start, neither the first nor another."""
    assert "one" in cloud.ask() and cloud.state["reload"] is None
    before, master = cloud.workers, cloud.state["pid"]
    cloud.portcullis("services", "stop", "tg.1")
    eventually(lambda: not os.path.exists(f"/proc/{master}"), 30, "the end of the service")
    cloud.configure("two")
    cloud.portcullis("services", "start", "tg.1", "--wait")
    eventually(lambda: cloud.serves("two"), 30, "the configuration of meanwhile")
    assert cloud.state["reload"] is None and not set(cloud.workers.values()) & set(before.values())
    shown = cloud.json("services", "show", "tg.1")
    assert shown["link"]["version"] == shown["service"]["digest"]
    # The keeper starts the master again, which takes over what there is.
    before, master = cloud.workers, cloud.state["pid"]
    os.kill(master, signal.SIGKILL)
    eventually(lambda: cloud.link.get("pid") not in (None, master), 30, "the next master's report")
    assert cloud.workers == before and cloud.state["reload"] is None


def test_workers_start_without_admin(cloud):
    """A master that has a token waits for ADMIN, and not for ever."""
    eventually(lambda: cloud.serves("one"), what="the first configuration")
    master, workers = cloud.state["pid"], cloud.workers
    cloud.admin.kill()
    os.kill(master, signal.SIGTERM)
    eventually(lambda: cloud.serves("one"), 60, "the configuration of before")
    assert "ADMIN has not answered in time" in cloud.log and not set(cloud.workers.values()) & set(workers.values())
    cloud.admin.start()
    eventually(lambda: cloud.link.get("state") == "connected", 30, "the link")
    assert cloud.state["reload"] is None


def test_a_link_that_is_cut_silently(cloud):
    eventually(lambda: cloud.serves("one"), what="the first configuration")
    port = cloud.admin.url.rpartition(":")[2]
    for number, packets in enumerate([f"ip saddr 127.0.0.1 tcp dport {port}", f"ip daddr 127.0.0.1 tcp sport {port}"]):
        seen = len(cloud.log)
        processes.run("nft", "-f", "-", input=(
            f"table inet cut {{\n chain out {{\n type filter hook output priority 0\n {packets} drop\n }}\n }}\n"))
        try:
            eventually(lambda: cloud.link["state"] in ("suspect", "lost"), 30, "what ADMIN says")
            eventually(lambda: "no link to ADMIN: " in cloud.log[seen:], 30, "what the master says")
        finally:
            processes.run("nft", "delete", "table", "inet", "cut")
        eventually(lambda: cloud.link["state"] == "connected", 15, "the link")
        text = f"after {number}"
        cloud.configure(text)
        eventually(lambda: cloud.serves(text), 20, "the changed configuration")


def test_a_token_that_is_removed(cloud):
    eventually(lambda: cloud.serves("one"), what="the first configuration")
    before, secret = cloud.workers, (cloud.root / "tg.1" / "token").read_text()
    name = next(token["name"] for token in cloud.json("tokens", "list") if token.get("service") == "tg.1")
    cloud.portcullis("tokens", "remove", name)
    eventually(lambda: "answered 401" in cloud.log, 10, "the end of the link")
    # The node gets another, and the link begins again.
    eventually(lambda: (cloud.root / "tg.1" / "token").read_text() != secret, 90, "another token")
    eventually(lambda: not (cloud.master_directory / "token-refused").exists(), what="the end of the master's note")
    eventually(lambda: "ADMIN answers again" in cloud.log, 30, "the link with the other token")
    assert cloud.workers == before and cloud.serves("one")


def test_a_master_that_is_killed_goes_on_where_it_was(cloud):
    eventually(lambda: cloud.serves("one"), what="the first configuration")
    cloud.portcullis("services", "restart", "tg.1", "--worker", "2")
    before, master = cloud.workers, cloud.state["pid"]
    os.kill(master, signal.SIGKILL)
    eventually(lambda: cloud.link.get("pid") not in (None, master), 30, "the next master's report")
    assert cloud.workers == before, "the job is done once"
    cloud.configure("two")
    eventually(lambda: cloud.serves("two"), 20, "the changed configuration")
    assert cloud.workers == before

    # A job that is under way when the master is killed is not begun again.
    done = cloud.command("services", "restart", "tg.1", "--workers", "--no-wait", "-o", "json")
    assert done.returncode == 0, done.stderr
    eventually(lambda: '"running"' in (cloud.master_directory / "link").read_text()
               or '"succeeded"' in (cloud.master_directory / "link").read_text(), 10, "the job's begin", pause=0.005)
    os.kill(cloud.state["pid"], signal.SIGKILL)
    eventually(lambda: all(job["state"] in ("succeeded", "unknown") for job in cloud.json("jobs", "list", "--service", "tg.1")), 30,
               "the end of all jobs")
    assert json.loads((cloud.master_directory / "state").read_text())["workers"]


def test_a_master_is_small_and_rests(cloud):
    eventually(lambda: cloud.serves("one"), what="the first configuration")
    pid = cloud.state["pid"]
    with open(f"/proc/{pid}/smaps_rollup") as file:
        lines = {line.split(":")[0]: int(line.split()[1]) for line in file if line.endswith("kB\n")}
    # The program itself is in memory once, however many masters run.
    assert lines["Private_Dirty"] < 12 << 10, lines
    began, before = time.monotonic(), wakes(pid)
    eventually(lambda: time.monotonic() > began + 20, 30, pause=1)
    # Dispatch alone has one a second, once it is used.
    assert wakes(pid) - before <= 10, "wake-ups in 20 seconds"


def test_admin_is_stopped_for_a_while(cloud):
    eventually(lambda: cloud.serves("one"), what="the first configuration")
    before, state = cloud.workers, cloud.state
    cloud.admin.stop()
    began = time.monotonic()
    # Longer than any pause between two attempts.
    eventually(lambda: time.monotonic() > began + 20, 30, pause=1)
    assert cloud.serves("one")
    cloud.admin.start()
    began = time.monotonic()
    # A new ADMIN knows nothing of a master that has not reported.
    link = eventually(lambda: cloud.link.get("state") == "connected" and cloud.link, 15, "the master's report", pause=0.2)
    print(f"reported after {time.monotonic() - began:.1f} s")
    assert {worker["worker"]: worker["pid"] for worker in link["workers"]} == before
    assert (link["pid"], link["startedAt"]) == (state["pid"], state["startedAt"]) and "problem" not in link["configuration"]
    assert cloud.serves("one") and cloud.workers == before and cloud.state["reload"] == state["reload"]
    assert [worker["restarts"] for worker in cloud.state["workers"]] == [0, 0]
    cloud.configure("two")
    eventually(lambda: cloud.serves("two"), 20, "the changed configuration")
    assert cloud.workers == before


def test_a_node_without_admin_url_does_not_start_and_what_runs_goes_on(cloud):
    eventually(lambda: cloud.serves("one"), what="the first configuration")
    before, master = cloud.workers, cloud.state["pid"]
    cloud.node.kill()
    configuration = cloud.folder / "node.yaml"
    lines = configuration.read_text().splitlines(keepends=True)
    configuration.write_text("".join(line for line in lines if not line.startswith("admin-url:")))
    done = processes.result(binary("portcullis-node"), "run", "--config", configuration)
    assert done.returncode == 1 and "admin-url is not set: where is ADMIN?" in done.stderr, done
    assert cloud.serves("one") and cloud.workers == before and cloud.state["pid"] == master
    # The link is the master's own.
    cloud.configure("two")
    eventually(lambda: cloud.serves("two"), 20, "the changed configuration")
    assert cloud.workers == before


def test_a_reload_that_the_type_has_not_says_so(tmp_path):
    with Cloud(tmp_path, reload="none") as cloud:
        eventually(lambda: cloud.serves("one"), what="the first configuration")
        before = cloud.workers
        refusal = cloud.portcullis("services", "reload", "tg.1", status=1)
        assert 'not reloaded: the type\'s reload is none; "portcullis services restart tg.1 --workers"' in refusal
        assert cloud.workers == before
        cloud.portcullis("services", "restart", "tg.1", "--workers")
        assert not set(cloud.workers.values()) & set(before.values()) and cloud.serves("one")
