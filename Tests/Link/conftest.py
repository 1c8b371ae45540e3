import pytest

from cloud import Cloud


@pytest.fixture
def cloud(tmp_path):
    """ADMIN, the node of app1, and tg.1 with two workers."""
    with Cloud(tmp_path) as cloud:
        yield cloud
