"""Patches of a real PostgreSQL: what each command does and says."""

import os
import re

from portcullis_testing.processes import Process
from portcullis_testing.repository import FIXTURES

from stage import Files, Runner, TABLE, copied, digest


def test_a_thousand_patches(runner, files, database):
    for number in range(1, 1001):
        files.patch(number, f"INSERT INTO t VALUES ({number});")
    assert "lacks" not in runner("check", status=3)
    assert "install the schema" in runner("install", "--plan")
    assert database.psql("SELECT count(*) FROM pg_tables WHERE schemaname IN ('public', 'portcullis')") == "0"
    runner("install", "--version-name", "1.5.0", "--who", "ops")
    assert database.psql("SELECT count(*), sum(id) FROM t") == "1000|500500"
    assert database.psql(f"SELECT count(*) FROM {TABLE} WHERE state = 'applied' AND version = '1.5.0' "
                         "AND who = 'ops as postgres' AND duration_ms >= 0 AND digest ~ '^sha256:[0-9a-f]{64}$'") == "1000"
    assert "current" in runner("check")
    assert runner("patch") == "nothing to do\n"
    rows = runner.json("history")["history"]
    assert [row["number"] for row in rows] == [0, *range(1, 1001)] and rows[-1]["name"] == "1000_patch.sql"


def test_patches_up_to_one_that_is_named(runner, files, database):
    for number in range(1, 6):
        files.patch(number, f"INSERT INTO t VALUES ({number})")
    runner("install", "--plan")
    runner("install")
    for number in range(6, 10):
        files.patch(number, f"INSERT INTO t VALUES ({number})")
    assert runner("patch", "--plan") == "".join(f"apply {number:04}_patch.sql\n" for number in range(6, 10))
    runner("patch", "--to", "7")
    assert database.psql("SELECT max(id) FROM t") == "7"
    assert "in the database already" in runner("patch", "--to", "0003_patch", status=1)
    assert "no patch among the files" in runner("patch", "--to", "12", status=1)
    runner("patch", "--to", "0009_patch.sql")
    assert runner.state == "current"


def test_the_fixture_of_tgctl(tmp_path, database):
    files = copied(FIXTURES / "databases/tgctl", tmp_path / "tgctl")
    runner = Runner(tmp_path, database.connection(), files)
    assert "install" in runner("check", status=3)
    runner("install")
    assert database.psql("SELECT count(*) FROM protocols") == "3"
    assert database.psql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'devices_last_seen_idx'::regclass") == "t"
    assert "the structure is that of the files" in runner("check", "--deep")


def test_deep_check_finds_what_was_made_by_hand(tmp_path, database, server):
    files = copied(FIXTURES / "databases/tgctl", tmp_path / "tgctl")
    runner = Runner(tmp_path, database.connection(), files)
    runner("install")
    database.psql("ALTER TABLE devices ADD COLUMN by_hand int; DROP INDEX commands_queued_idx; "
                  "ALTER TABLE accounts ALTER COLUMN name SET DEFAULT 'x', ADD CHECK (id > 0); DROP VIEW silent_devices; "
                  "CREATE TABLE extra (a int, b int); CREATE OR REPLACE FUNCTION expire_commands() RETURNS bigint "
                  "LANGUAGE sql AS 'SELECT 1::bigint'")
    found = runner.json("check", "--deep", status=1)
    assert found["state"] == "current"
    names = {(part["kind"], part["name"]) for part in found["differences"]}
    assert names == {("column", "public.devices.by_hand"), ("index", "public.commands.commands_queued_idx"),
                     ("column", "public.accounts.name"), ("constraint", "public.accounts.accounts_id_check"),
                     ("view", "public.silent_devices"), ("table", "public.extra"), ("function", "public.expire_commands()")}
    database.psql("CREATE TABLE nothing ()")
    text = runner("check", "-o", "text", "--deep", status=1)
    assert "table public.extra is not in the files\n    database: (a integer, b integer)\n" in text
    assert "table public.nothing is not in the files\n  " in text
    assert "column public.devices.by_hand is not in the files" in text and "database: integer" in text
    assert server.psql("SELECT count(*) FROM pg_database WHERE datname LIKE 'portcullis_scratch%'") == "0"


def test_a_changed_patch(runner, files, database):
    files.patch(1, "INSERT INTO t VALUES (1)")
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (2)")
    files.patch(2, "INSERT INTO t VALUES (3)")
    assert re.search("0001_patch.sql has changed since.*put its text back.*new patch", runner("check", status=1))
    assert "has changed since" in runner("patch", status=1)
    assert runner.json("patch", status=1)["error"]["code"] == "changed"
    assert database.psql("SELECT id FROM t") == "1"


def test_the_changed_text_of_an_applied_patch_is_accepted(runner, files, database):
    before = files.patch(1, "INSERT INTO t VALUES (1)").read_bytes()
    runner("install", "--who", "ops")
    assert runner("accept", "1") == "nothing to do\n"
    after = files.patch(1, "-- a row\nINSERT INTO t VALUES (1)").read_bytes()
    files.patch(2, "INSERT INTO t VALUES (2)")
    assert "portcullis-database accept 0001" in runner("check", status=1)
    assert "0002_patch.sql is not applied" in runner("accept", "2", status=1)
    assert "no patch among the files" in runner("accept", "7", status=1)
    shown = (f"0001_patch.sql: applied at .*Z by ops as postgres\n  history: {digest(before)}\n  file:    {digest(after)}\n")
    assert re.fullmatch(shown, runner("accept", "0001_patch.sql", "--plan"))
    assert runner.state == "trouble"
    assert re.match(shown + "accept the text of 0001_patch.sql", runner("accept", "0001_patch.sql", "--who", "dba"))
    assert database.psql("SELECT id FROM t") == "1"
    assert re.search(f"0001_patch.sql: text accepted at .*Z by dba as postgres: {digest(after)} in place of {digest(before)}",
                     runner("history"))
    accepted, = runner.json("history")["accepted"]
    assert (accepted["number"], accepted["before"], accepted["accepted"]) == (1, digest(before), digest(after))
    runner("patch")
    assert runner.state == "current" and "the structure is that of the files" in runner("check", "--deep")
    files.patch(1, "")
    assert "0001_patch.sql:1:1: the file has no statement" in runner("accept", "1", status=1)


def test_a_schema_that_includes_what_is_no_file(runner, files, database):
    schema = files.folder / "sql/schema.sql"
    schema.write_text("-- portcullis: includes 0001\nCREATE TABLE t (id int PRIMARY KEY);")
    for command in (["check"], ["install"], ["baseline", "--at", "0001"]):
        text = runner(*command, status=1)
        assert "schema.sql:1:1: the schema says that it includes patch 1" in text and "there are none" in text
    assert runner.json("check", status=1)["error"]["code"] == "includes"
    files.patch(2, "INSERT INTO t VALUES (2)")
    runner("install")
    assert database.psql("SELECT id FROM t") == "2"
    schema.write_text("-- portcullis: includes 0020\nCREATE TABLE t (id int PRIMARY KEY);")
    assert "the newest is 0002_patch.sql" in runner("check", status=1)


def test_an_empty_schema(runner, files, database):
    for text in ("-- portcullis: includes 0", "-- portcullis: includes 0\n\n-- a comment\n"):
        (files.folder / "sql/schema.sql").write_text(text)
        assert "schema.sql:1:1: the file has no statement" in runner("install", status=1)
    assert runner.state == "behind"
    (files.folder / "sql/schema.sql").write_text("")
    assert "schema.sql:1:1: the first line of a schema" in runner("install", status=1)


def test_a_late_patch(runner, files, database):
    files.patch(2, "INSERT INTO t VALUES (2)")
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (1)")
    assert re.search("0001_patch.sql has a lower number than 0002_patch.sql.*a number after 2", runner("patch", status=1))
    assert database.psql("SELECT id FROM t") == "2"


def test_a_missing_patch_and_a_database_that_is_ahead(runner, files):
    paths = [files.patch(number, f"INSERT INTO t VALUES ({number})") for number in (1, 2, 3)]
    runner("install")
    text = paths[1].read_text()
    paths[1].unlink()
    assert re.search("0002_patch.sql, which the database has.*put it back", runner("patch", status=1))
    paths[1].write_text(text)
    paths[2].unlink()
    assert runner.state == "ahead"
    assert re.search("ahead of these files: it has 0003_patch.sql.*version that runs", runner("patch", status=1))


def test_old_patches_may_go_once_the_schema_has_them(runner, files, database):
    paths = [files.patch(number, f"INSERT INTO t VALUES ({number})") for number in (1, 2)]
    runner("install")
    for path in paths:
        path.unlink()
    schema = files.folder / "sql/schema.sql"
    schema.write_text("-- portcullis: includes 0002\nCREATE TABLE t (id int PRIMARY KEY);")
    files.patch(3, "INSERT INTO t VALUES (3)")
    runner("patch")
    assert database.psql("SELECT count(*) FROM t") == "3"


def test_a_patch_that_fails_has_its_place_and_leaves_nothing(runner, files, database):
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (1);")
    files.patch(2, "INSERT INTO t VALUES (2);\n-- ä€ öü\nSELECT 1 AS \"ä\"\n    , 'ä', t.idd FROM t;\n")
    text = runner("patch", status=1)
    assert "0001_patch.sql: done" in text
    assert "0002_patch.sql:4:12: column t.idd does not exist (42703)" in text
    assert "  4 |     , 'ä', t.idd FROM t;\n    |            ^" in text
    assert "Nothing of 0002_patch.sql was applied." in text
    assert database.psql("SELECT id FROM t") == "1"
    # Without a position of the server: where the statement begins.
    files.patch(2, "INSERT INTO t VALUES (2);\n\n/* ; */ INSERT INTO t\nVALUES (1);")
    error = runner.json("patch", status=1)["error"]
    assert (error["file"], error["line"], error["column"], error["state"]) == ("0002_patch.sql", 3, 9, "23505")
    # At the end of the transaction.
    files.patch(2, "CREATE TABLE u (id int REFERENCES t DEFERRABLE INITIALLY DEFERRED); INSERT INTO u VALUES (99)")
    assert "0002_patch.sql: at its end: insert or update on table" in runner("patch", status=1)
    files.patch(2, "INSERT INTO t VALUES (2)")
    runner("patch")
    assert runner.state == "current"


def test_files_that_are_refused_before_anything_is_applied(runner, files, database):
    runner("install")
    files.patch(1, "INSERT INTO t VALUES (1)")
    for sql, place, message in [
        ("SELECT 1;\n\\i other.sql\n", "2:1", 'command of psql'),
        ("SELECT $$\\$$, E'\\'', '\\';\nCOPY t FROM stdin;\n1\n\\.\n", "2:1", "COPY with FROM STDIN"),
        ("SELECT 1;\n  COMMIT;", "2:3", "one transaction"),
        (b"SELECT 1;\nSELECT '\xff'", "2:9", "not UTF-8"),
        (b"SELECT 1;\0", "1:10", "NUL byte"),
        (b"\xef\xbb\xbfSELECT 1", "1:1", "byte order mark"),
        ("SELECT 'x", "1:8", "not closed"),
        ("", "1:1", "no statement"),
        (" \n\t\n", "1:1", "no statement"),
        ("-- a comment\n/* ; */\n", "1:1", "no statement"),
        ("-- portcullis: no-transactions\nSELECT 1", "1:1", "not known here"),
        ("-- portcullis: no-transaction\nVACUUM; ANALYZE", "2:9", "has one statement"),
        ("-- portcullis: no-transaction\nCREATE INDEX CONCURRENTLY i ON t (id)", "2:1", "IF NOT EXISTS"),
    ]:
        files.patch(2, sql)
        text = runner("patch", status=1)
        assert f"0002_patch.sql:{place}: " in text and message in text, text
    assert database.psql("SELECT count(*) FROM t") == "0"


def test_names_that_are_refused(runner, files):
    wrong = files.patches / "0001 x.sql"
    wrong.write_text("")
    assert "the name of a patch is a number" in runner("check", status=1)
    wrong.unlink()
    (files.patches / "README.md").write_text("left alone")
    files.patch(1, "SELECT 1", "a")
    files.patch(1, "SELECT 1", "b")
    assert "have the same number" in runner("check", status=1)
    (files.patches / "0001_b.sql").unlink()
    (files.patches / "10_x.sql").write_text("")
    (files.patches / "9_x.sql").write_text("")
    assert "write the numbers with as many digits" in runner("check", status=1)


def test_install_and_baseline_ask_for_the_right_database(runner, files, database):
    files.patch(1, "INSERT INTO t VALUES (1)")
    files.patch(2, "INSERT INTO t VALUES (2)")
    assert "portcullis-database install" in runner("patch", status=1)
    assert "portcullis-database install" in runner("baseline", "--at", "1", status=1)
    database.psql("CREATE TABLE t (id int PRIMARY KEY)")
    assert "baseline --at" in runner("check", status=1)
    assert "baseline --at" in runner("install", status=1)
    assert "no patch among the files" in runner("baseline", "--at", "7", status=1)
    runner("baseline", "--at", "0001")
    assert "history already" in runner("baseline", "--at", "0001", status=1)
    runner("patch")
    assert database.psql("SELECT id FROM t") == "2"
    assert "installed already" not in runner("check") and "the structure is that" in runner("check", "--deep")


def test_a_history_of_a_newer_program(runner, files, database):
    files.patch(1, "SELECT 1")
    runner("install")
    database.psql(f"UPDATE {TABLE} SET format = 2, program = '9.1' WHERE number = 1")
    for command in ("check", "patch", "history"):
        assert "newer portcullis-database (9.1, format 2" in runner(command, status=1)


def test_what_a_patch_sets_is_gone_for_the_next(runner, files, database):
    database.psql("CREATE ROLE other; ALTER ROLE other SET search_path = 'nowhere'")
    files.patch(1, "SET search_path = ''; CREATE TEMP TABLE t (x int); SET ROLE other; SET statement_timeout = '2s'")
    files.patch(2, "SELECT pg_sleep(2.5); INSERT INTO t VALUES (2); SELECT 1/(current_user = 'postgres')::int")
    runner("install")
    assert database.psql("SELECT id FROM t") == "2"


def test_a_reader_that_is_gone_ends_nothing(runner, files, database):
    runner("install")
    for number in (1, 2, 3):
        files.patch(number, f"INSERT INTO t VALUES ({number})")
    end, write = os.pipe()
    os.close(end)
    with Process(*runner.words("patch"), stdout=write) as process:
        os.close(write)
        assert process.wait() == 0
    assert database.psql("SELECT count(*) FROM t") == "3"


def test_bodies_with_semicolons(runner, files, database):
    files.patch(1, """
        CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;
        CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $x$ BEGIN RETURN $$a;b$$::text IS NOT NULL; END $x$;
        CREATE RULE r AS ON DELETE TO t DO INSTEAD (SELECT 1; SELECT 2);
        INSERT INTO t VALUES (f())""")
    runner("install")
    assert database.psql("SELECT id FROM t") == "2"


def test_a_large_patch(runner, files, database):
    # In many statements and in one, larger than what is sent at once.
    rows = "".join(f"INSERT INTO u VALUES ({number}, '{'x' * 200}');\n" for number in range(5_000))
    files.patch(1, f"CREATE TABLE u (id int, x text);\n{rows}INSERT INTO u VALUES (-1, '{'y' * 4_000_000}');\n")
    runner("install")
    assert database.psql("SELECT count(*), sum(length(x)) FROM u") == "5001|5000000"


def test_the_secret_stays_one(runner, files, tmp_path, database):
    runner.connection.chmod(0o640)
    assert "chmod 600" in runner("check", status=1)
    runner.connection.chmod(0o600)
    for text in ["postgresql://postgres:s3cret%zz@h/d", "s3cret", "host", "host=127.0.0.1 port=1 password=s3cret-of-tests",
                 database.connection().replace("s3cret-of-tests", "s3cret-wrong")]:
        runner.connection.write_text(text)
        runner("check", status=1)
    assert "no such file" in Runner.result(_without(runner), "check").stderr


def _without(runner):
    runner.connection.unlink()
    return runner


def test_help_and_manual(runner, files):
    assert runner.result("nonsense").returncode == 64
    (files.folder / "manifest.json").write_text('{"database": {"name": "x", "schema": "sql/schema.sql", "patches": "sql/patches"}}')
    runner("install", "--manifest", files.folder / "manifest.json")
    (files.folder / "manifest.json").write_text("{}")
    assert "has no database with a schema" in runner("check", "--manifest", files.folder / "manifest.json", status=1)
