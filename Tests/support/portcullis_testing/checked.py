"""Servers that are checked: each a process of its own, which a test kills, stops, or lets misbehave.

It answers as the other real servers do (servers.py), at one port, over HTTP or HTTPS. What it does with a request is the word in
its mode file: `ok`, `500`, or `silent` for a connection that is accepted and never answered.
"""

import contextlib
import pathlib
import socketserver
import ssl
import subprocess
import sys
import threading
import time

from portcullis_testing import servers
from portcullis_testing.namespaces import Namespace
from portcullis_testing.processes import Process
from portcullis_testing.topology import SERVERS


class Checked:
    """A server in the namespace `name`, on its two addresses."""

    def __init__(self, folder, name, port, certificate=None):
        self.name, self.port, self.certificate = name, port, certificate
        self.mode_file = pathlib.Path(folder) / f"{name}-{port}.mode"
        self.behave("ok")
        self.process = None
        self.start()

    def start(self):
        words = [self.certificate] if self.certificate else []
        self.process = Process(sys.executable, "-m", __name__, self.name, str(self.port), str(self.mode_file), *words)
        self.process.wait_for("ready\n", 180)

    def behave(self, mode):
        self.mode_file.write_text(mode)

    def kill(self):
        self.process.kill()

    def stop(self):
        if self.process.is_running:
            self.process.kill()


def certificate(folder, name, days):
    """A self-signed certificate with its key, valid for `days` from now; negative: expired since."""
    path = pathlib.Path(folder) / f"{name}.pem"
    begin = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() - 30 * 86400))
    end = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400))
    with contextlib.chdir(folder):
        for file, text in (("index.txt", ""), ("serial", "01\n"), ("ca.cnf", _CA)):
            pathlib.Path(file).write_text(text)
        subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                        "-keyout", "key.pem", "-out", "request.pem"], check=True, capture_output=True)
        subprocess.run(["openssl", "ca", "-batch", "-config", "ca.cnf", "-selfsign", "-keyfile", "key.pem", "-in", "request.pem",
                        "-notext", "-startdate", begin, "-enddate", end, "-out", "certificate.pem"], check=True, capture_output=True)
        path.write_text(pathlib.Path("certificate.pem").read_text() + pathlib.Path("key.pem").read_text())
    return str(path)


_CA = """[ca]
default_ca = own
[own]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
"""


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512


def main():
    name, port, mode_file, *rest = sys.argv[1:]
    context = None
    if rest:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(rest[0])

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            connection = self.request
            with contextlib.suppress(OSError):
                if context:
                    connection = context.wrap_socket(connection, server_side=True)
                data = connection.recv(4096)
                mode = pathlib.Path(mode_file).read_text()
                if mode == "silent":
                    time.sleep(3600)
                if data.startswith(b"hold"):
                    while data:
                        connection.sendall(servers.answer(name, connection, self.client_address))
                        data = connection.recv(4096)
                elif data:
                    body = servers.answer(name, connection, self.client_address)
                    status = "200 OK" if mode == "ok" else "500 Internal Server Error"
                    connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
                                       "Connection: close\r\n\r\n".encode() + body)

    host = SERVERS[name]
    with Namespace(name, create=False).entered():
        listening = [_Server((f"10.1.0.{host}", int(port)), Handler)]
    print("ready", flush=True)
    threads = [threading.Thread(target=server.serve_forever) for server in listening]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
