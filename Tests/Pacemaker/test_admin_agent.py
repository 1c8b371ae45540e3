"""ocf:portcullis:admin: ocf-tester, and what each action answers when something is missing, wrong, dead or hung."""

import os
import pathlib
import signal
import time

import pytest

from portcullis_testing import processes
from portcullis_testing.agents import ARGS, CONFIGURED, GENERIC, INSTALLED, NOT_RUNNING, OK, PERM, UNIMPLEMENTED
from portcullis_testing.waiting import eventually


def test_ocf_tester_finds_nothing_wrong(admin):
    result = admin.ocf_tester()
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.rstrip().endswith("passed all tests")


def test_a_life_from_start_to_stop(admin):
    assert admin.probe().status == NOT_RUNNING
    assert admin.statuses("start", "start", "monitor") == [OK, OK, OK]
    assert processes.result("curl", "-sf", "http://127.0.0.1:8080/readyz").returncode == 0
    status = pathlib.Path(f"/proc/{admin.process}/status").read_text()
    assert "CapEff:\t0000000000000000" in status
    assert admin.statuses("stop", "stop", "monitor") == [OK, OK, NOT_RUNNING]


@pytest.mark.parametrize("action", ["start", "validate-all"])
def test_what_is_missing_is_told_apart(admin, action):
    assert admin.call(action, level=10, binary="/usr/bin/absent").status == INSTALLED
    assert admin.call(action, level=10, config="/etc/portcullis/absent.yaml").status == ARGS
    assert admin.call(action, level=10, caller="nobody").status == PERM
    for parameter in ({"timeout": 0}, {"url": "admin.example"}, {"config": "admin.yaml"}):
        assert admin.call(action, **parameter).status == CONFIGURED


def test_level_0_of_validation_does_not_look_at_the_node(admin):
    assert admin.call("validate-all", binary="/usr/bin/absent", config="/etc/portcullis/absent.yaml").status == OK


def test_what_does_not_exist_is_not_implemented(admin):
    assert admin.statuses("promote", "migrate_to") == [UNIMPLEMENTED, UNIMPLEMENTED]


def test_a_configuration_that_it_does_not_take_fails_the_start(admin):
    admin.file.write_text("listen: nowhere\n")
    answer = admin.call("start")
    assert answer.status == GENERIC
    assert "it ended" in answer.output


def test_dead_and_hung(admin):
    admin.call("start")
    os.kill(admin.process, signal.SIGKILL)
    eventually(lambda: admin.call("monitor").status == GENERIC, what="a failed monitor")
    assert admin.statuses("stop", "start", "monitor") == [OK, OK, OK]
    os.kill(admin.process, signal.SIGSTOP)
    assert admin.call("monitor", timeout=2).status == GENERIC
    began = time.monotonic()
    assert admin.call("stop").status == OK
    assert time.monotonic() - began < 60
    assert admin.probe().status == NOT_RUNNING
