"""ocf:portcullis:addresses: ocf-tester, addresses that come and go together, and what is wrong being told."""

import os
import pathlib

import pytest

from portcullis_testing import processes
from portcullis_testing.agents import CONFIGURED, GENERIC, INSTALLED, NOT_RUNNING, OK, PERM, UNIMPLEMENTED


def test_ocf_tester_finds_nothing_wrong(addresses):
    result = addresses.ocf_tester()
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.rstrip().endswith("passed all tests")


def test_they_come_and_go_together_and_leave_others_alone(addresses):
    public, inside = addresses.on("public0"), addresses.on("inside")
    assert addresses.probe().status == NOT_RUNNING
    assert addresses.statuses("start", "start", "monitor") == [OK, OK, OK]
    assert addresses.on("public0") == public | {"203.0.113.7/32", "2001:db8:7::7/128"}
    assert addresses.on("inside") == inside | {"10.1.0.1/24"}
    # An address that is being looked for on the link answers nobody.
    assert "tentative" not in processes.result("ip", "address", "show", "dev", "public0").stdout
    assert addresses.statuses("stop", "stop", "monitor") == [OK, OK, NOT_RUNNING]
    assert (addresses.on("public0"), addresses.on("inside")) == (public, inside)


def test_one_that_is_missing_is_named_and_comes_back(addresses):
    addresses.call("start")
    processes.result("ip", "address", "del", "203.0.113.7/32", "dev", "public0")
    answer = addresses.call("monitor")
    assert (answer.status, "203.0.113.7/32" in answer.output) == (GENERIC, True), answer.output
    assert addresses.statuses("start", "monitor") == [OK, OK]


def test_an_interface_that_is_missing_is_named(addresses):
    answer = addresses.call("start", addresses="203.0.113.7/32@public0 203.0.113.8/32@absent")
    assert (answer.status, "absent" in answer.output) == (GENERIC, True), answer.output
    assert addresses.call("stop", addresses="203.0.113.7/32@public0 203.0.113.8/32@absent").status == OK
    assert addresses.call("validate-all", level=10, addresses="203.0.113.8/32@absent").status == INSTALLED
    assert addresses.call("validate-all", level=0, addresses="203.0.113.8/32@absent").status == OK


@pytest.mark.parametrize("wrong", [
    "", "203.0.113.7", "203.0.113.7/32", "203.0.113.7@public0", "203.0.113.7/32@", "public0@203.0.113.7/32", "203.0.113.7/32@a;b",
    "203.0.113.7/32/4@public0", "203.0.113.7/32@public0@inside", "2001:DB8::7/128@public0"])
def test_what_is_no_address_is_refused(addresses, wrong):
    for action in ("start", "monitor", "validate-all"):
        answer = addresses.call(action, addresses=wrong)
        assert (answer.status, "addresses" in answer.output) == (CONFIGURED, True), answer.output


def test_other_actions_users_and_parameters(addresses):
    assert addresses.statuses("promote", "migrate_to") == [UNIMPLEMENTED, UNIMPLEMENTED]
    assert addresses.call("start", caller="nobody").status == PERM
    assert addresses.call("validate-all", announcements="many").status == CONFIGURED
    assert addresses.statuses("reload-agent", "meta-data") == [OK, OK]


def test_reload_gives_up_what_went_and_stop_what_it_ever_took(addresses):
    public, inside = addresses.on("public0"), addresses.on("inside")
    addresses.call("start")
    # Of the same network as the one before it, which the kernel would take the new one along with.
    changed = "203.0.113.9/32@public0 2001:db8:7::7/128@public0 10.1.0.254/24@inside"
    assert addresses.call("reload-agent", addresses=changed).status == OK
    assert addresses.on("public0") == public | {"203.0.113.9/32", "2001:db8:7::7/128"}
    assert addresses.on("inside") == inside | {"10.1.0.254/24"}
    assert addresses.call("monitor", addresses=changed).status == OK
    # By the parameters of before: a reload that pacemaker has not seen end.
    assert addresses.call("stop").status == OK
    assert (addresses.on("public0"), addresses.on("inside")) == (public, inside)


@pytest.mark.parametrize("ip, status", [(None, INSTALLED), ("exit 1", GENERIC)])
def test_nobody_says_they_are_gone_who_cannot_look(addresses, tmp_path, monkeypatch, ip, status):
    """The other node would take them as well."""
    addresses.call("start")
    programs = [program for folder in ("/usr/bin", "/bin") for program in pathlib.Path(folder).iterdir()]
    for program in programs:
        if program.name != "ip" and not (tmp_path / program.name).exists():
            (tmp_path / program.name).symlink_to(program)
    if ip:
        (tmp_path / "ip").write_text(f"#!/bin/sh\n{ip}\n")
        (tmp_path / "ip").chmod(0o755)
    with monkeypatch.context() as context:
        context.setitem(os.environ, "PATH", str(tmp_path))
        assert addresses.call("monitor").status == status
        assert addresses.call("stop").status == GENERIC
    assert addresses.statuses("monitor", "stop", "monitor") == [OK, OK, NOT_RUNNING]
