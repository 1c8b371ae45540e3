"""Plays a log target: takes syslog by TCP or TLS, and does what receivers do when they fail."""

import re
import socket
import ssl
import struct
import threading

HEAD = re.compile(rb"<(\d+)>1 (\S+) (\S+) (\S+) - - - ")


class Receiver:
    """Each message as (priority, host, service, text), in the order in which they came."""

    def __init__(self, port=0, certificate=None):
        self.port, self.certificate = port, certificate
        self.messages, self.connections = [], 0
        # After so many bytes a connection is reset; None: never.
        self.resets_after = None
        self.takes = threading.Event()
        self.takes.set()
        self._listener = self._open = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.takes.set()
        self.stop()

    def start(self):
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A small one, so that a hanging receiver is full soon.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self._open = []
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def stop(self):
        """Goes away: connections are reset."""
        if self._listener:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
            for connection in self._open:
                self._reset(connection)

    @staticmethod
    def _reset(connection):
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.shutdown(socket.SHUT_RD)
            connection.close()
        except OSError:
            pass

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            try:
                connection = context.wrap_socket(connection, server_side=True)
            except OSError:
                return
        data, count = b"", 0
        while True:
            self.takes.wait()
            try:
                more = connection.recv(8192)
            except OSError:
                return
            if not more:
                connection.close()
                return
            count += len(more)
            data = self._take(data + more)
            if self.resets_after and count > self.resets_after:
                self._reset(connection)
                return

    def _take(self, data):
        while (space := data.find(b" ")) >= 0:
            length = int(data[:space])
            if len(data) < space + 1 + length:
                break
            frame, data = data[space + 1:space + 1 + length], data[space + 1 + length:]
            head = HEAD.match(frame)
            assert head, frame[:200]
            self.messages.append((int(head[1]), head[3].decode(), head[4].decode(), frame[head.end():]))
        return data

    def texts(self, service="pgw.1"):
        return [text for _, _, name, text in list(self.messages) if name == service]
