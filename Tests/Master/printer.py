#!/usr/bin/python3
"""A worker that prints numbered lines as fast as it can: `N COUNT` with its worker's number, in writes of many lines.

usage: printer.py LINES. It says that it is ready, prints that many lines, a line `N end`, and lives on.
"""

import os
import socket
import sys
import time

worker, lines = os.environ.get("PORTCULLIS_WORKER", "0"), int(sys.argv[1])
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
    sender.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
for first in range(0, lines, 1000):
    # Beyond 4096 bytes a write is not atomic, and lines end in the middle of a page.
    text = "".join(f"{worker} {number} {'x' * (number % 97)}\n" for number in range(first, min(first + 1000, lines)))
    data = text.encode()
    while data:
        data = data[os.write(1 + first // 1000 % 2, data):]
print(f"{worker} end", flush=True)
time.sleep(1000)
