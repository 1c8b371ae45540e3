"""keepalived under the same load, on the same machines: what ours stands beside."""

import pytest

import keepalived
from measure import Load


@pytest.fixture(scope="module")
def couple(lab):
    """keepalived on both; taken away again for the tests that follow."""
    gateways = [lab["gw1"], lab["gw2"]]
    for gateway in gateways:
        keepalived.start(gateway)
    keepalived.wait_until_active(gateways[0])
    yield gateways
    for gateway in gateways:
        gateway.power_off()
        gateway.boot()
    for gateway in gateways:
        gateway.wait()


def test_planned_switch_over(couple, lab, figures):
    with Load(lab["switch"]) as load:
        load.go_on(12)
        keepalived.stop(couple[0])
        load.recover()
    figures["keepalived, planned switch-over"] = load.report
    assert load.report.failures, "a switch-over that nobody notices was none"
    keepalived.start(couple[0])
    keepalived.wait_until_active(couple[0])


def test_power_off_of_the_active_one(couple, lab, figures):
    with Load(lab["switch"]) as load:
        load.go_on(12)
        couple[0].power_off()
        load.recover()
    figures["keepalived, power-off"] = load.report
    # Three advertisements a second apart must be missing before the other one takes over.
    assert 2 < load.report.longest.length
