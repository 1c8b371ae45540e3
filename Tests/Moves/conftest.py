import pytest

from cloud import Cloud


@pytest.fixture
def cloud(tmp_path):
    """ADMIN, nodes on app1 and app3, and a gateway with clients."""
    with Cloud(tmp_path) as cloud:
        yield cloud
