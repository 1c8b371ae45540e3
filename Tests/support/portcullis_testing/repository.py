"""The paths of the repository, its fixtures, and the tested binaries."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
FIXTURES = REPOSITORY / "fixtures"


def binary(name):
    """The path of a binary. If it has not been built, fails with its name."""
    path = pathlib.Path(os.environ.get("PORTCULLIS_BIN", REPOSITORY / ".build/debug")) / name
    assert os.access(path, os.X_OK), f"{path} is missing: swift build, or set PORTCULLIS_BIN"
    return path
