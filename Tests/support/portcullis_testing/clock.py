"""The wall clock of the machine, which only tests in the lab machine set."""

import contextlib
import time

from portcullis_testing.namespaces import HERE


@contextlib.contextmanager
def clock_set(seconds):
    """Sets the wall clock by so many seconds, for a while."""
    def set_by(difference):
        HERE.run("date", "-s", f"@{time.time() + difference:.3f}")

    set_by(seconds)
    try:
        yield
    finally:
        set_by(-seconds)
