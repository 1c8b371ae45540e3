#!/usr/bin/python3
"""A worker for the tests: it answers each connection with its number and its process, and does as it is told.

Its sockets are the inherited ones. Settings: WORKER_READY (when it says READY=1: at once, `no`, or a file that must be
there), WORKER_BIND (a port that it binds itself), WORKER_HELLO (what it says on its control socket), the file
PORTCULLIS_CONFIG (`broken`: it ends with status 9).
"""

import os
import pathlib
import selectors
import signal
import socket
import struct
import sys
import threading
import time

NUMBER = os.environ.get("PORTCULLIS_WORKER", "0")
assert os.environ["LISTEN_PID"] == str(os.getpid()), "LISTEN_PID is another process"
count = int(os.environ.get("LISTEN_FDS", 0))
names = os.environ["LISTEN_FDNAMES"].split(":") if count else []
sockets = [socket.socket(fileno=3 + index) for index in range(count)]
configuration = os.environ.get("PORTCULLIS_CONFIG")
text = pathlib.Path(configuration).read_text() if configuration and os.path.exists(configuration) else ""
if text == "broken":
    sys.exit(9)
is_hanging = False


def notify(message):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(message.encode(), os.environ["NOTIFY_SOCKET"])
        except OSError:
            pass


def beat():
    while True:
        if not is_hanging:
            notify("WATCHDOG=1")
        time.sleep(int(os.environ["WATCHDOG_USEC"]) / 3e6)


def lua(end, message):
    """Plays the library's console: `print TEXT`, `fail TEXT` and `loop`; all else is its own result."""
    word, session, rest = (message.split(" ", 2) + [""])[:3]
    if word == "LUA-OPEN":
        end.send(f"LUA-OPENED {session}".encode())
    elif word == "LUA-EVAL" and rest.startswith("print "):
        end.send(f"LUA-OUT {session} {rest[6:]}\n".encode())
        end.send(f"LUA-RESULT {session} ok ".encode())
    elif word == "LUA-EVAL" and rest.startswith("fail "):
        end.send(f"LUA-RESULT {session} error {rest[5:]}".encode())
    elif word == "LUA-EVAL" and rest == "loop":
        end.send(f"LUA-TAINTED {session} it is in a function of the program".encode())
    elif word == "LUA-EVAL":
        end.send(f"LUA-RESULT {session} ok {rest} in {session} of {os.getpid()}".encode())


def control():
    end = socket.socket(fileno=int(os.environ["PORTCULLIS_CONTROL_FD"]))
    end.send(os.environ["WORKER_HELLO"].encode())
    while message := end.recv(65536).decode():
        if message.startswith("LUA-"):
            lua(end, message)
        if message.startswith("CONFIG "):
            global text
            new = pathlib.Path(message.split(" ", 1)[1]).read_text()
            if new == "broken":
                end.send(b"CONFIG-REFUSED line 1: it is broken")
            else:
                text = new
                end.send(b"CONFIG-TAKEN")


def park(*_):
    """As the crash part does: a record, and a pause in which a debugger may come."""
    record = struct.pack("=IIiiiiiIQQQq", 0x31524350, 64, os.getpid(), os.getpid(), 11, 1, 0, 0, 0xDEAD, 0xBEEF, 0, 0)
    os.write(int(os.environ["PORTCULLIS_CRASH_FD"]), record)
    time.sleep(30)
    os.kill(os.getpid(), signal.SIGKILL)


def obey(connection):
    global is_hanging
    words = connection.recv(200).decode().split()
    if not words or words[0] == "who":
        connection.sendall(f"{NUMBER} {os.getpid()} {text}\n".encode())
        return
    if words[0] == "environment":
        connection.sendall("".join(f"{name}={value}\n" for name, value in sorted(os.environ.items())).encode())
        return
    # What else it is told takes long, or is its end.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    if words[0] == "exit":
        os._exit(int(words[1]))
    elif words[0] == "signal":
        os.kill(os.getpid(), int(words[1]))
    elif words[0] == "park":
        park()
    elif words[0] == "hang":
        is_hanging = True
        time.sleep(1000)
    elif words[0] == "notify":
        notify(" ".join(words[1:]))


def reload(*_):
    global text
    text = pathlib.Path(configuration).read_text()
    if text == "broken":
        os._exit(9)


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.signal(signal.SIGHUP, reload)
signal.signal(signal.SIGUSR2, park)
if os.environ.get("WORKER_IGNORES_TERM"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if port := os.environ.get("WORKER_BIND"):
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind(("127.0.0.1", int(port)))
    own.listen()
    sockets.append(own)
if "WATCHDOG_USEC" in os.environ:
    threading.Thread(target=beat, daemon=True).start()
if "WORKER_HELLO" in os.environ:
    threading.Thread(target=control, daemon=True).start()
ready = os.environ.get("WORKER_READY", "")
if ready != "no":
    while ready and not os.path.exists(ready):
        time.sleep(0.01)
    notify("READY=1\nSTATUS=serving")
waiting = selectors.DefaultSelector()
for one in sockets:
    one.setblocking(False)
    waiting.register(one, selectors.EVENT_READ)
while True:
    for key, _ in waiting.select():
        one = key.fileobj
        try:
            if one.type == socket.SOCK_DGRAM:
                _, address = one.recvfrom(2000)
                one.sendto(f"{NUMBER} {os.getpid()}".encode(), address)
                continue
            # Whom it has accepted it answers before it ends.
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            connection, _ = one.accept()
            connection.setblocking(True)
            with connection:
                obey(connection)
        except BlockingIOError:
            # The old worker, which has the same socket, was faster.
            continue
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
