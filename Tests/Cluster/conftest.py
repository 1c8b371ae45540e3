"""The three machines, booted once for all tests; each module sets up what it needs on them."""

import os
import tempfile

import pytest

import machines
from corosync import DEFAULT
from pair import Pair, start_admin
from portcullis_testing.waiting import eventually


@pytest.fixture(scope="session")
def lab():
    """Switch and gateways by name, all on."""
    with tempfile.TemporaryDirectory(prefix="portcullis-sockets-") as sockets:
        found = machines.machines(sockets)
        switch, *gateways = found
        try:
            switch.boot()
            # The gateways' cards connect to the switch's, once those listen.
            ends = [f"{sockets}/{name}-{network}" for name in machines.GATEWAYS for network in machines.NETWORKS]
            eventually(lambda: all(map(os.path.exists, ends)), what="the switch's ports")
            for gateway in gateways:
                gateway.boot()
            for machine in found:
                machine.wait()
            yield {machine.name: machine for machine in found}
        finally:
            for machine in found:
                machine.power_off()


@pytest.fixture(scope="session")
def pair(lab):
    """Both gateways as one cluster, set up from nothing, and ADMIN outside of it."""
    pair = Pair(lab["switch"], lab["gw1"], lab["gw2"], start_admin(lab["switch"]), DEFAULT)
    pair.set_up()
    return pair


@pytest.fixture(scope="session")
def figures():
    """What was measured, printed at the end: docs/performance.md has one run of it."""
    found = {}
    yield found
    print("\n" + "\n".join(f"{name}: {report}" for name, report in found.items()))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Adds what the nodes have logged to the report of a failed test."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and "lab" in item.fixturenames:
        for machine in item.funcargs.get("lab", {}).values():
            if machine.is_on:
                text = machine.result("bash", "-c", "tail -n 60 /var/log/pacemaker.log /var/log/corosync.log /var/log/keepalived.log /run/admin.log").stdout
                report.sections.append((machine.name, machine.output + text))


def pytest_collection_modifyitems(items):
    """keepalived first, on machines that have not been a cluster yet; then the pair, in the order of its life."""
    order = ["test_measure", "test_documents", "test_keepalived", "test_pair", "test_registry"]
    items.sort(key=lambda item: order.index(item.module.__name__))
