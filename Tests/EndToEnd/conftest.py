"""Fixtures of the scenarios. They need root and a kernel with IPVS; `run` beside this file sees to both."""

import itertools
import json

import pytest

from portcullis_testing import exports, scripted as scripts, servers as real_servers, topology, traffic, witnesses
from portcullis_testing.admin import PORT, Admin, Operator
from portcullis_testing.gateway import Gateway
from portcullis_testing.processes import Process


@pytest.fixture(scope="session")
def network():
    """The namespaces with their servers listening, for the whole session."""
    assert topology.have_ipvs(), "this kernel has no IPVS: start the tests with Tests/EndToEnd/run"
    made = topology.Topology()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def servers(network):
    """The process that answers in the servers' namespaces."""
    with real_servers.start() as process:
        yield process


@pytest.fixture(scope="session")
def client(network, servers):
    """A client that has all the time a busy machine may take."""
    return traffic.Client(network.client, timeout=30)


@pytest.fixture(scope="session")
def hasty(client):
    """A client that soon takes silence for an answer: for what should be dropped."""
    return traffic.Client(client.namespace, timeout=1.0)


@pytest.fixture(scope="session")
def fresh():
    """Takes client addresses that no test has used yet, IPv4: nothing in the kernel remembers them."""
    remaining = iter(topology.FRESH4)
    return lambda count: list(itertools.islice(remaining, count))


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Files of the programs: registry, state, logs."""
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="session")
def admin(network, folder):
    program = Admin(network.gateway, folder, port=PORT)
    yield program
    status = program.stop()
    assert status == 0, f"portcullis-admin ended with status {status}\n{program.text[-4000:]}"


@pytest.fixture(scope="session")
def gateway(admin, network, folder):
    """The gateway's daemon, its part of the kernel still empty."""
    # An audit reads IPVS: its netlink would be taken for a poll's (test_unchanged).
    program = Gateway(network.gateway, folder, {"audit-interval": 3600})
    yield program
    status = program.stop()
    assert status == 0, f"portcullis-gateway ended with status {status}\n{program.text[-4000:]}"


@pytest.fixture(scope="session")
def operator(network, admin, folder):
    """The cloud of the fixtures, applied through the command line."""
    operator = Operator(network.gateway, folder)
    try:
        admin.wait_until_ready()
        operator.apply()
    except (AssertionError, RuntimeError) as failure:
        pytest.fail(f"{failure}\nADMIN: {admin.text[-3000:]}")
    return operator


@pytest.fixture(scope="session")
def cloud(operator, gateway):
    """The same, carried out by the daemon."""
    try:
        gateway.follow(operator)
    except AssertionError as failure:
        pytest.fail(f"{failure}\ngateway: {gateway.text[-3000:]}")
    return operator


class Daemons:
    """Daemons of a test's own, one at a time: `gateway` above takes the kernel for the rest of the session."""

    def __init__(self, network, folder):
        self.network, self.folder, self.current = network, folder, None
        self._numbers = itertools.count(1)

    def start_anew(self, settings=None, **how):
        """On an empty kernel, and in a folder of its own: it knows of nothing before it."""
        self.stop()
        witnesses.clear(self.network.gateway)
        return self.start(settings, f"gateway{next(self._numbers)}", **how)

    def start(self, settings=None, folder=None, **how):
        """Ends the daemon before; in another folder the next one knows nothing of it."""
        self.stop()
        folder = self.folder / (folder or "gateway")
        folder.mkdir(exist_ok=True)
        self.current = Gateway(self.network.gateway, folder, {"interval": 1, **(settings or {})}, **how)
        return self.current

    def stop(self):
        program, self.current = self.current, None
        if program:
            status = program.stop()
            assert status == 0, f"portcullis-gateway ended with status {status}\n{program.text[-4000:]}"

    def kill(self):
        program, self.current = self.current, None
        program.kill()


@pytest.fixture(scope="module")
def daemons(request, network, tmp_path_factory):
    """Starts daemons; the kernel is empty before and after."""
    witnesses.clear(network.gateway)
    made = Daemons(network, tmp_path_factory.mktemp(request.module.__name__))
    yield made
    try:
        made.stop()
    finally:
        witnesses.clear(network.gateway)


@pytest.fixture(scope="module")
def scripted(network):
    """ADMIN as a script plays it."""
    made = scripts.ScriptedAdmin(network.gateway)
    yield made
    made.go()


@pytest.fixture
def daemon(daemons, scripted, settings):
    """A daemon by the module's `settings` that knows of nothing before it, the usual cloud applied."""
    program = daemons.start_anew(settings)
    scripted.give(program, exports.cloud())
    return program


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Adds what the programs wrote to the report of a failed test."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for name, program in item.funcargs.items():
            program = program.current if isinstance(program, Daemons) else program
            if isinstance(program, Process):
                report.sections.append((name, program.text[-4000:]))
                if isinstance(program, Gateway):
                    report.sections.append(("status", json.dumps(program.status, indent=1)))


def pytest_configure(config):
    config.addinivalue_line("markers", "at_once: packets are on their way while the kernel is written to, on another processor (see run)")
    config.addinivalue_line("markers", "long: takes minutes; `make long` runs it")


def pytest_collection_modifyitems(items):
    """The session's daemon stays once it runs: first the kernel by itself, then tests with daemons of their own. What its
    last tests leave to drain may take minutes: nothing that wants a quiet kernel comes after them."""
    order = ["test_demo", "test_module", "test_kernel", "test_own_traffic", "test_translation", "test_pair",
             "test_faults", "test_adoption", "test_drain", "test_limits", "test_source_limits", "test_hairpin", "test_egress",
             "test_health", "test_reports", "test_waiting", "test_documents", "test_guard", "test_ownership", "test_doctor",
             "test_drift", "test_owner", "test_open_closed", "test_clock", "test_crash", "test_outside", "test_traffic",
             "test_unchanged", "test_rollouts", "test_changes", "upgrade"]
    items.sort(key=lambda item: order.index(item.module.__name__))
