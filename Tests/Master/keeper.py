#!/usr/bin/python3
"""Plays portcullis-keeper with --keep-main: stores descriptors, starts a main process that was killed again, takes orphans.

usage: keeper.py FOLDER COMMAND…

FOLDER gets `keeper-notify`, `keeper-names` and `keeper-log`: a line for each start, `ready`, `end`. With KEEPER_LOSES it
forgets processes before each start.
"""

import array
import ctypes
import os
import select
import signal
import socket
import struct
import sys

from portcullis_testing.processes import become

PR_SET_CHILD_SUBREAPER = 36
folder, command = sys.argv[1], sys.argv[2:]
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
notify.bind(f"{folder}/keeper-notify")
notify.setblocking(False)
telling, hearing = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
store = {}
log = open(f"{folder}/keeper-log", "a", buffering=1)


def start():
    if "KEEPER_LOSES" in os.environ:
        for name in [name for name in store if name.split("/")[0] in ("starting", "ready")]:
            os.close(store.pop(name))
    names = [*store, "keeper"]
    sources = [*store.values(), hearing.fileno()]
    process = os.fork()
    if process:
        log.write(f"start {process}\n")
        return process
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    become(command, {
        **os.environ, "LISTEN_FDS": str(len(sources)), "LISTEN_FDNAMES": ":".join(names), "LISTEN_PID": str(os.getpid()),
        "NOTIFY_SOCKET": f"{folder}/keeper-notify"}, sources)


def take(main):
    while True:
        try:
            text, ancillary, _, _ = notify.recvmsg(4096, 4096)
        except BlockingIOError:
            return
        descriptors, sender = array.array("i"), 0
        for level, kind, data in ancillary:
            if kind == socket.SCM_RIGHTS:
                descriptors.frombytes(data)
            elif kind == socket.SCM_CREDENTIALS:
                sender = struct.unpack("=iII", data)[0]
        fields = dict(line.split("=", 1) for line in text.decode().split("\n"))
        if fields.get("READY") == "1":
            log.write("ready\n")
        if sender == main and fields.get("FDSTORE") == "1":
            if old := store.pop(fields["FDNAME"], None):
                os.close(old)
            store[fields["FDNAME"]] = descriptors[0]
            assert len(store) <= 1536, "too many descriptors"
        if fields.get("FDSTOREREMOVE") == "1" and fields["FDNAME"] in store:
            os.close(store.pop(fields["FDNAME"]))
        with open(f"{folder}/keeper-names.new", "w") as names:
            names.write("\n".join(store))
        os.rename(f"{folder}/keeper-names.new", f"{folder}/keeper-names")


os.setsid()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGCHLD])
signals_read, signals_write = os.pipe()
main, is_stopping = start(), False
while True:
    select.select([notify], [], [], 0.005)
    take(main)
    if signal.sigtimedwait([signal.SIGTERM], 0):
        is_stopping = True
        os.kill(main, signal.SIGTERM)
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            sys.exit(0)
        if process == 0:
            break
        if process != main:
            telling.setblocking(False)
            try:
                telling.send(f"EXITED {process} {status}".encode())
            except BlockingIOError:
                pass
            continue
        take(main)
        if os.WIFSIGNALED(status) and not is_stopping:
            main = start()
        else:
            log.write(f"end {os.waitstatus_to_exitcode(status)}\n")
            sys.exit(0)
