"""A master, as far as a worker knows one: a pipe for crashes, a socket for notices, a pair of sockets for control."""

import collections
import contextlib
import os
import pathlib
import re
import select
import signal
import socket
import struct
import time

from portcullis_testing.processes import become
from portcullis_testing.waiting import eventually

# struct portcullis_crash of Sources/CServiceWorker/include/portcullis/crash.h
LAYOUT = "=IIiiiiiIQQQqII16sII34Q"
FIELDS = ("magic size pid thread signal code sender flags address pc sp at threads parked name machine register_count").split()
MAGIC = 0x31524350
STACK_OVERFLOW, SENT = 1, 2

Crash = collections.namedtuple("Crash", FIELDS + ["registers"])


def read_crash(data):
    assert len(data) == struct.calcsize(LAYOUT), f"{len(data)} bytes"
    values = struct.unpack(LAYOUT, data)
    crash = Crash(*values[:len(FIELDS)], values[len(FIELDS):])
    assert (crash.magic, crash.size) == (MAGIC, len(data))
    return crash._replace(name=crash.name.split(b"\0")[0].decode())


class PlayedMaster:
    """Starts one worker at a time, as the master does, and is the other end of all that it is given."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.pid = None
        self.status = None
        self.notices_path = self.folder / "notify"
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(str(self.notices_path))
        self.log = self.folder / "worker.log"

    def start(self, *command, sockets=(), preload=None, environment=None, watchdog=None, worker=1, config=None, listen_pid=True):
        """sockets: pairs of a name and a socket, from descriptor 3 on. The worker's output goes to `log`."""
        self.crashes, crash_write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.crashes, False)
        self.control, control_write = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        passed = [other.fileno() for _, other in sockets] + [crash_write, control_write.fileno()]
        first = 3
        variables = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "SWIFT_BACKTRACE": "enable=no",
            "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:",
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
            "PORTCULLIS_SERVICE": "tg.1", "PORTCULLIS_DIRECTORY": str(self.folder), "PORTCULLIS_WORKER": str(worker),
            "LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(name for name, _ in sockets),
            "NOTIFY_SOCKET": str(self.notices_path),
            "PORTCULLIS_CRASH_FD": str(first + len(sockets)), "PORTCULLIS_CONTROL_FD": str(first + len(sockets) + 1),
        }
        if preload:
            variables["LD_PRELOAD"] = str(preload)
        if watchdog:
            variables["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        if config:
            variables["PORTCULLIS_CONFIG"] = str(config)
        variables.update(environment or {})
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setpgid(0, 0)
                output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
                os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
                os.dup2(output, 1)
                os.dup2(output, 2)
                if listen_pid:
                    variables["LISTEN_PID"] = str(os.getpid())
                if watchdog:
                    variables["WATCHDOG_PID"] = str(os.getpid())
                become(command, variables, passed)
            finally:
                os._exit(127)
        self.status = None
        os.close(crash_write)
        control_write.close()
        return self

    @property
    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_for_text(self, text):
        eventually(lambda: text in self.text, what=f"{text!r} in the worker's output")

    def crash(self, seconds=20):
        """The next crash record."""
        readable, _, _ = select.select([self.crashes], [], [], seconds)
        assert readable, f"no crash was told; the worker: {self.text[-2000:]!r}, {self.ended()}"
        data = os.read(self.crashes, 4096)
        assert data, f"the worker ended without a crash record: {self.wait()}; {self.text[-2000:]!r}"
        return read_crash(data)

    def wait_until_parked(self, crash, others):
        """Waits until all other threads of the crashed worker have stopped. The record is written before, on a busy machine."""
        assert crash.threads == others + 1 and crash.parked <= others
        eventually(lambda: self.parked() == others, pause=0.01, what=f"{others} threads having stopped")

    def parked(self):
        """How many threads are in the handler beside the crashed one: there, and nowhere else, SIGSYS is blocked."""
        masks = [re.search(r"SigBlk:\s*(\w+)", (task / "status").read_text())[1]
                 for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir()]
        return sum(int(mask, 16) >> (signal.SIGSYS - 1) & 1 for mask in masks) - 1

    def has_crash(self):
        return bool(select.select([self.crashes], [], [], 0)[0]) and bool(os.read(self.crashes, 4096))

    def ended(self):
        """The wait status if the worker has ended."""
        if self.status is None and self.pid:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status

    def wait(self, seconds=60):
        """Waits for the worker's end: a negative number of the signal, or the exit status."""
        eventually(lambda: self.ended() is not None, timeout=seconds, pause=0.01, what="the worker's end")
        return os.waitstatus_to_exitcode(self.status)

    def signal(self, number):
        os.kill(self.pid, number)

    def notice(self, seconds=20):
        """The next datagram as a dictionary."""
        readable, _, _ = select.select([self.notices], [], [], seconds)
        assert readable, f"no notice; the worker: {self.text[-2000:]!r}"
        return dict(line.split("=", 1) for line in self.notices.recv(4096).decode().splitlines())

    def wait_for_notice(self, key, value=None, seconds=20):
        end = time.monotonic() + seconds
        while True:
            notice = self.notice(max(0, end - time.monotonic()))
            if key in notice and value in (None, notice[key]):
                return notice

    def send(self, text):
        self.control.send(text.encode())

    def message(self, seconds=20):
        """The next message of the worker, or None when it has ended."""
        readable, _, _ = select.select([self.control], [], [], seconds)
        assert readable, f"no message; the worker: {self.text[-2000:]!r}"
        data = self.control.recv(1 << 17)
        return data.decode(errors="replace") if data else None

    def wait_for_message(self, start, seconds=20):
        end = time.monotonic() + seconds
        while True:
            message = self.message(max(0, end - time.monotonic()))
            assert message is not None, f"the worker has ended: {self.wait()}; {self.text[-3000:]}"
            if message.startswith(start):
                return message

    def close(self):
        if self.pid and self.ended() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.pid:
            os.close(self.crashes)
            self.control.close()
            self.pid = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
        self.notices.close()
