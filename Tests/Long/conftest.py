import sys

import pytest

from portcullis_testing.repository import REPOSITORY
from portcullis_testing.workshop import Workshop

for folder in ("Tests/Configuration", "Benchmarks"):
    sys.path.append(str(REPOSITORY / folder))


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)
