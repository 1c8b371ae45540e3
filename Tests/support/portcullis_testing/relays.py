"""Carries TCP connections from a namespace's loopback to somewhere else: clients there reach what listens elsewhere."""

import socket
import threading


def relay(namespace, port, connect):
    """Carries connections to the namespace's 127.0.0.1:port to where `connect` leads, for as long as this program lives."""
    with namespace.entered():
        listener = socket.create_server(("127.0.0.1", port))

    def carry(source, destination):
        try:
            while data := source.recv(65536):
                destination.sendall(data)
        except OSError:
            pass
        for end in (source, destination):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(inner):
        try:
            outer = connect()
        except OSError:
            inner.close()
            return
        back = threading.Thread(target=carry, args=(outer, inner), daemon=True)
        back.start()
        carry(inner, outer)
        back.join()
        inner.close()
        outer.close()

    def accept():
        while True:
            try:
                inner, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(inner,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


def connection_from(namespace, address):
    """Connects from the namespace."""
    with namespace.entered():
        return socket.create_connection(address)
