"""kill -9 of the runner and of the server, in every state: a patch is there as a whole or not at all."""

import random
import time

import pytest
from portcullis_testing.waiting import eventually

from conftest import Database
from postgres import Server
from stage import Runner, TABLE

CONCURRENT = "-- portcullis: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_i ON t (id)"


def whole(psql):
    """How many patches there are; each has its row of the history and its two rows of the table, or none of them."""
    # In one statement, since the patcher may be at work.
    rows, patches = psql(f"SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM {TABLE} WHERE is_patch)").split("|")
    assert int(rows) == 2 * int(patches), (rows, patches)
    return int(patches)


def test_killed_at_random(runner, files, database):
    runner("install")
    for number in range(1, 201):
        files.patch(number, f"INSERT INTO t VALUES ({2 * number}); INSERT INTO t VALUES ({2 * number + 1})")
    for _ in range(30):
        with runner.start("patch") as process:
            time.sleep(random.uniform(0.01, 0.4))
        whole(database.psql)
    runner("patch")
    assert whole(database.psql) == 200
    assert runner.state == "current"


def test_killed_in_a_patch(runner, files, database):
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (1); SELECT pg_advisory_xact_lock(1); INSERT INTO t VALUES (2)")
    holder = database.session("SELECT pg_advisory_lock(1)")
    with runner.start("patch", "--lock-timeout", "60") as process:
        eventually(lambda: database.server.activity(database.name, "pg_advisory_xact_lock"), 20)
        process.kill()
    # The session of the patcher that is gone still works: the next one waits for its end.
    with runner.start("patch", "--lock-timeout", "60") as process:
        holder.communicate("SELECT pg_advisory_unlock(1);\n")
        assert process.wait() == 0, process.text
    assert whole(database.psql) == 1


def test_killed_before_the_history_is_written(runner, files, database):
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (2), (3)")
    holder = database.session("BEGIN", f"LOCK TABLE {TABLE} IN SHARE MODE")
    with runner.start("patch", "--lock-timeout", "60") as process:
        eventually(lambda: database.server.activity(database.name, "INSERT INTO portcullis"), 20)
        process.kill()
    holder.communicate("ROLLBACK;\n")
    assert whole(database.psql) in (0, 1)
    runner("patch")
    assert whole(database.psql) == 1


def test_killed_in_the_installation(runner, files, database):
    (files.folder / "sql/schema.sql").write_text(
        "-- portcullis: includes 0001\nCREATE TABLE t (id int); SELECT pg_advisory_xact_lock(1); INSERT INTO t VALUES (1), (2)")
    files.patch(1, "SELECT 1")
    files.patch(2, "INSERT INTO t VALUES (3), (4)")
    holder = database.session("SELECT pg_advisory_lock(1)")
    with runner.start("install", "--lock-timeout", "60") as process:
        eventually(lambda: database.server.activity(database.name, "pg_advisory_xact_lock"), 20)
        process.kill()
    assert runner("check", status=3).splitlines()[1] == "behind"
    holder.communicate("SELECT pg_advisory_unlock(1);\n")
    runner("install")
    assert whole(database.psql) == 2


def test_killed_while_an_index_is_made(runner, files, database):
    runner("install")
    files.patch(1, CONCURRENT)
    writer = database.session("BEGIN", "INSERT INTO t VALUES (1)")
    with runner.start("patch") as process:
        eventually(lambda: database.server.activity(database.name, "CREATE INDEX"), 20)
        process.kill()
    assert database.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_i'::regclass") == "f"
    assert "begun: 0001_patch.sql; patch completes it" in runner("check", status=3)
    # Another text than the one that was begun.
    files.patch(1, CONCURRENT + " WHERE id > 0")
    assert "was begun with another text" in runner("check", status=1)
    files.patch(1, CONCURRENT)
    with runner.start("patch") as process:
        writer.communicate("COMMIT;\n")
        assert process.wait() == 0, process.text
    assert "0001_patch.sql again, which was begun: done" in process.text
    assert database.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_i'::regclass") == "t"
    assert runner.state == "current"


def test_an_index_that_cannot_be_made_leaves_nothing(runner, files, database):
    runner("install")
    files.patch(1, "CREATE TABLE u (x int); INSERT INTO u VALUES (1), (1)")
    files.patch(2, "-- portcullis: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS u_x ON u (x)")
    text = runner("patch", status=1)
    assert "0002_patch.sql:2:1: could not create unique index" in text and "Nothing of 0002_patch.sql was applied." in text
    assert database.psql("SELECT to_regclass('u_x') IS NULL") == "t"
    database.psql("DELETE FROM u")
    runner("patch")
    assert runner.state == "current"


@pytest.fixture
def mortal(tmp_path):
    """A server that may be killed."""
    server = Server(15433)
    try:
        yield server
    finally:
        server.stop()


def test_the_server_is_killed(mortal, files, tmp_path):
    database = Database(mortal)
    runner = Runner(tmp_path, database.connection(), files)
    runner("install")
    said = []
    for kill in range(6):
        # Each finds some to do, however fast the one before was.
        for number in range(200 * kill + 1, 200 * (kill + 1) + 1):
            files.patch(number, f"INSERT INTO t VALUES ({2 * number}); INSERT INTO t VALUES ({2 * number + 1})")
        with runner.start("patch") as process:
            process.wait_for("done in")
            time.sleep(random.uniform(0, 0.3))
            mortal.kill()
            # While nobody answers, it waits for the server, and so learns what became of its last COMMIT.
            mortal.start()
            process.wait()
            said.append(process.text)
        whole(database.psql)
    runner("patch")
    assert whole(database.psql) == 1_200, said
    assert all("connection was lost" in text or "answer to COMMIT was lost" in text or "done" in text for text in said)


def test_the_server_is_killed_while_an_index_is_made(mortal, files, tmp_path):
    database = Database(mortal)
    runner = Runner(tmp_path, database.connection(), files)
    runner("install")
    files.patch(1, CONCURRENT)
    writer = database.session("BEGIN", "INSERT INTO t VALUES (1)")
    with runner.start("patch") as process:
        eventually(lambda: mortal.activity(database.name, "CREATE INDEX"), 20)
        mortal.kill()
        assert process.wait() == 1 and "whether it was carried out is not known: patch again" in process.text
    writer.kill()
    mortal.start()
    assert database.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_i'::regclass") == "f"
    assert "the unfinished index public.t_i is removed" in runner.result("patch").stderr
    assert database.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_i'::regclass") == "t"
