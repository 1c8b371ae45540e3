"""The master's side of a Lua session."""

import collections
import time

Result = collections.namedtuple("Result", "kind text output seconds")


class Session:
    def __init__(self, master, name="s1", seconds=900, milliseconds=1000, memory=4 << 20):
        self.master, self.name = master, name
        master.send(f"LUA-OPEN {name} {seconds} {milliseconds} {memory}")
        self.answer = master.wait_for_message("LUA-")

    def send(self, source):
        self.master.send(f"LUA-EVAL {self.name} {source}")

    def run(self, source, seconds=20):
        """Runs a source to its end."""
        start, output = time.monotonic(), ""
        self.send(source)
        while True:
            message = self.master.wait_for_message("LUA-", seconds)
            if message.startswith(f"LUA-OUT {self.name} "):
                output += message.removeprefix(f"LUA-OUT {self.name} ")
            elif message.startswith(f"LUA-RESULT {self.name} "):
                kind, _, text = message.removeprefix(f"LUA-RESULT {self.name} ").partition(" ")
                return Result(kind, text, output, time.monotonic() - start)
            else:
                return Result(message, "", output, time.monotonic() - start)

    def value(self, source):
        result = self.run(source)
        assert result.kind == "ok", (source, result)
        return result.text

    def error(self, source):
        """The first line of the error's message."""
        result = self.run(source)
        assert result.kind == "error", (source, result)
        return result.text.splitlines()[0]

    def close(self):
        self.master.send(f"LUA-CLOSE {self.name}")
        return self.master.wait_for_message("LUA-END")
