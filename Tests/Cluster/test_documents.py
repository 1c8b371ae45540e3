"""What the documents give is what is tested."""

import re

import corosync
import registry
from corosync import SHORT_CONSENSUS, TUNED
from portcullis_testing.repository import REPOSITORY


def test_tuned_timing_of_the_runbook():
    text = (REPOSITORY / "docs/cluster.md").read_text()
    given = next(block for block in re.findall(r"(?ms)^    totem \{\n(.*?)^    \}", text) if "token:" in block)
    assert {name: int(value) for name, value in re.findall(r"(token|consensus|join): (\d+)", given)} == TUNED
    short = re.search(r"`consensus: (\d+)` alone", text)[1]
    assert {"consensus": int(short)} == SHORT_CONSENSUS


def words(text):
    """Without indentation, and without what differs by nature: where keys, logs and disks are, encryption, which the lab has no use for."""
    own = ("disk /dev/", "crypto_", "to_", "logfile", "timestamp", "transport")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith(own)]


def blocks(begin):
    """The indented blocks of the runbook that begin with a line."""
    text = (REPOSITORY / "docs/cluster.md").read_text()
    return [words(found) for found in re.findall(rf"(?m)^ +{re.escape(begin)}\n(?: +.*\n)+", text)]


def test_corosync_of_the_runbook():
    assert words(corosync.configuration({})) in blocks("totem {")


def test_registry_of_the_runbook():
    assert words(registry.RESOURCE) in blocks("resource portcullis {")
