"""A version's files, a database, and portcullis-database between them."""

import hashlib
import json
import os
import pathlib
import shutil
import sqlite3

from portcullis_testing.processes import Process, result
from portcullis_testing.repository import binary

TABLE = "portcullis.portcullis_patches"


def digest(content):
    """The digest of a file's content, as the history has it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Files:
    """A directory with a schema and patches."""

    def __init__(self, folder, schema="CREATE TABLE t (id int PRIMARY KEY);", includes=0):
        self.folder = pathlib.Path(folder)
        self.patches = self.folder / "sql/patches"
        self.patches.mkdir(parents=True)
        (self.folder / "sql/schema.sql").write_text(f"-- portcullis: includes {includes}\n{schema}\n")

    def patch(self, number, sql, word="patch"):
        path = self.patches / f"{number:04}_{word}.sql"
        path.write_bytes(sql if isinstance(sql, bytes) else sql.encode())
        return path


class Runner:
    """portcullis-database with files and a connection."""

    def __init__(self, folder, connection, files):
        self.files = files
        self.connection = pathlib.Path(folder) / f"connection-{os.urandom(4).hex()}"
        self.connection.write_text(connection + "\n")
        self.connection.chmod(0o600)

    def words(self, command, *more):
        files = [] if command == "history" else ["--directory", str(self.files.folder)]
        return [str(binary("portcullis-database")), command, "--connection-file", str(self.connection), *files, *map(str, more)]

    def result(self, command, *more):
        done = result(*self.words(command, *more))
        assert "s3cret" not in done.stdout + done.stderr
        return done

    def __call__(self, command, *more, status=0):
        """What it prints."""
        done = self.result(command, *more)
        assert done.returncode == status, f"{command} {more}: status {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if status in (0, 3) else done.stdout + done.stderr

    def json(self, command, *more, status=0):
        done = self.result(command, *more, "--output", "json")
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout)

    def start(self, command, *more):
        """It at work."""
        return Process(*self.words(command, *more))

    @property
    def state(self):
        done = self.result("check", "--output", "json")
        return json.loads(done.stdout)["state"]


class SQLite:
    """A file of SQLite, seen by Python's module."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "database.sqlite"

    def rows(self, sql):
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()


def copied(source, folder):
    """The files of a fixture, to be changed."""
    files = Files.__new__(Files)
    files.folder = pathlib.Path(folder)
    shutil.copytree(source, files.folder)
    files.patches = files.folder / "sql/patches"
    return files
