import pytest

from compiler import Compiler
from played_master import PlayedMaster


@pytest.fixture(scope="session")
def compiler(tmp_path_factory):
    """Compiles the programs of this folder, each once."""
    return Compiler(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def master(tmp_path):
    """A script that plays the master."""
    with PlayedMaster(tmp_path) as master:
        yield master
