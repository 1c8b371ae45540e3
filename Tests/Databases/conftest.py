import itertools

import pytest

from postgres import PASSWORD, Server
from stage import Files, Runner

NAMES = itertools.count(1)


@pytest.fixture(scope="session")
def server():
    server = Server(15432)
    try:
        yield server
    finally:
        server.stop()


class Database:
    """A new database of the server."""

    def __init__(self, server):
        self.server, self.name = server, f"d{next(NAMES)}"
        server.psql(f"CREATE DATABASE {self.name}")

    def connection(self, port=None):
        return f"host=127.0.0.1 port={port or self.server.port} user=postgres password={PASSWORD} dbname={self.name}"

    def psql(self, sql):
        return self.server.psql(sql, self.name)

    def session(self, *statements):
        return self.server.session(self.name, *statements)


@pytest.fixture
def database(server):
    return Database(server)


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path / "version")


@pytest.fixture
def runner(tmp_path, database, files):
    return Runner(tmp_path, database.connection(), files)
