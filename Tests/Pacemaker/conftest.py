"""A node without a cluster: the agents installed, ADMIN with the cloud of the fixtures, a wire to the other gateway."""

import os

import pytest

import node as nodes
from portcullis_testing import exports, scripted as scripts
from portcullis_testing.agents import Agent
from portcullis_testing.namespaces import HERE


@pytest.fixture(scope="session", autouse=True)
def node():
    """The lab machine as a node: interfaces, users, programs, agents where pacemaker looks for them."""
    assert os.environ.get("LAB_MACHINE"), "start the tests with Tests/Pacemaker/run"
    nodes.prepare_node()


@pytest.fixture(scope="session")
def scripted(node):
    """ADMIN as a script plays it, with the usual cloud."""
    made = scripts.ScriptedAdmin(HERE)
    made.serve(exports.cloud())
    yield made
    made.go()


@pytest.fixture
def gateway(scripted):
    """The gateway's agent; the node is as it was before, afterwards."""
    agent = nodes.Gateway(scripted.url)
    yield agent
    agent.restore()


@pytest.fixture
def admin(node):
    """ADMIN's agent, likewise."""
    agent = nodes.Admin()
    yield agent
    agent.restore()


@pytest.fixture
def addresses(node):
    """The addresses' agent, likewise."""
    agent = nodes.Addresses(addresses="203.0.113.7/32@public0 2001:db8:7::7/128@public0 10.1.0.1/24@inside")
    yield agent
    agent.restore()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Adds the services' own logs to the report of a failed test."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for name, agent in item.funcargs.items():
            if isinstance(agent, Agent):
                report.sections.append((name, agent.log))
