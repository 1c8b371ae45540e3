"""The commands that the documents give, typed in their order."""

import os
import re

import pytest

from admin import Admin
from portcullis_testing.documents import blocks
from portcullis_testing.processes import result
from portcullis_testing.repository import REPOSITORY, binary

LOOPBACK = "http://127.0.0.1:8080"


@pytest.fixture
def empty(tmp_path):
    """ADMIN as the documents start it: with a key for secrets, without a cloud and without tokens."""
    admin = Admin(tmp_path)
    try:
        yield admin
    finally:
        admin.stop()


def shell(admin, folder, script, status=0):
    done = result(
        "bash", "-eo", "pipefail", "-c", script, cwd=folder,
        env={"PATH": f"{os.path.dirname(binary('portcullis'))}:{os.environ['PATH']}", "PORTCULLIS_ADMIN_URL": admin.url})
    assert done.returncode == status, f"{script}\n{done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_examples_of_the_rest_api_work_in_their_order_on_an_empty_admin(empty, tmp_path):
    [script] = [block.text for block in blocks("admin.md", "REST API") if block.text.startswith(f"A={LOOPBACK}")]
    # Any status of 400 or above ends the shell.
    shell(empty, tmp_path, 'curl() { command curl -sS --fail-with-body "$@"; }\n' + script.replace(LOOPBACK, empty.url))


@pytest.mark.parametrize("document, heading", [
    ("configuration.md", "Checking a change before making it"),
    ("cli.md", "The operator's command line"),
])
def test_commands_work_in_their_order_on_an_empty_admin(empty, tmp_path, document, heading):
    (tmp_path / "fixtures").symlink_to(REPOSITORY / "fixtures")
    commands = re.findall(r"(?m)^\$ (.*)", "\n".join(block.text for block in blocks(document, heading)))
    assert commands
    for command in commands:
        # A difference is exit code 2. `gateways --wait` fails without a gateway, as the document says.
        allowed = 2 if re.search(r"--dry-run|\bdiff\b", command) else 1 if "gateways" in command else 0
        shell(empty, tmp_path, command.replace("--wait 30", "--wait 1"), status=allowed)
