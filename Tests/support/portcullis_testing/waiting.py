"""The one way to wait for something to come true."""

import os
import time

# How much slower the clocks of the lab's machines run than the host's
DILATION = int(os.environ.get("PORTCULLIS_LAB_DILATION", 1))


def eventually(condition, timeout=60, what="the condition", pause=0.1):
    """Waits until the condition yields something true, and returns that; longer where the lab's clocks are slowed down."""
    deadline = time.monotonic() + timeout * DILATION
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come true within {timeout} s"
        time.sleep(pause)
    return found
