"""Fixtures of the machine: ADMIN with the cloud of the fixtures, then the gateway, set up as the documents have it."""

import os
import pathlib
import re
import socket

import pytest

import machine
from portcullis_testing.admin import ADMIN_URL, replaced
from portcullis_testing.repository import FIXTURES
from portcullis_testing.waiting import eventually


@pytest.fixture(scope="session")
def cloud():
    """ADMIN under its unit with two tokens and the cloud; returns the operator's environment."""
    def add_token(name, role, *of):
        words = ("portcullis-admin", "token", "add", name, "--role", role, *of)
        return machine.run(*words, user="portcullis-admin").strip()

    # Of type notify: it returns once ADMIN listens.
    machine.run("systemctl", "start", machine.ADMIN)
    operator = {**os.environ, "PORTCULLIS_ADMIN_URL": ADMIN_URL, "PORTCULLIS_TOKEN": add_token("ops", "admin")}
    machine.run("portcullis", "apply", "-f", FIXTURES / "cloud.yaml", environment=operator)

    token = pathlib.Path("/etc/portcullis/gateway.token")
    token.write_text(add_token("gw1", "gateway", "--gateway", "tcn/gw1") + "\n")
    machine.run("chown", "portcullis-gateway:", token)
    token.chmod(0o400)
    settings = pathlib.Path("/etc/portcullis/gateway.yaml")
    text = settings.read_text()
    for old, new in (("admin-url: https://admin.example:8443", f"admin-url: {ADMIN_URL}"), ("#name: gw1", "name: gw1")):
        text = replaced(text, old, new, "packaging/gateway.yaml")
    settings.write_text(f"{text}\naudit-interval: 5\n")
    return operator


@pytest.fixture(scope="session")
def gateway(cloud):
    """The gateway under its unit, in agreement with the export."""
    machine.run("systemctl", "enable", "--now", "--quiet", "portcullis-gateway")
    agrees = lambda: "in agreement" in machine.show(machine.GATEWAY, "StatusText")
    eventually(agrees, timeout=180, what="the gateway's agreement with the export")
    # A connection that nobody answers: only virtual services that stay keep it in their counters.
    with socket.socket() as client:
        client.setblocking(False)
        client.connect_ex(("198.51.100.36", 80))
    # IPVS brings its counters up to date every two seconds: the service's and its real server's.
    counted = r"TCP  198\.51\.100\.36:80 +1 +[1-9].*\n(?:  -> .*\n)*  -> \S+ +1 +[1-9]"
    eventually(lambda: re.search(counted, machine.kernel_state()[1]), what="the connection in the counters")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """Adds the units' journal to the report of a failed test."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        text = machine.run("journalctl", "--no-pager", "--lines=100", "--unit=portcullis-*", status=None)
        report.sections.append(("journal", text))


def pytest_configure(config):
    config.addinivalue_line("markers", "start(n): runs when the machine was restarted so often (see boot)")


def pytest_collection_modifyitems(config, items):
    """Of the tests that are a start of the machine each, only the one of this start runs."""
    start = int(os.environ.get("PORTCULLIS_START", 0))
    others = [item for item in items if (mark := item.get_closest_marker("start")) and mark.args[0] != start]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
