import pytest

from examples import Examples
from stage import Stage


@pytest.fixture
def stage(tmp_path):
    """A script that plays ADMIN, a store of versions, and a node that was not started yet."""
    with Stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def examples(stage):
    """The examples of the repository, as services of that node."""
    return Examples(stage)
