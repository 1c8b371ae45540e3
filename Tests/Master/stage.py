"""A master with its workers: by hand, or under a script that plays portcullis-keeper."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import sys
import tempfile
import threading
import time

from portcullis_testing.namespaces import free_port
from portcullis_testing.processes import Process
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

HERE = pathlib.Path(__file__).resolve().parent
WORKER = HERE / "worker.py"


class Stage:
    def __init__(self):
        # Paths of sockets are short.
        self._folder = tempfile.TemporaryDirectory(prefix="master-")
        self.folder = pathlib.Path(self._folder.name)
        self.directory = self.folder / "m"
        self.port = free_port()
        self.config = self.folder / "service.conf"
        self.process = None
        self.is_kept = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            for pid in [*self.masters(), *self.pids(all=True)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.kill()
        self._folder.cleanup()

    # What runs

    def command(self, *options, workers=0, listen=True, ready="notify", program=(WORKER,), config=False, **more):
        words = [binary("portcullis-master"), "--name", "pgw.1", "--directory", self.directory, "--workers", workers,
                 "--ready", ready, "--stop-timeout", 2000]
        if listen is True:
            listen = [f"http=tcp:{self.port}"]
        for one in listen or []:
            words += ["--listen", one]
        if config:
            words += ["--config", self.config]
        for name, value in more.items():
            words += [f"--{name.replace('_', '-')}", value]
        return [str(word) for word in [*words, *options, "--", *program]]

    def start(self, *options, kept=False, environment=None, wait=True, descriptors=(), **settings):
        self.is_kept = kept
        words = self.command(*options, **settings)
        if kept:
            words = [sys.executable, HERE / "keeper.py", self.folder, *words]
        self.process = Process(*words, log=self.folder / "log", environment={"TESTED": "yes", **(environment or {})},
                               pass_fds=descriptors)
        if wait:
            self.serving()
        return self

    def serving(self, timeout=30):
        return eventually(self.is_serving, timeout, f"all workers being ready: {self.log()[-2000:]} {self.text()}", pause=0.02)

    def is_serving(self):
        state = self.state()
        return state if state and state["phase"] == "running" and all(
            worker["state"] == "ready" for worker in state["workers"]) else None

    def text(self):
        return (self.directory / "state").read_text() if (self.directory / "state").exists() else ""

    def state(self):
        text = self.text()
        return json.loads(text) if text else None

    def log(self):
        return (self.folder / "log").read_text()

    def workers(self):
        return {worker["worker"]: worker for worker in self.state()["workers"]}

    def pids(self, all=False):
        """The processes that serve; with `all` every one that the state names."""
        state = self.state() or {"workers": []}
        return [worker["pid"] for worker in [*state["workers"], *(state.get("others", []) if all else [])] if "pid" in worker]

    def masters(self):
        """The masters that were started, the last one last."""
        if not self.is_kept:
            return [self.process.pid]
        return [int(line.split()[1]) for line in (self.folder / "keeper-log").read_text().splitlines() if line.startswith("start")]

    def master(self):
        return self.masters()[-1]

    def signal(self, number, pid=None):
        os.kill(pid or self.master(), number)

    def stop(self, timeout=20):
        """Stops it. Returns the master's exit status."""
        self.process.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout)
        if not self.is_kept:
            return status
        return int((self.folder / "keeper-log").read_text().splitlines()[-1].split()[1])

    def kill_master(self):
        """Kills the master under its keeper, and waits for the next one."""
        old = self.master()
        os.kill(old, signal.SIGKILL)
        eventually(lambda: self.master() != old and (self.state() or {}).get("pid") == self.master(), 30, "the next master",
                   pause=0.01)

    # Clients

    def ask(self, text="who", port=None, timeout=10):
        with socket.create_connection(("127.0.0.1", port or self.port), timeout) as client:
            client.sendall(f"{text}\n".encode())
            answer = b""
            with contextlib.suppress(ConnectionResetError, TimeoutError):
                while data := client.recv(65536):
                    answer += data
            return answer.decode()

    def tell(self, text):
        """As `ask`, of a worker that does not answer."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as client:
            client.sendall(f"{text}\n".encode())

    def crashes(self):
        return [json.loads(path.read_text()) for path in sorted((self.directory / "crashes").glob("*.json"))]


class Load(threading.Thread):
    """New connections at a rate; each must be answered. `errors` has what went wrong."""

    def __init__(self, port, rate=500):
        super().__init__(daemon=True)
        self.port, self.pause = port, 1 / rate
        self.errors, self.answers, self.count, self.longest = [], {}, 0, 0.0
        self.is_over = threading.Event()

    def __enter__(self):
        self.start()
        eventually(lambda: self.count > 20 or self.errors, 20, "the load", pause=0.01)
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()

    def run(self):
        due = time.monotonic()
        while not self.is_over.is_set():
            due = max(due + self.pause, time.monotonic() - 0.1)
            time.sleep(max(0, due - time.monotonic()))
            began = time.monotonic()
            try:
                with socket.create_connection(("127.0.0.1", self.port), 10) as client:
                    client.sendall(b"who\n")
                    answer = client.recv(1000).split()
                    if not answer:
                        raise ConnectionResetError("closed without an answer")
                    self.answers[int(answer[1])] = self.answers.get(int(answer[1]), 0) + 1
            except OSError as error:
                self.errors.append(repr(error))
            self.longest = max(self.longest, time.monotonic() - began)
            self.count += 1

    def more(self, count=100):
        """Waits for so many further connections."""
        goal = self.count + count
        eventually(lambda: self.count >= goal, 30, "further connections", pause=0.01)
