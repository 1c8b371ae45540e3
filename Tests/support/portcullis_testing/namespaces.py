"""Network namespaces in which commands run and sockets are opened: this program's own, or one of the tests."""

import contextlib
import ctypes
import os
import socket

from portcullis_testing import processes

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


class Host:
    """The network namespace that this program is in."""

    def command(self, *words):
        """The command line that runs a command there."""
        return list(words)

    def result(self, *words, **options):
        """Runs the command to its end. Returns its status, standard output and error, whatever the status."""
        return processes.result(*self.command(*words), **options)

    def run(self, *words, **options):
        """Runs the command to its end. Returns its standard output; if it fails, raises with its standard error."""
        return processes.run(*self.command(*words), **options)

    def start(self, *words, **options):
        """Starts the command, without waiting for it."""
        return processes.Process(*self.command(*words), **options)

    @contextlib.contextmanager
    def entered(self):
        """Sockets that this thread opens inside the block are in this namespace."""
        yield

    def sysctl(self, **values):
        """Sets net.* values; a double underscore stands for the dot."""
        self.run("sysctl", "-qw", *(f"net.{key.replace('__', '.')}={value}" for key, value in values.items()))

    def batch(self, *lines):
        """Runs lines of ip(8)."""
        self.run("ip", "-batch", "-", input="\n".join(lines) + "\n")


HERE = Host()


def free_port(kind=socket.SOCK_STREAM):
    """A port that nothing here has, in either family."""
    family, address = (socket.AF_INET6, "::") if socket.has_dualstack_ipv6() else (socket.AF_INET, "0.0.0.0")
    with socket.socket(family, kind) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Namespace(Host):
    """A network namespace of the tests."""

    def __init__(self, role, create=True):
        self.role = role
        self.name = f"portcullis-{role}"
        if create:
            HERE.run("ip", "netns", "add", self.name)
        self._file = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *words]

    @contextlib.contextmanager
    def entered(self):
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(self._file)
            yield
        finally:
            _setns(home)
            os.close(home)

    def delete(self):
        os.close(self._file)
        HERE.run("ip", "netns", "delete", self.name)


def _setns(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
