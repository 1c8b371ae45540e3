"""What gdb shows of a worker that has crashed, as the node runs it."""

import time

from portcullis_testing.processes import result


class Report:
    def __init__(self, text, seconds):
        self.text, self.seconds = text, seconds

    def frame(self, function):
        """The lines of one frame: its head, with arguments and place, and its variables."""
        lines = self.text.splitlines()
        heads = [index for index, line in enumerate(lines) if line.startswith("#") and f" {function} (" in line]
        assert heads, f"there is no frame of {function}:\n{self.text}"
        end = next((index for index in range(heads[0] + 1, len(lines)) if lines[index].startswith("#")), len(lines))
        return "\n".join(lines[heads[0]:end])


def report(pid, thread):
    """Attaches, and prints the crashed thread with its variables, then all threads.

    A stack that has overflowed has a hundred thousand frames, which take gdb minutes.
    """
    start = time.monotonic()
    select = f"python [thread.switch() for thread in gdb.selected_inferior().threads() if thread.ptid[1] == {thread}]"
    done = result("gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-p", pid,
                  "-ex", "set backtrace limit 100",
                  "-ex", select, "-ex", "bt full", "-ex", "thread apply all bt", timeout=60)
    return Report(done.stdout + done.stderr, time.monotonic() - start)
