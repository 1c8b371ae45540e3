"""What machines inside reach in the world: a listener in the client's namespace that tells who has come."""

import contextlib
import json
import selectors
import socket
import threading

PORT = 7000


class Outside:
    """Answers TCP lines and UDP datagrams at the namespace's addresses with the peer's address and port."""

    def __init__(self, namespace, addresses):
        self._selector = selectors.DefaultSelector()
        self._end, self._wake = socket.socketpair()
        self._selector.register(self._end, selectors.EVENT_READ, None)
        self._open = []
        with namespace.entered():
            for address in addresses:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                for kind, handler in ((socket.SOCK_STREAM, self._accept), (socket.SOCK_DGRAM, self._datagram)):
                    listener = socket.socket(family, kind)
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    listener.bind((address, PORT))
                    if kind == socket.SOCK_STREAM:
                        listener.listen(128)
                    listener.setblocking(False)
                    self._selector.register(listener, selectors.EVENT_READ, handler)
                    self._open.append(listener)
        self._listeners = len(self._open)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                with contextlib.suppress(OSError):
                    key.data(key.fileobj)

    def _accept(self, listener):
        connection, _ = listener.accept()
        self._selector.register(connection, selectors.EVENT_READ, self._line)
        self._open.append(connection)

    def _line(self, connection):
        data = connection.recv(4096)
        if data:
            connection.sendall(_answer(connection.getpeername()))
        else:
            self._selector.unregister(connection)
            connection.close()

    @staticmethod
    def _datagram(listener):
        _, peer = listener.recvfrom(4096)
        listener.sendto(_answer(peer), peer)

    def say(self, text):
        """Sends a line on every connection, unasked."""
        for connection in self._open[self._listeners:]:
            with contextlib.suppress(OSError):
                connection.sendall(text)

    def close(self):
        self._wake.send(b".")
        self._thread.join()
        for endpoint in [*self._open, self._end, self._wake]:
            endpoint.close()


def _answer(peer):
    return json.dumps({"server": "outside", "port": peer[1], "client": peer[0]}).encode() + b"\n"
