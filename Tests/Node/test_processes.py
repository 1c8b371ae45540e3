"""Programs that end at once, do not end, or fork away; readiness; logs; jobs."""

import os
import pathlib
import shutil
import tempfile
import time

import pytest

from portcullis_testing.namespaces import free_port
from portcullis_testing.processes import lives
from portcullis_testing.waiting import eventually
from stage import Stage


def test_a_program_that_ends_at_once_is_started_again_ever_later(stage):
    version = stage.version("1.0.0", '#!/bin/sh\necho start >> "$PORTCULLIS_DIRECTORY/starts"\nexit 7\n',
                            run={"ready": {"after": 1}})
    stage.admin.assign("pgw.1", version)
    stage.start()
    problem = stage.told("pgw.1", "status 7", "it was started again 2 times")
    assert stage.admin.of("pgw.1")["state"] == "failing" and "it ended by itself with status 7" in problem
    eventually(lambda: stage.admin.of("pgw.1")["restarts"] >= 2)
    # A new agent does not begin anew.
    count = len(stage.starts("pgw.1"))
    stage.restart()
    time.sleep(1)
    assert len(stage.starts("pgw.1")) <= count + 1
    # Another version does not wait.
    good = stage.version("2.0.0")
    stage.admin.assign("pgw.1", good)
    assert stage.settled("pgw.1", version=good, timeout=5)["restarts"] == 0


def test_since_when_a_service_runs_outlives_the_node(stage):
    stage.admin.assign("pgw.1", stage.version("1.0.0"))
    stage.start()
    since = stage.settled("pgw.1")["since"]
    eventually(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) > since, what="another second")
    stage.admin.report = None
    stage.restart()
    eventually(lambda: stage.admin.report, what="the next agent's report")
    assert stage.settled("pgw.1")["since"] == since


def test_a_program_that_ignores_its_stop_signal_is_killed_with_all_it_has_started(stage):
    version = stage.version("1.0.0", """\
        #!/bin/bash
        trap '' TERM
        (trap '' TERM; exec sleep 999) &
        echo $! > "$PORTCULLIS_DIRECTORY/child"
        while :; do sleep 1; done
        """, run={"stop-timeout": 1})
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    child = int(eventually(lambda: (stage.root / "pgw.1" / "child").exists()
                           and (stage.root / "pgw.1" / "child").read_text()))
    pid = stage.pid("pgw.1")
    stage.admin.assign("pgw.1", version, desired="stopped")
    stage.settled("pgw.1", state="stopped", timeout=15)
    assert not lives(pid) and not lives(child)
    # The program was killed, and its master has ended by itself.
    assert stage.state("pgw.1")["ended"][:2] == ["exited", "0"]


def test_a_program_that_forks_away_is_told_by_name_and_leaves_nothing(stage):
    version = stage.version("1.0.0", """\
        #!/bin/bash
        (setsid sleep 999 & echo $! > "$PORTCULLIS_DIRECTORY/child")
        exit 0
        """, run={"ready": {"after": 1}})
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.told("pgw.1", "left a process behind, which was ended", "foreground")
    child = int((stage.root / "pgw.1" / "child").read_text())
    eventually(lambda: not lives(child))


def test_a_program_that_cannot_be_executed_is_told_by_name(stage):
    version = stage.version("1.0.0", "#!/no/such/interpreter\n")
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.told("pgw.1", "bin/run: No such file or directory")


def test_a_program_that_is_never_ready_is_stopped_and_started_again(stage):
    version = stage.version("1.0.0", "#!/bin/sh\nexec sleep 999\n",
                            run={"ready": {"port": free_port()}, "start-timeout": 2})
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1", state="starting")
    stage.told("pgw.1", "not ready")
    eventually(lambda: stage.admin.of("pgw.1")["restarts"] >= 1)


def test_a_program_says_that_it_is_ready(stage):
    version = stage.version("1.0.0", """\
        #!/usr/bin/python3
        import os, socket, time
        time.sleep(1)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.sendto(b"STATUS=soon", os.environ["NOTIFY_SOCKET"])
        notify.sendto(b"READY=1\\nSTATUS=here", os.environ["NOTIFY_SOCKET"])
        time.sleep(999)
        """, run={"ready": "notify"})
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1", state="starting")
    stage.settled("pgw.1")


def test_a_service_whose_keeper_was_killed_runs_on_and_is_stopped_all_the_same(stage):
    version = stage.version("1.0.0", """\
        #!/bin/bash
        sleep 999 &
        echo $! > "$PORTCULLIS_DIRECTORY/child"
        wait
        """)
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    pid, witness = stage.pid("pgw.1"), stage.witness("pgw.1")
    child = int(eventually(lambda: (stage.root / "pgw.1" / "child").read_text()))
    os.kill(int(stage.state("pgw.1")["keeper-process"][0]), 9)
    time.sleep(1)
    stage.restart()
    stage.settled("pgw.1")
    assert stage.witness("pgw.1") == witness and lives(pid)
    second = stage.version("2.0.0")
    stage.admin.assign("pgw.1", second)
    stage.settled("pgw.1", version=second)
    assert not lives(pid) and not lives(child)


def test_a_restart_ends_a_service_whose_keeper_was_killed(stage):
    version = stage.version("1.0.0", """\
        #!/bin/bash
        trap 'echo ended; exit 0' TERM
        sleep 999 &
        echo $! > "$PORTCULLIS_DIRECTORY/child"
        while :; do wait; done
        """)
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    pid = stage.pid("pgw.1")
    child = int(eventually(lambda: (stage.root / "pgw.1" / "child").read_text()))
    os.kill(int(stage.state("pgw.1")["keeper-process"][0]), 9)
    stage.told("pgw.1", "runs without its keeper")
    check = stage.command("check")
    assert check.returncode == 5 and "pgw.1: it runs without its keeper" in check.stdout
    # It is as assigned all the same.
    eventually(lambda: stage.admin.report.get("applied") == stage.admin.tag)
    stage.admin.order("again", service="pgw.1", kind="restart")
    eventually(lambda: stage.admin.job("again").get("state") == "succeeded", 30)
    told = stage.settled("pgw.1")
    assert not lives(pid) and not lives(child) and lives(stage.pid("pgw.1"))
    assert "ended" in stage.log("pgw.1") and told["restarts"] == 0
    eventually(lambda: "problem" not in stage.admin.of("pgw.1"))
    assert stage.command("check").returncode == 0


def test_deadlines_are_those_of_the_clock_of_admin(stage):
    version = stage.version("1.0.0")
    # This server's clock is two hours ahead.
    stage.admin.clock = -7200
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    stage.admin.order("again", service="pgw.1", kind="restart")
    eventually(lambda: stage.admin.job("again").get("state") == "succeeded", 30)
    assert any("clock is more than a minute ahead of ADMIN's" in text for text in stage.admin.report["problems"])
    stage.admin.order("late", service="pgw.1", kind="restart", seconds=-10)
    problem = eventually(lambda: stage.admin.job("late").get("problem"))
    assert "had passed before it was begun: ADMIN's clock says" in problem and "and this server's" in problem


def test_the_log_is_kept_below_its_size(stage):
    version = stage.version("1.0.0", """\
        #!/bin/bash
        line=$(printf 'x%.0s' {1..1000})
        for ((i = 0; i < 3000; i++)); do echo "$i $line"; done
        sleep 999
        """)
    stage.admin.assign("pgw.1", version)
    stage.start(**{"log-size": 1, "log-files": 2})
    stage.settled("pgw.1")
    log = pathlib.Path(stage.root / "node" / "log" / "pgw.1" / "log")
    eventually(lambda: pathlib.Path(f"{log}.1").exists() and log.stat().st_size < 1 << 20, 30)


def test_environment_and_limits(stage):
    version = stage.version("1.0.0", '#!/bin/sh\n(env; ulimit -n) > "$PORTCULLIS_DIRECTORY/seen.new"\n'
                            'mv "$PORTCULLIS_DIRECTORY/seen.new" "$PORTCULLIS_DIRECTORY/seen"\nexec sleep 999\n',
                            run={"environment": {"COLOR": "blue"}}, limits={"open-files": 100})
    master = stage.root / "node" / "run" / "pgw.1" / "master"
    master.mkdir(parents=True)
    (master / "config.yaml").write_text("a: b\n")
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    seen = eventually(lambda: (stage.root / "pgw.1" / "seen").exists() and (stage.root / "pgw.1" / "seen").read_text())
    for line in ("COLOR=blue", "PORTCULLIS_SERVICE=pgw.1", f"PORTCULLIS_DIRECTORY={stage.root}/pgw.1",
                 f"PORTCULLIS_CONFIG={master}/config.yaml", "100"):
        assert line in seen.splitlines()
    assert "PORTCULLIS_ADMIN_URL" not in seen


def test_restart_tests_and_actions_happen_once(stage):
    port = free_port()
    version = stage.server_version(
        "1.0.0", port,
        files={"bin/promote": b'#!/bin/sh\necho "$1" >> "$PORTCULLIS_DIRECTORY/acts"\necho did "$1"\n',
               "bin/slow": b'#!/bin/sh\necho slow >> "$PORTCULLIS_DIRECTORY/acts"\nsleep 3\necho end\n',
               "bin/endless": b"#!/bin/sh\nexec sleep 999\n", "bin/probe": b"#!/bin/sh\nexit 0\n"},
        actions=[{"name": "promote", "command": ["bin/promote"],
                  "arguments": [{"name": "role", "words": ["primary", "replica"]}]},
                 {"name": "slow", "command": ["bin/slow"]},
                 {"name": "endless", "command": ["bin/endless"], "timeout": "1s"}],
        tests=[{"name": "answers", "http": {"port": port, "path": "/", "status": 200}},
               {"name": "program", "command": ["bin/probe"]},
               {"name": "wrong", "http": {"port": port, "path": "/missing", "status": 200}}])
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")

    def ended(identifier):
        return eventually(lambda: stage.admin.job(identifier).get("endedAt") and stage.admin.job(identifier), 30, identifier)

    witness = stage.witness("pgw.1")
    stage.admin.order("restart1", service="pgw.1", kind="restart", version=version)
    assert ended("restart1")["state"] == "succeeded"
    assert stage.witness("pgw.1") != witness and stage.admin.of("pgw.1")["restarts"] == 0
    witness = stage.witness("pgw.1")
    stage.admin.order("act1", service="pgw.1", kind="action", name="promote", arguments=["primary"])
    done = ended("act1")
    assert done["state"] == "succeeded" and done["output"] == "did primary\n"
    stage.admin.order("act2", service="pgw.1", kind="action", name="promote", arguments=["king"])
    assert "king" in ended("act2")["problem"]
    stage.admin.order("act3", service="pgw.1", kind="action", name="endless")
    assert ended("act3")["problem"] == "it took too long, and was ended"
    stage.admin.order("act4", service="pgw.1", kind="action", name="promote", arguments=["primary"], seconds=-5)
    assert "deadline" in ended("act4")["problem"]
    stage.admin.order("act5", service="pgw.1", kind="action", name="promote", arguments=["primary"], version="0" * 64)
    assert "the job is for the version 000000000000" in ended("act5")["problem"]
    stage.admin.order("tests1", service="pgw.1", kind="tests")
    done = ended("tests1")
    assert done["state"] == "failed" and "wrong: GET /missing: the answer has status 404" in done["problem"]
    assert "answers: passed" in done["output"] and "program: passed" in done["output"]
    stage.admin.order("tests2", service="pgw.1", kind="tests", name="answers")
    assert ended("tests2")["state"] == "succeeded"
    # Killed in an action, the next agent waits for its end.
    stage.admin.order("act6", service="pgw.1", kind="action", name="slow")
    eventually(lambda: "slow" in (stage.root / "pgw.1" / "acts").read_text())
    stage.restart()
    assert ended("act6")["state"] == "succeeded" and ended("act6")["output"].endswith("end\n")
    stage.restart()
    ended("act1")
    assert (stage.root / "pgw.1" / "acts").read_text().split() == ["primary", "slow"]
    assert stage.witness("pgw.1") == witness
    # What ADMIN names no more is forgotten.
    stage.admin.jobs.clear()
    stage.admin.withdraw("none")
    eventually(lambda: not list((stage.root / "node" / "jobs").iterdir()))


def test_the_signal_of_the_manifest_stops_a_program(stage):
    version = stage.version("1.0.0", """\
        #!/bin/bash
        trap 'echo interrupted; exit 3' INT
        while :; do sleep 0.1; done
        """, run={"stop-signal": "INT"})
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    stage.admin.assign("pgw.1", version, desired="stopped")
    stage.settled("pgw.1", state="stopped")
    assert stage.state("pgw.1")["ended"][:2] == ["exited", "0"] and "interrupted" in stage.log("pgw.1")
    stage.admin.assign("pgw.1", desired="absent")
    stage.settled("pgw.1", state="absent")
    # When it comes back, that is no second attempt.
    eventually(lambda: not stage.state("pgw.1"), what="the last start being forgotten")
    assert (stage.root / "pgw.1").is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="giving services users of their own needs root")
def test_each_service_has_a_user_of_its_own():
    # Other users must reach the folder.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-node-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with Stage(folder) as stage:
            program = ('#!/bin/sh\ncd "$PORTCULLIS_DIRECTORY"\nid -u > data/seen\n'
                       'touch outside 2> /dev/null && echo wrote >> data/seen\nexec sleep 999\n')
            version = stage.version("1.0.0", program, install={"mkdir": ["data"]})
            foreign = stage.version("1.0.0", type="mdb", user="nobody")
            stage.lists = stage.key + "\nallow-users: [games]\n"
            for service in ("pgw.1", "pgw.2"):
                stage.admin.assign(service, version)
            stage.admin.assign("mdb.1", foreign)
            stage.start(users="700100-700200")
            seen = []
            for service in ("pgw.1", "pgw.2"):
                stage.settled(service)
                place = stage.root / service / "data" / "seen"
                seen.append(eventually(lambda: place.exists() and place.read_text()))
                status = pathlib.Path(f"/proc/{stage.pid(service)}/status").read_text()
                assert "NoNewPrivs:\t1" in status and "CapEff:\t0000000000000000" in status
            assert sorted(seen) == ["700100\n", "700101\n"]
            # The master writes its log, and renames it, as that user.
            logs = stage.root / "node" / "log"
            for path in (logs / "pgw.1", logs / "pgw.1" / "log"):
                assert path.stat().st_uid == int(seen[0]) and path.stat().st_mode & 0o007 == 0
            stage.told("mdb.1", "nobody", "allow-users")
            # A service keeps its user.
            stage.admin.order("again", service="pgw.2", kind="restart")
            eventually(lambda: stage.admin.job("again").get("state") == "succeeded")
            stage.settled("pgw.2")
            assert (stage.root / "pgw.2" / "data" / "seen").read_text() == seen[1]
            # Without the list nobody knows whose data is whose: what needs a user is not started.
            users = stage.root / "node" / "users"
            whole = users.read_text()
            assert whole == f"users 1\npgw.1 {seen[0]}pgw.2 {seen[1]}end\n"
            users.write_text("")
            stage.admin.assign("pgw.3", version)
            stage.told("pgw.3", f"read {users}: it is empty, or cut off")
            users.write_text(whole[:-4])
            stage.told("pgw.3", "cut off: its last line")
            users.unlink()
            stage.told("pgw.3", "is not there, although services have directories")
            stage.restart()
            stage.told("pgw.3", "is not there, although services have directories")
            assert not users.exists() and not stage.state("pgw.3")
            users.write_text(whole)
            stage.settled("pgw.3", timeout=90)
            assert (stage.root / "pgw.3" / "data" / "seen").read_text() == "700102\n"
    finally:
        shutil.rmtree(folder)
