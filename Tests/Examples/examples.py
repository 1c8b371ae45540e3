"""The examples of the repository, built by their own meta-configurations, as services of a node."""

import fcntl
import http.client
import json
import socket
import threading
import time

from portcullis_testing import processes
from portcullis_testing.repository import REPOSITORY, binary
from portcullis_testing.waiting import eventually

# Where the compiler keeps its work, from one run to the next.
SCRATCH = REPOSITORY / ".build/tgctl"


class Examples:
    def __init__(self, stage):
        self.stage = stage
        processes.run(REPOSITORY / "scripts/make-worker-library")

    def version(self, type, name="1.0.0", *, variant=None, changes=()):
        """Builds a version by the example's own command. `changes` are texts of its meta-configuration and what to have in
        their places. Returns its digest."""
        source = REPOSITORY / "examples" / type
        text = (source / f"{type}.yaml").read_text()
        for old, new in [*changes, *([("build:\n", f"build:\n  environment: {{SCRATCH: {SCRATCH}}}\n")] if type == "tgctl" else [])]:
            assert old in text, old
            text = text.replace(old, new)
        meta = self.stage.folder / f"{type}-{name}" / f"{type}.yaml"
        meta.parent.mkdir()
        meta.write_text(text)
        words = ["versions", "build", type, "--name", name, "--types", meta, "--from", source, "--store", self.stage.store,
                 "-o", "json", *(["--variant", variant] if variant else [])]
        with open(REPOSITORY / ".build/examples.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = json.loads(processes.run(binary("portcullis"), *words))
        processes.run(binary("portcullis"), "versions", "sign", type, f"{name}/{variant}" if variant else name,
                      "--key", self.stage.folder / "release.key", "--store", self.stage.store)
        return made["digest"]

    def run(self, service, digest, configuration=None):
        """Has the node run it."""
        if configuration is not None:
            self.stage.admin.configure(service, configuration)
        self.stage.admin.assign(service, digest)
        if self.stage.node is None:
            self.stage.start()
        self.stage.settled(service, version=digest, timeout=120)
        return Example(self.stage, service)


class Example:
    """One service."""

    def __init__(self, stage, service):
        self.stage, self.service = stage, service
        self.jobs = 0

    @property
    def state(self):
        return json.loads((self.stage.root / "node/run" / self.service / "master/state").read_text())

    def pids(self):
        return {worker["worker"]: worker.get("pid") for worker in self.state["workers"]}

    def serving(self, timeout=60):
        """Waits until all workers are ready, and nothing is under way."""
        def is_so():
            state = self.state
            return state["phase"] == "running" and all(worker["state"] == "ready" for worker in state["workers"])
        eventually(is_so, timeout, f"{self.service}: all workers ready", pause=0.02)

    def configure(self, text):
        """Replaces the configuration, and waits until the master has told of it. Returns the problem."""
        before = self.state["configuration"]
        self.stage.admin.configure(self.service, text)

        def is_told():
            state = self.state
            return state if state["configuration"] != before and state["phase"] == "running" else None
        return eventually(is_told, 60, "the end of the reload", pause=0.02)["reload"]["problem"]

    def job(self, kind, timeout=90, **more):
        """Has the node do a job, and waits for its end."""
        self.jobs += 1
        name = f"{self.service.replace('.', '-')}-{self.jobs}"
        self.stage.admin.order(name, service=self.service, kind=kind, seconds=timeout, **more)
        job = eventually(lambda: self.stage.admin.job(name).get("endedAt") and self.stage.admin.job(name), timeout, f"the {kind}")
        assert job["state"] == "succeeded", (job, self.stage.log(self.service)[-2000:])

    def restarted(self):
        """Has its workers replaced one at a time, and waits until all are."""
        before = set(self.pids().values())
        self.job("restart")
        self.serving()
        assert not before & set(self.pids().values())

    def reported(self, count, timeout=90):
        """Waits for so many reports of crashes, and returns them."""
        try:
            eventually(lambda: len(self.stage.admin.crashes) >= count, timeout, f"{count} reports of crashes", pause=0.05)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.stage.node.text[-3000:]}\n{self.stage.log(self.service)[-2000:]}") from None
        return self.stage.admin.crashes


def get(port, path="/ping", timeout=20):
    """The status and the text of an answer over a connection of its own."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        client.request("GET", path, headers={"Connection": "close"})
        answer = client.getresponse()
        return answer.status, answer.read().decode()
    finally:
        client.close()


def page(port):
    """Asks over HTTP."""
    status, text = get(port)
    assert status == 200, (status, text)


def line(port):
    """Asks the device gateway."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"hello\n")
        answer = client.makefile().readline()
    if answer != "1 hello\n":
        raise ConnectionError(f"the answer {answer!r}")


class Clients:
    """New connections at a rate, each of which must be answered. `errors` has what went wrong, `longest` the seconds of the slowest answer."""

    def __init__(self, port, ask=page, rate=240, threads=4):
        self.port, self.ask, self.pause, self.threads = port, ask, threads / rate, threads
        self.errors, self.count, self.longest = [], 0, 0.0
        self._lock, self._is_over = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def __enter__(self):
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        self.more(40)
        return self

    def __exit__(self, *_):
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        seconds = time.monotonic() - self._began
        print(f"{self.count} connections, {self.count / seconds:.0f} a second, the longest {self.longest:.2f} s, "
              f"{len(self.errors)} errors")

    def _run(self):
        due = time.monotonic()
        while not self._is_over.is_set():
            due = max(due + self.pause, time.monotonic() - 0.1)
            self._is_over.wait(max(0, due - time.monotonic()))
            began = time.monotonic()
            problem = None
            try:
                self.ask(self.port)
            except (OSError, http.client.HTTPException, AssertionError) as error:
                problem = repr(error)
            with self._lock:
                self.count += 1
                if problem:
                    self.errors.append(problem)
                else:
                    self.longest = max(self.longest, time.monotonic() - began)

    def more(self, count=200):
        """Waits for so many further connections."""
        goal = self.count + count
        eventually(lambda: self.count >= goal, 60, "further connections", pause=0.01)
