"""Several patchers, locks of others, poolers, and answers that are lost."""

import socket
import threading

import pytest
from portcullis_testing.waiting import eventually

from postgres import pgbouncer
from stage import Runner, TABLE


def test_two_patchers_at_once(runner, files, database):
    runner("install")
    for number in range(1, 101):
        files.patch(number, f"INSERT INTO t VALUES ({number})")
    with runner.start("patch") as one, runner.start("patch") as other:
        assert (one.wait(), other.wait()) == (0, 0), one.text + other.text
    assert database.psql("SELECT count(*) FROM t") == "100"
    assert sorted(["apply" in one.text, "apply" in other.text]) == [False, True]


def test_who_patches_is_named(runner, files, database):
    runner("install")
    files.patch(1, "SELECT pg_advisory_xact_lock(1)")
    holder = database.session("SELECT pg_advisory_lock(1)")
    with runner.start("patch", "--lock-timeout", "60") as one:
        eventually(lambda: database.server.activity(database.name, "pg_advisory_xact_lock"), 20)
        text = runner("patch", "--lock-wait", "0", status=1)
        assert "another patcher is at work: portcullis-database" in text and f"pid {one.pid} as postgres from" in text
        assert runner.json("patch", "--lock-wait", "0", status=1)["error"]["code"] == "busy"
        assert runner.state == "behind"
        holder.communicate("SELECT pg_advisory_unlock(1);\n")
        assert one.wait() == 0, one.text


def test_an_index_is_made_beside_a_waiting_patcher(runner, files, database):
    """flyway #1654: whoever waits for a lock in the server has a snapshot, for which CONCURRENTLY waits in turn."""
    runner("install")
    files.patch(1, "-- portcullis: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_i ON t (id)")
    # The index waits for this transaction, while a second patcher waits for the first.
    writer = database.session("BEGIN", "INSERT INTO t VALUES (1)")
    with runner.start("patch") as one:
        eventually(lambda: database.server.activity(database.name, "CREATE INDEX"), 20)
        with runner.start("patch") as other:
            other.wait_for("waiting: another patcher is at work")
            writer.communicate("COMMIT;\n")
            assert (one.wait(30), other.wait(30)) == (0, 0), one.text + other.text
    assert database.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_i'::regclass") == "t"


def test_a_table_that_somebody_uses(runner, files, database):
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (1); ALTER TABLE t ADD x int")
    reader = database.session("BEGIN", "SELECT * FROM t")
    text = runner("patch", "--lock-timeout", "1", "--attempts", "2", status=1)
    assert "0001_patch.sql:1:27: canceling statement due to lock timeout" in text and "attempt 2 of 2 follows" in text
    assert "Nothing of 0001_patch.sql was applied." in text
    # Nobody waits behind it meanwhile for longer than the lock's timeout.
    with runner.start("patch", "--lock-timeout", "1") as process:
        process.wait_for("attempt 2 of 20")
        reader.communicate("COMMIT;\n")
        assert process.wait() == 0, process.text
    assert database.psql("SELECT count(x), count(*) FROM t") == "0|1"


def test_a_pooler_of_transactions_is_refused(server, runner, files, database, tmp_path):
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (1)")
    for port, pools in ((16432, "default_pool_size = 20"), (16433, "server_round_robin = 1\nmin_pool_size = 2"),
                        (16434, "default_pool_size = 1")):
        with pgbouncer(server, port, "transaction", pools):
            pooled = Runner(tmp_path, database.connection(port), files)
            for command in ("patch", "check"):
                assert "hands out transactions, not sessions" in pooled(command, status=1)
            assert pooled.json("patch", status=1)["error"]["code"] == "pooler"
    assert database.psql("SELECT count(*) FROM t") == "0"


def test_a_pooler_of_sessions_is_named(server, runner, files, database, tmp_path):
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (1)")
    with pgbouncer(server, 16435, "session"):
        pooled = Runner(tmp_path, database.connection(16435), files)
        assert "through a pooler that leaves each client its session" in pooled("check", status=3)
        pooled("patch")
    assert database.psql("SELECT count(*) FROM t") == "1"


class Relay:
    """Carries connections to the server, and breaks the one that sends a text off: before or after it is passed on."""

    def __init__(self, port, text, passed, done=lambda: True, refuses=False):
        self.port, self.text, self.passed, self.done, self.refuses = port, text, passed, done, refuses
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()[1]
        self.is_broken = False
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                inner, _ = self.listener.accept()
            except OSError:
                return
            if self.is_broken and self.refuses:
                inner.close()
                continue
            outer = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self.forth, args=(inner, outer), daemon=True).start()
            threading.Thread(target=self.back, args=(inner, outer), daemon=True).start()

    def forth(self, inner, outer):
        try:
            while data := inner.recv(65536):
                if self.text in data and not self.is_broken:
                    self.is_broken = True
                    # No answer comes through any more.
                    inner.shutdown(socket.SHUT_WR)
                    if self.passed:
                        outer.sendall(data)
                        eventually(self.done, 20, pause=0.02)
                    # A thread waits in recv, so that closing alone would end nothing.
                    outer.shutdown(socket.SHUT_RDWR)
                    return
                outer.sendall(data)
            outer.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def back(self, inner, outer):
        try:
            while data := outer.recv(65536):
                inner.sendall(data)
            inner.close()
        except OSError:
            pass


@pytest.mark.parametrize("passed", [True, False])
def test_a_commit_whose_answer_is_lost(runner, files, database, tmp_path, passed):
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (1)")
    files.patch(2, "INSERT INTO t VALUES (2)")
    relay = Relay(database.server.port, b"COMMIT", passed, lambda: database.psql("SELECT count(*) FROM t") == "1")
    through = Runner(tmp_path, database.connection(relay.address), files)
    done = through.result("patch")
    assert "the answer to COMMIT was lost" in done.stderr
    if passed:
        # The history has it, so the rest follows.
        assert done.returncode == 0, done.stderr
        assert database.psql("SELECT count(*) FROM t") == "2"
    else:
        assert done.returncode == 1 and "nothing of it was applied: patch again" in done.stderr
        assert database.psql("SELECT count(*) FROM t") == "0"
        runner("patch")
    assert database.psql(f"SELECT count(*) FROM {TABLE} WHERE is_patch") == "2"


def test_a_connection_that_is_lost_in_a_patch(runner, files, database, tmp_path):
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (1); SELECT 'here'")
    relay = Relay(database.server.port, b"'here'", False)
    through = Runner(tmp_path, database.connection(relay.address), files)
    assert "the connection was lost, and nothing of it was applied" in through("patch", status=1)
    assert database.psql("SELECT count(*) FROM t") == "0"
    runner("patch")


def test_the_session_with_the_lock_is_ended(runner, files, database):
    runner("install")
    files.patch(1, "SELECT pg_advisory_xact_lock(1)")
    files.patch(2, "INSERT INTO t VALUES (1)")
    holder = database.session("SELECT pg_advisory_lock(1)")
    with runner.start("patch", "--lock-timeout", "60") as process:
        eventually(lambda: database.server.activity(database.name, "pg_advisory_xact_lock"), 20)
        database.psql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1886351988 "
                      "AND objid = 1 AND granted")
        holder.communicate("SELECT pg_advisory_unlock(1);\n")
        assert process.wait() == 1
        assert "the session with the lock was ended meanwhile" in process.text
    assert database.psql("SELECT count(*) FROM t") == "0"
    runner("patch")


def test_a_signal_ends_what_runs(runner, files, database):
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (1); SELECT pg_sleep(600)")
    with runner.start("patch") as process:
        eventually(lambda: database.server.activity(database.name, "pg_sleep"), 20)
        assert process.stop() == 1
        assert "0001_patch.sql: ended by a signal; nothing of it was applied" in process.text
    assert database.server.activity(database.name, "pg_sleep") == 0
    assert database.psql("SELECT count(*) FROM t") == "0"
