"""An unchanged poll costs one conditional request and nothing else."""

import re

from portcullis_testing import witnesses
from portcullis_testing.waiting import eventually

POLLS = 4


def answers(calls):
    return re.findall(r'"HTTP/1\.1 (\d+)', calls)


def test_an_unchanged_poll_is_a_304_and_leaves_the_kernel_alone(cloud, network, gateway):
    gateway_namespace = network.gateway
    # A drain asks the kernel for its connections; the kernel counts one for two minutes after its end.
    eventually(lambda: gateway.status["drains"] == [], timeout=300, what="the end of drains of tests before")
    before = gateway_namespace.run("ipvsadm", "-Sn")
    with witnesses.nft_monitor(gateway_namespace) as monitor, witnesses.system_calls(gateway) as calls:
        eventually(lambda: answers(calls.text).count("304") >= POLLS, what=f"{POLLS} polls")
        quiet_calls, quiet_monitor = calls.text, monitor.text

        # The witnesses see a change, so their silence above means something.
        cloud.run("services", "weight", "pgw.1", "50")
        eventually(lambda: ":80 -r 10.1.0.11:8080 -m -w 50" in gateway_namespace.run("ipvsadm", "-Sn"))
        # Not a range: nft 1.0.6 prints what lies in memory for the end of a range, and at times ends before the next line.
        cloud.edit("types/pgw.yaml", "443: 8443}", "443: 8443, 444: 8443}")
        cloud.apply()
        eventually(lambda: "new generation" in monitor.text, what="nft monitor's line about a commit")
    try:
        assert gateway.status["drains"] == []
        # A report, once a minute, has an answer of its own.
        others = [status for status in answers(quiet_calls) if status != "304"]
        assert others == ["200"] * len(others) and len(others) <= len(re.findall(r'"POST /v1/gateways/', quiet_calls))
        assert witnesses.netlink_lines(quiet_calls) == []
        assert quiet_monitor == ""
        assert witnesses.netlink_lines(calls.text) != []
    finally:
        cloud.reset()
        eventually(lambda: gateway_namespace.run("ipvsadm", "-Sn") == before, what="the state before")
