"""Programs of any kind: run to their end, or started, watched and ended."""

import contextlib
import fcntl
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
import time

from portcullis_testing.waiting import eventually


def result(*words, **options):
    """Runs a command to its end. Returns its status, standard output and error, whatever the status. Options are subprocess.run's."""
    defaults = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    if options.get("input") is None:
        defaults["stdin"] = subprocess.DEVNULL
    return subprocess.run([str(word) for word in words], check=False, **{**defaults, **options})


def run(*words, status=0, **options):
    """Runs a command that must end with the status (None: with any). Returns its standard output."""
    done = result(*words, **options)
    if status is not None and done.returncode != status:
        raise RuntimeError(f"{shlex.join(map(str, words))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def cpu(pid):
    """The seconds of CPU that a process has used so far, by the scheduler's clock."""
    # clock_getcpuclockid(3)
    return time.clock_gettime((~pid << 3) | 2)


def lives(pid):
    """Whether a process runs, other than as a zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def become(words, environment, descriptors=()):
    """In a child: becomes a program, which gets the descriptors from 3 on, and no others."""
    first = 3
    # First out of the way of where they belong.
    apart = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, first + len(descriptors)) for descriptor in descriptors]
    for index, descriptor in enumerate(apart):
        os.dup2(descriptor, first + index)
    os.closerange(first + len(descriptors), 1 << 20)
    words = [str(word) for word in words]
    os.execvpe(words[0], words, environment)


class Process:
    """A running program, with its output in a file: `log`, or one without a name. The end of a `with` block kills it.

    `environment` has variables in addition to our own; other options are subprocess.Popen's.
    """

    def __init__(self, *words, log=None, environment=None, **options):
        self.words = [str(word) for word in words]
        self.log = log and pathlib.Path(log)
        self._options = {**options, "env": {**os.environ, **environment}} if environment else options
        self._output = open(self.log, "a+b") if log else tempfile.TemporaryFile("a+b")
        self.start()

    def start(self, *more):
        """Starts it again after its end, with further arguments."""
        self._start_of_text = self._size
        defaults = {"stdin": subprocess.DEVNULL, "stdout": self._output, "stderr": self._output}
        self.process = subprocess.Popen([*self.words, *more], **{**defaults, **self._options})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def _size(self):
        return os.fstat(self._output.fileno()).st_size

    @property
    def text(self):
        """Its output since its last start."""
        # By position: the program writes through the same open file.
        data = os.pread(self._output.fileno(), self._size - self._start_of_text, self._start_of_text)
        return data.decode(errors="replace")

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_running(self):
        return self.process.poll() is None

    @property
    def cpu(self):
        """The seconds of CPU that it has used so far."""
        return cpu(self.pid)

    def memory(self, field="VmRSS"):
        """Its memory in KiB: resident now, or the highest so far (VmHWM)."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(rf"(?m)^{field}:\s+(\d+) kB", text)[1])

    def wait_for(self, ready, timeout=60):
        """Waits until it has written a text, or a function returns something true; returns that. On a failure, ends the program."""
        condition = ready if callable(ready) else lambda: ready in self.text

        def is_ready():
            was_running = self.is_running
            found = condition()
            assert found or was_running, f"{shlex.join(self.words)} ended with status {self.process.returncode}"
            return found

        try:
            return eventually(is_ready, timeout, f"{shlex.join(self.words)} being ready", pause=0.05)
        except AssertionError as failure:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
            raise AssertionError(f"{failure}\n{self.text[-4000:]}") from None

    def wait(self, timeout=60):
        """Its exit status, once it has ended."""
        return self.process.wait(timeout)

    def stop(self, timeout=60, number=signal.SIGTERM):
        """Asks it to end and returns its exit status."""
        self.process.send_signal(number)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self):
        """Kills it, without a chance to clean up."""
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def halted(self):
        """Stops it during the block (SIGSTOP)."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)
