"""What the agent costs while it has nothing to do but wait."""

import threading
import time

from portcullis_testing.namespaces import free_port
from portcullis_testing.waiting import eventually


def test_an_agent_that_waits_for_a_content_uses_no_processor(stage):
    """Each look at a service costs little, but one after another would keep a processor busy."""
    first, second = (stage.server_version(f"{number}.0", free_port()) for number in range(2))
    asked, go = threading.Event(), threading.Event()

    def hold(path):
        if path.startswith("/v1/blobs/"):
            asked.set()
            go.wait(30)

    used = []
    for version in (first, second):
        asked.clear(), go.clear()
        stage.admin.before = hold
        stage.admin.assign("pgw.1", version)
        if not stage.node:
            stage.start()
        eventually(asked.is_set, what="the node asking for a content")
        began = stage.node.cpu
        time.sleep(2)
        used.append(stage.node.cpu - began)
        go.set()
        stage.settled("pgw.1", version=version)
    # Ten looks, and the reports of them. What else the machine does adds nothing: this is CPU time.
    assert max(used) < 0.1, used
