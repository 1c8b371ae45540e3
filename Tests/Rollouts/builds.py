"""The versions of the type pgw, built and signed by the shipped command."""

import json
import re

from portcullis_testing.processes import run
from portcullis_testing.repository import binary

# Where clients reach the type, and where each instance listens on its server's address.
PUBLIC_PORT, PORT = 18080, 18081

TYPE = f"""\
type: pgw
gateway:
  - name: http
    address: www-ip
    ports: {{{PUBLIC_PORT}: {PORT}}}
    protocol: tcp
    drain: 20
build: {{command: ["true"], variants: {{debug: {{}}, debug-test: {{}}}}}}
install: {{files: [bin/*]}}
run:
  command: [bin/pgw]
  ready: notify
  start-timeout: 10
  stop-timeout: 5
tests:
  - {{name: ping, command: [bin/ping], timeout: 20}}
  - {{name: reached, http: {{port: {PUBLIC_PORT}, path: /reached}}, from: outside, timeout: 8}}
upgrade: {{batch: 1, bake: 1, deadline: 30}}
"""

# A service that refuses to run beside itself, writes down each start, and answers with its version.
PROGRAM = """\
#!/usr/bin/python3
import fcntl, http.server, os, pathlib, signal, socket, sys
VERSION, FAULT = @VERSION@, @FAULT@
service, here = os.environ["PORTCULLIS_SERVICE"], pathlib.Path(os.environ["PORTCULLIS_DIRECTORY"])
lock = open(here / "own-lock", "w")
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    (here / "twice").write_text("it ran twice")
    sys.exit(1)
with open(here / "starts", "a") as starts:
    starts.write(f"{pathlib.Path.cwd().name} {VERSION} {os.getpid()}\\n")
print("this is", service, VERSION, flush=True)
if FAULT == "start":
    sys.exit("it cannot start")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if FAULT == "outside" and self.path == "/reached" else 200)
        self.end_headers()
        self.wfile.write(f"{service} {VERSION}".encode())
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
server = Server((f"10.1.0.{10 + int(service.split('.')[1])}", @PORT@), Handler)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"].replace("@", "\\0", 1))
server.serve_forever()
"""

# The version's own test, run on the server.
PING = """\
#!/usr/bin/python3
import os, pathlib, sys, time, urllib.request
VERSION, FAULT = @VERSION@, @FAULT@
if FAULT == "test":
    sys.exit("the answer is wrong")
if FAULT == "hold":
    here = pathlib.Path(os.environ["PORTCULLIS_DIRECTORY"])
    (here / "testing").touch()
    while (here / "hold").exists():
        time.sleep(0.05)
index = os.environ["PORTCULLIS_SERVICE"].split(".")[1]
answer = urllib.request.urlopen(f"http://10.1.0.{10 + int(index)}:@PORT@/ping", timeout=10).read().decode()
assert answer == f"pgw.{index} {VERSION}", answer
"""


class Builds:
    """A store with the versions, and the key that has signed them. Each version is built when it is first asked for."""

    def __init__(self, folder):
        self.folder, self.store, self.key = folder, folder / "store", folder / "release.key"
        self.type = folder / "pgw.yaml"
        self.type.write_text(TYPE)
        # No server trusts the other key.
        self.foreign_key = folder / "foreign.key"
        for key in (self.key, self.foreign_key):
            run(binary("portcullis"), "keys", "new", key)
        self.trusted = run(binary("portcullis"), "keys", "show", f"{self.key}.pub")
        self.digests = {}

    def digest(self, name):
        """The digest of a version; what is wrong with it follows number or variant: `1.7.0-test`, `1.5.0/debug-test`."""
        if name not in self.digests:
            fault = re.search(r"-(start|test|outside|hold|foreign)$", name)
            source = self.folder / name.replace("/", "+")
            number, _, variant = name.partition("/")
            for file, text in {"pgw": PROGRAM, "ping": PING}.items():
                path = source / "bin" / file
                path.parent.mkdir(parents=True, exist_ok=True)
                for word, value in {"@VERSION@": repr(name), "@FAULT@": repr(fault and fault[1]), "@PORT@": str(PORT)}.items():
                    text = text.replace(word, value)
                path.write_text(text)
                path.chmod(0o755)
            made = run(binary("portcullis"), "versions", "build", "pgw", "--name", number, *(["--variant", variant] if variant else []), "--types", self.type, "--from",
                       source, "--store", self.store, "--no-command", "-o", "json")
            key = self.foreign_key if fault and fault[1] == "foreign" else self.key
            run(binary("portcullis"), "versions", "sign", "pgw", name, "--key", key, "--store", self.store)
            self.digests[name] = json.loads(made)["digest"]
        return self.digests[name]
