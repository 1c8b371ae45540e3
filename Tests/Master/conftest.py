import pytest

from stage import Stage


@pytest.fixture
def stage():
    """A folder for a master that was not started yet."""
    with Stage() as stage:
        yield stage
