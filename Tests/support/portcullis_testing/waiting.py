"""The single way to wait for a condition."""

import os
import time

# The factor by which the clocks of the lab's machines are slower than the host's
DILATION = int(os.environ.get("PORTCULLIS_LAB_DILATION", 1))


def eventually(condition, timeout=60, what="the condition", pause=0.1):
    """Waits until the condition returns something true, and returns that. Waits longer if the lab's clocks are slowed down."""
    deadline = time.monotonic() + timeout * DILATION
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {timeout} s"
        time.sleep(pause)
    return found
