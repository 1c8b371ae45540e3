"""What tests leave behind on servers that they have played."""

import contextlib
import os
import pathlib
import signal


def kill_services(root):
    """Kills all that runs of the services in a node's directory: whatever has inherited their locks, keepers first, which
    would start their masters again, and then the masters, which would start their workers again."""
    locks = {(status.st_dev, status.st_ino) for path in pathlib.Path(root).glob("node/*/*/lock") for status in [path.stat()]}
    for name in ("portcullis-keep", "portcullis-mast", ""):
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (process / "comm").read_text().startswith(name) and _holds(process, locks):
                    os.kill(int(process.name), signal.SIGKILL)


def _holds(process, locks):
    for file in (process / "fd").iterdir():
        with contextlib.suppress(OSError):
            status = file.stat()
            if (status.st_dev, status.st_ino) in locks:
                return True
    return False
