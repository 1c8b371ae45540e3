import pytest

from builds import Builds
from stage import Stage


@pytest.fixture(scope="session")
def builds(tmp_path_factory):
    """A store with signed versions, and the key that signed them."""
    return Builds(tmp_path_factory.mktemp("builds"))


@pytest.fixture
def stage(tmp_path, builds):
    """ADMIN, four servers with an instance each, two gateways, and a client that asks all the time."""
    with Stage(tmp_path, builds) as stage:
        yield stage
