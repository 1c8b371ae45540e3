"""Where things are: the repository, its fixtures, the binaries that are tested."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
FIXTURES = REPOSITORY / "fixtures"


def binary(name):
    """The path of a binary; fails by name when it has not been built."""
    path = pathlib.Path(os.environ.get("PORTCULLIS_BIN", REPOSITORY / ".build/debug")) / name
    assert os.access(path, os.X_OK), f"{path} is missing: swift build, or set PORTCULLIS_BIN"
    return path
