"""The same with SQLite."""

import random
import sqlite3
import threading
import time

import pytest
from portcullis_testing.repository import FIXTURES

from stage import Runner, SQLite, copied, digest


@pytest.fixture
def sqlite(tmp_path):
    return SQLite(tmp_path)


@pytest.fixture
def local(tmp_path, sqlite, files):
    return Runner(tmp_path, f"sqlite:{sqlite.path}", files)


def test_the_fixture_of_mdbctl(tmp_path, sqlite):
    runner = Runner(tmp_path, f"sqlite:{sqlite.path}", copied(FIXTURES / "databases/mdbctl", tmp_path / "mdbctl"))
    assert "portcullis-database install" in runner("check", status=3) and not sqlite.path.exists()
    assert "there is no such file" in runner.result("patch").stderr and not sqlite.path.exists()
    assert "apply 0002_containers_account.sql" in runner("install", "--plan") and not sqlite.path.exists()
    runner("install", "--who", "ops")
    assert runner.state == "current"
    assert "the structure is that of the files" in runner("check", "--deep")
    connection = sqlite3.connect(sqlite.path)
    connection.executescript("ALTER TABLE nodes ADD COLUMN by_hand TEXT; DROP INDEX containers_node_id; DROP TRIGGER moves_done")
    connection.close()
    names = {(part["kind"], part["name"]) for part in runner.json("check", "--deep", status=1)["differences"]}
    assert names == {("column", "nodes.by_hand"), ("index", "containers.containers_node_id"), ("trigger", "moves.moves_done")}


def test_a_thousand_patches(local, files, sqlite):
    for number in range(1, 1001):
        files.patch(number, f"INSERT INTO t VALUES ({number});")
    local("install")
    assert sqlite.rows("SELECT count(*) FROM t") == [(1000,)]
    assert sqlite.rows("SELECT count(*) FROM portcullis_patches WHERE state = 'applied' AND duration_ms >= 0") == [(1000,)]


def test_refusals(local, files, sqlite):
    files.patch(2, "INSERT INTO t VALUES (2)")
    local("install")
    files.patch(2, "INSERT INTO t VALUES (3)")
    assert "has changed since" in local("patch", status=1)
    files.patch(2, "INSERT INTO t VALUES (2)")
    late = files.patch(1, "INSERT INTO t VALUES (1)")
    assert "has a lower number" in local("patch", status=1)
    late.unlink()
    files.patch(3, "INSERT INTO t VALUES (3);\nINSERT INTO t\n  VALUES (idd);")
    text = local("patch", status=1)
    assert "0003_patch.sql:3:11: no such column: idd" in text and "Nothing of" in text
    files.patch(3, "INSERT INTO t VALUES (3);\n\n -- x\n INSERT INTO t VALUES (2);")
    assert "0003_patch.sql:4:2: UNIQUE constraint failed" in local("patch", status=1)
    files.patch(3, "INSERT INTO t VALUES (3);\nCOMMIT;")
    assert "0003_patch.sql:2:1: COMMIT" in local("patch", status=1)
    files.patch(3, ".read other.sql")
    assert "command of the sqlite3 shell" in local("patch", status=1)
    files.patch(3, "CREATE TABLE u (id REFERENCES t); INSERT INTO u VALUES (77)")
    assert "foreign_key_check" in local("patch", status=1)
    assert sqlite.rows("SELECT id FROM t") == [(2,)] and sqlite.rows("SELECT count(*) FROM sqlite_schema WHERE name = 'u'") == [(0,)]
    (files.patches / "0003_patch.sql").unlink()
    (files.patches / "0002_patch.sql").unlink()
    assert local.state == "ahead"


def test_the_changed_text_of_an_applied_patch_is_accepted(local, files, sqlite):
    before = files.patch(1, "INSERT INTO t VALUES (1)").read_bytes()
    local("install")
    after = files.patch(1, "INSERT INTO t VALUES (1) -- a row").read_bytes()
    assert digest(before) in local("accept", "1") and sqlite.rows("SELECT id FROM t") == [(1,)]
    assert local.state == "current" and "the structure is that of the files" in local("check", "--deep")
    accepted, = local.json("history")["accepted"]
    assert (accepted["before"], accepted["accepted"], accepted["name"]) == (digest(before), digest(after), "0001_patch.sql")
    assert "text accepted at" in local("history")


def test_a_patch_without_a_statement(local, files, sqlite):
    local("install")
    for text in ("", "\n", "-- a comment\n"):
        files.patch(1, text)
        assert "0001_patch.sql:1:1: the file has no statement" in local("patch", status=1)
    assert sqlite.rows("SELECT count(*) FROM portcullis_patches WHERE is_patch") == [(0,)]


def test_a_table_that_is_missing_is_shown_with_its_columns(local, sqlite):
    local("install")
    connection = sqlite3.connect(sqlite.path)
    connection.execute("DROP TABLE t")
    connection.close()
    assert "  table t is missing\n    files:    (id int primary key 1)\n" in local("check", "--deep", status=1).lower()


def test_outside_a_transaction(local, files, sqlite):
    files.patch(1, "-- portcullis: no-transaction\nVACUUM")
    files.patch(2, "-- portcullis: no-transaction\nPRAGMA journal_mode = WAL")
    local("install")
    assert sqlite.rows("PRAGMA journal_mode") == [("wal",)]
    files.patch(3, "INSERT INTO t VALUES (3)")
    local("patch")
    assert sqlite.rows("PRAGMA journal_mode") == [("wal",)]
    connection = sqlite3.connect(sqlite.path)
    connection.execute("UPDATE portcullis_patches SET state = 'begun' WHERE number = 1 AND is_patch")
    connection.commit()
    connection.close()
    assert "0001_patch.sql again" in local("patch")


def test_two_patchers_and_a_writer(local, files, sqlite):
    local("install")
    for number in range(1, 41):
        files.patch(number, f"INSERT INTO t VALUES ({number});")
    ended = threading.Event()

    def write():
        connection = sqlite3.connect(sqlite.path, timeout=30)
        connection.execute("CREATE TABLE w (x)")
        while not ended.is_set():
            connection.execute("INSERT INTO w VALUES (1)")
            connection.commit()
            # SQLite's locks are not fair: who never stops lets nobody else in.
            ended.wait(0.05)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    with local.start("patch") as one, local.start("patch") as other:
        try:
            assert (one.wait(), other.wait()) == (0, 0), one.text + other.text
        finally:
            ended.set()
            writer.join()
    assert sqlite.rows("SELECT count(*) FROM t") == [(40,)]


def test_killed_at_random(local, files, sqlite):
    local("install")
    for number in range(1, 121):
        files.patch(number, f"INSERT INTO t VALUES ({2 * number}); INSERT INTO t VALUES ({2 * number + 1});")
    kills = 0
    while True:
        with local.start("patch") as process:
            if kills < 15:
                time.sleep(random.uniform(0.01, 0.3))
                process.kill()
                kills += 1
            else:
                assert process.wait() == 0, process.text
                break
        done = sqlite.rows("SELECT count(*) FROM portcullis_patches WHERE is_patch")[0][0]
        assert sqlite.rows("SELECT count(*) FROM t") == [(2 * done,)]
    assert sqlite.rows("SELECT count(*) FROM t") == [(240,)]


def test_another_writer_is_waited_for(local, files, sqlite):
    local("install")
    files.patch(1, "INSERT INTO t VALUES (1)")
    connection = sqlite3.connect(sqlite.path)
    connection.execute("BEGIN IMMEDIATE")
    with local.start("patch", "--lock-timeout", "1") as process:
        process.wait_for("attempt 2 of 20")
        connection.rollback()
        assert process.wait() == 0, process.text
    connection.close()
    assert sqlite.rows("SELECT id FROM t") == [(1,)]
