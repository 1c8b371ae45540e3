"""What the documents give is what is tested."""

import re

from corosync import SHORT_CONSENSUS, TUNED
from programs import REPOSITORY


def test_tuned_timing_of_the_runbook():
    text = (REPOSITORY / "docs/cluster.md").read_text()
    given = re.search(r"(?ms)^    totem \{\n(.*?)^    \}", text)[1]
    assert {name: int(value) for name, value in re.findall(r"(token|consensus|join): (\d+)", given)} == TUNED
    short = re.search(r"`consensus: (\d+)` alone", text)[1]
    assert {"consensus": int(short)} == SHORT_CONSENSUS
