"""The real servers: one process that listens in their namespaces, for requests and for standing connections.

A line that begins with GET is answered as HTTP, and the connection ends; any other is sent back as it came.
"""

import select
import socket

from portcullis_testing.namespaces import Namespace
from switch import SERVERS

PORTS = [8080, 8443, 20000]


def answer_to(name):
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\nConnection: close\r\n\r\n{name}".encode()


def listen():
    """Listeners by their descriptors, with what they answer."""
    listeners = {}
    for name, host in SERVERS.items():
        with Namespace(name, create=False).entered():
            for port in PORTS:
                listener = socket.create_server((f"10.1.0.{host}", port), backlog=1024)
                listener.setblocking(False)
                listeners[listener.fileno()] = listener, answer_to(name)
    return listeners


def serve(listeners):
    poll, connections = select.epoll(), {}
    for number in listeners:
        poll.register(number, select.EPOLLIN)
    while True:
        for number, _ in poll.poll():
            if number in listeners:
                listener, answer = listeners[number]
                try:
                    connection, _ = listener.accept()
                except OSError:
                    continue
                connection.setblocking(False)
                connections[connection.fileno()] = connection, answer
                poll.register(connection.fileno(), select.EPOLLIN)
                continue
            connection, answer = connections[number]
            try:
                data = connection.recv(4096)
                is_request = data.startswith(b"GET")
                if data:
                    connection.sendall(answer if is_request else data)
            except OSError:
                data = b""
            if not data or is_request:
                # Closing takes it out of the poll, too.
                del connections[number]
                connection.close()


if __name__ == "__main__":
    listening = listen()
    print("ready", flush=True)
    serve(listening)
