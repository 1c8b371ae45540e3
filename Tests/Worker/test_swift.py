"""The Swift module over the library: a program in Swift that uses all of it, and crashes."""

import signal
import socket

import pytest

from compiler import LIBRARY, PROGRAMS
from console import Session
from debugger import report
from portcullis_testing.processes import run
from portcullis_testing.repository import REPOSITORY


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The program, of the module's sources and the library as a C program would link it."""
    folder = tmp_path_factory.mktemp("swift")
    common = ("swiftc", "-swift-version", "6", "-O", "-g", "-enable-upcoming-feature", "InternalImportsByDefault",
              "-I", REPOSITORY / "Sources/CServiceWorker/include", "-I", folder)
    run(*common, "-parse-as-library", "-emit-module", "-emit-library", "-static", "-module-name", "ServiceWorker",
        *sorted((REPOSITORY / "Sources/ServiceWorker").glob("*.swift")), "-o", folder / "libServiceWorker.a", cwd=folder)
    (folder / "main.swift").write_text((PROGRAMS / "service.swift").read_text())
    run(*common, folder / "main.swift", folder / "libServiceWorker.a", LIBRARY / "libportcullis-worker.a", "-llua5.4",
        "-o", folder / "service", cwd=folder)
    return folder / "service"


@pytest.fixture
def service(program, master):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        master.start(program, sockets=[("http", one), ("other", two)], watchdog=2)
        yield master


def test_what_it_gets_and_says(service):
    assert service.message() == "HELLO 1 1.0.0 config lua"
    assert service.wait_for_notice("STATUS") == {"STATUS": "312 devices"}
    service.wait_for_notice("READY")
    service.wait_for_notice("WATCHDOG")
    assert service.text == "tg.1 1 true\n2 [3] []\n1.0 seconds\nportcullis_worker_begin: Operation already in progress\n"


def test_its_configuration_console_and_stop(service):
    service.send("CONFIG /srv/good")
    assert service.wait_for_message("CONFIG") == "CONFIG-TAKEN"
    service.send("CONFIG /srv/bad")
    assert service.wait_for_message("CONFIG") == "CONFIG-REFUSED /srv/bad is bad"
    session = Session(service)
    assert session.value("greet('one', 2), greet()") == "hello one and 2\tnil"
    service.send("STOP")
    assert service.wait() == 0 and service.text.endswith("configuration /srv/good\nstopped\n")


def test_a_trap_is_a_crash_with_its_functions_in_the_stack(service):
    Session(service).send("crash()")
    crash = service.crash()
    assert crash.signal in (signal.SIGILL, signal.SIGTRAP)
    found = report(service.pid, crash.thread)
    assert found.seconds < 15 and "divide" in found.text
