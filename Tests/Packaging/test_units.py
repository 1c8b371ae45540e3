"""The shipped units by themselves: how much they leave open, and whether systemd understands every line of them."""

import os
import pathlib
import re
import shutil

import pytest

from portcullis_testing.processes import result
from portcullis_testing.repository import REPOSITORY

PACKAGING = REPOSITORY / "packaging"
UNITS = ["portcullis-admin.service", "portcullis-checks.service", "portcullis-gateway.service",
         "portcullis-gateway-table.service", "portcullis-node.service"]
LARGEST_EXPOSURE = 2.0
# It is root to give services users of their own, and what is not allowed to it is not allowed to any service.
LARGEST_EXPOSURES = {"portcullis-node.service": 3.7}


def analyze(*words):
    environment = {**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0"}
    return result("systemd-analyze", "--no-pager", *words, env=environment)


@pytest.mark.parametrize("unit", UNITS)
def test_exposure_is_low(unit):
    found = analyze("security", "--offline=yes", PACKAGING / unit)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", found.stdout)
    assert exposure, found.stdout + found.stderr
    print(f"{unit}: {exposure[1]}")
    gaps = "\n".join(line for line in found.stdout.splitlines() if not line.startswith("✓"))
    assert float(exposure[1]) <= LARGEST_EXPOSURES.get(unit, LARGEST_EXPOSURE), gaps


def test_systemd_understands_every_line(tmp_path):
    # A root folder with systemd's own units, ours, and programs where ours expect them
    system = next(path for path in map(pathlib.Path, ("/usr/lib/systemd/system", "/lib/systemd/system")) if path.is_dir())
    shutil.copytree(system, tmp_path / "usr/lib/systemd/system", symlinks=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    for unit in UNITS:
        shutil.copy(PACKAGING / unit, tmp_path / "usr/lib/systemd/system")
        for program in re.findall(r"(?m)^Exec(?:Start|Reload)=[+]?/(\S+)", (PACKAGING / unit).read_text()):
            (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / program).touch(0o755)
    verified = analyze("verify", "--man=no", f"--root={tmp_path}", *UNITS)
    ours = [line for line in (verified.stdout + verified.stderr).splitlines() if any(unit in line for unit in UNITS)]
    assert verified.returncode == 0 and not ours, verified.stdout + verified.stderr
