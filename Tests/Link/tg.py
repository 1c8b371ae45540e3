"""A cloud whose service is examples/tg, a program in C with the library."""

import shutil
import socket

from cloud import PORT, Cloud
from portcullis_testing import processes
from portcullis_testing.repository import REPOSITORY


def build(folder):
    """Builds the example. Returns its program."""
    shutil.copytree(REPOSITORY / "examples" / "tg", folder / "tg", ignore=shutil.ignore_patterns("out"))
    processes.run(REPOSITORY / "scripts" / "make-worker-library", folder / "worker")
    processes.run("make", "-C", folder / "tg", "release", f"WORKER={folder / 'worker'}")
    return folder / "tg" / "out" / "release" / "bin" / "tg"


class TgCloud(Cloud):
    SOCKET = "devices"

    def __init__(self, folder, program, *arguments, **settings):
        super().__init__(folder, **settings)
        self.program, self.arguments = program, arguments

    def place(self, folder):
        shutil.copy(self.program, folder / "tg")

    def configure(self, greeting, longest=1024):
        self.apply(run={"command": ["bin/tg", "--threads", "2", *self.arguments], "watchdog": 10},
                   values={"greeting": greeting, "longest-line": longest})

    def ask(self, word="!stats"):
        """The greeting, and the answer to a line."""
        with socket.create_connection(("127.0.0.1", PORT), timeout=20) as connection, connection.makefile("r") as answers:
            greeting = answers.readline().strip()
            connection.sendall(f"{word}\n".encode())
            return f"{greeting} {answers.readline().strip()}"

    def serves(self, text):
        try:
            return all(text in self.ask("x") for _ in range(10))
        except OSError:
            return False

    def lua(self, *words, status=0):
        return self.portcullis("services", "lua", "tg.1", "--reason", "a test", *words, status=status)

    def lines(self, *sources):
        """What the lines of one interactive session print."""
        done = self.command("services", "lua", "tg.1", "--reason", "a session", input="".join(f"{source}\n" for source in sources))
        assert done.returncode == 0 and not done.stderr, done
        return done.stdout.splitlines()
