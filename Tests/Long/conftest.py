import sys

import pytest

from portcullis_testing.repository import REPOSITORY

for folder in ("Tests/Versions", "Tests/Configuration", "Benchmarks"):
    sys.path.append(str(REPOSITORY / folder))

from workshop import Workshop  # noqa: E402


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)
