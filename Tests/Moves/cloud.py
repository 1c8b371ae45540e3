"""ADMIN, the nodes of two servers on loopback, and played gateways."""

import json
import os

from gateway import Gateway, loopback
from portcullis_testing import admin, processes
from portcullis_testing.namespaces import HERE
from portcullis_testing.repository import binary
from portcullis_testing.services import kill_services
from portcullis_testing.waiting import eventually

PORT = 28080

# Listens at the address of its server, answers with that, and writes down its start and end. What is of the type `one` also
# writes down that another one lives.
PROGRAM = """\
#!/usr/bin/python3
import fcntl, http.server, os, pathlib, signal, socket, sys
root = pathlib.Path(os.environ["PORTCULLIS_DIRECTORY"]).parent
address, kind = (root / "address").read_text().strip(), os.environ["PORTCULLIS_SERVICE"].partition(".")[0]
def log(text):
    with open(root.parent.parent / f"{kind}.log", "a") as file:
        file.write(f"{text} {root.parent.name} {os.getpid()}\\n")
if kind == "one":
    lock = open(root.parent.parent / "one.lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        log("twice")
if (root / "broken").exists():
    sys.exit(3)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(address)))
        self.end_headers()
        self.wfile.write(address.encode())
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 64
def end(*_):
    log("end")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
server = Server((address, @PORT@), Handler)
log("start")
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
server.serve_forever()
""".replace("@PORT@", str(PORT))

ACTION = """\
#!/bin/sh
root=${PORTCULLIS_DIRECTORY%/*}
echo "$1 by $PORTCULLIS_SERVICE"
test ! -e "$root/$1-fails" || exit 4
sleep 0.3
echo "$1 $PORTCULLIS_SERVICE" >> "$root/../../actions"
"""

TEST = """\
#!/bin/sh
test ! -e "${PORTCULLIS_DIRECTORY%/*}/ill"
"""


class Cloud:
    # What ADMIN has, which takes no loopback addresses: the gateways reach `loopback` of it.
    servers = {"app1": "10.1.0.1", "app2": "10.1.0.2"}

    def __init__(self, folder):
        self.folder, self.nodes, self.gateways, self.token = folder, {}, [], None

    def __enter__(self):
        self.admin = admin.Admin(HERE, self.folder, "--log-level", "info")
        try:
            self._prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for gateway in self.gateways:
            gateway.stop()
        for node in self.nodes.values():
            node.kill()
        for root in self.folder.glob("*/srv"):
            kill_services(root)
        self.admin.kill()

    def _prepare(self):
        processes.run(binary("portcullis"), "keys", "new", self.folder / "release.key")
        self.key = processes.run(binary("portcullis"), "keys", "show", self.folder / "release.key.pub")
        self.token = self.admin.add_token("ops", "admin")
        for name, more in (("web", {"gateway": [{"name": "http", "address": "ip", "ports": {80: PORT}}]}),
                           ("one", {"unique": True})):
            self.type(name, **more)
        cloud = {
            "types": ["web.yaml", "one.yaml"],
            "locations": {"tcn": {"pools": {"ip": ["198.51.100.1"]}, "servers": {
                name: {"kind": "app", "addresses": [address]} for name, address in self.servers.items()}}}}
        (self.folder / "cloud.yaml").write_text(json.dumps(cloud))
        self.portcullis("apply", "-f", self.folder / "cloud.yaml")
        for name in ("web", "one"):
            self.version(name)
        for name in self.servers:
            self.start_node(name)

    def type(self, name, **more):
        actions = [{"name": action, "command": ["bin/action", action]} for action in ("demote", "promote")]
        actions.append({"name": "tick", "command": ["bin/action", "tick"], "every": "1m"})
        (self.folder / f"{name}.yaml").write_text(json.dumps({
            "type": name, "install": {"files": ["**"]}, "actions": actions,
            "build": {"command": ["true"], "variants": {"debug": {}}},
            "run": {"command": ["bin/run"], "ready": "notify", "stop-timeout": 5},
            "tests": [{"name": "alive", "command": ["bin/test"]}], **more}))

    def version(self, kind, variant="release"):
        source, store = self.folder / f"{kind}-files", self.folder / "store"
        (source / "bin").mkdir(parents=True, exist_ok=True)
        for name, text in (("run", PROGRAM), ("action", ACTION), ("test", TEST)):
            (source / "bin" / name).write_text(text)
            (source / "bin" / name).chmod(0o755)
        self.portcullis("versions", "build", kind, "--name", "1.0.0", "--variant", variant, "--types",
                        self.folder / f"{kind}.yaml", "--from", source, "--store", store, "--no-command")
        self.portcullis("versions", "sign", kind, f"1.0.0/{variant}", "--key", self.folder / "release.key", "--store", store)
        self.portcullis("versions", "push", kind, f"1.0.0/{variant}", "--store", store)

    def start_node(self, name):
        """A server with a root of its own, where its services find the address to listen at."""
        folder = self.folder / name
        (folder / "srv").mkdir(parents=True)
        (folder / "srv" / "address").write_text(loopback(self.servers[name]))
        settings = {"admin-url": self.admin.url, "server": name, "root": str(folder / "srv"), "users": "agent",
                    "interval": "1", "token-file": str(folder / "token")}
        configuration = folder / "node.yaml"
        configuration.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items()) + self.key)
        processes.run(binary("portcullis-node"), "join", "--config", configuration,
                      input=self.portcullis("nodes", "join", name))
        self.nodes[name] = processes.Process(
            binary("portcullis-node"), "run", "--config", configuration, log=folder / "node.log", start_new_session=True)

    def start_gateway(self, name="gw1"):
        token = self.admin.add_token(name, "gateway", "--gateway", f"tcn/{name}")
        self.gateways.append(Gateway(self.admin.url, name, token))
        return self.gateways[-1]

    def restart_admin(self):
        """Kills ADMIN (-9) and starts it again at its port."""
        self.admin.port = self.admin.url.rpartition(":")[2]
        self.admin.kill()
        self.admin.start()

    def restart_node(self, name):
        self.nodes[name].kill()
        self.nodes[name].start()

    # The operator

    @property
    def _environment(self):
        return {"PORTCULLIS_ADMIN_URL": self.admin.url, **({"PORTCULLIS_TOKEN": self.token} if self.token else {})}

    def command(self, *words):
        return processes.result(binary("portcullis"), *words, env={"PATH": os.environ["PATH"], **self._environment})

    def portcullis(self, *words, status=0):
        done = self.command(*words)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stderr if status else done.stdout

    def start_command(self, *words):
        return processes.Process(binary("portcullis"), *words, environment=self._environment)

    def json(self, *words):
        return json.loads(self.portcullis(*words, "-o", "json"))

    def service(self, name):
        return {service["name"]: service for service in self.json("services", "list")}[name]

    def move(self, service):
        """The newest move of a service as ADMIN tells it; empty if there is none."""
        done = processes.result(
            "curl", "-sS", "-f", "-H", f"Authorization: Bearer {self.token}",
            f"{self.admin.url}/v1/services/{service}/move")
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def run_state(self, service, server):
        """What the node of a server says of a service."""
        nodes = {node["server"]: node for node in self.json("nodes", "list")}
        return nodes[server].get("services", {}).get(service)

    def install(self, service, server, version="1.0.0"):
        self.portcullis("services", "add", service, server, "--version", version)
        eventually(lambda: self.run_state(service, server) == "running", 60, f"{service} on {server}", pause=0.2)
        eventually(lambda: self.effective(service) == "ready", what=f"{service} in the export")

    def effective(self, service):
        """The state of a service in the export."""
        states = {one["name"]: one["effective"]["state"] for one in self.json("services", "list")}
        return states[service]

    def reached(self, service, *stages, timeout=60):
        """Waits until a move has one of the stages or states, and returns it."""
        def is_there():
            move = self.move(service)
            return move if move.get("stage") in stages or move.get("state") in stages else None
        try:
            return eventually(is_there, timeout, f"the move of {service} at {stages}", pause=0.02)
        except AssertionError as failure:
            raise AssertionError(f"{failure}: {self.move(service)}\n{self.admin.text[-3000:]}") from None

    def log(self, kind):
        """What programs of a type have written down: text, server and process."""
        path = self.folder / f"{kind}.log"
        return [tuple(line.split()) for line in path.read_text().splitlines()] if path.exists() else []

    def actions(self):
        path = self.folder / "actions"
        return path.read_text().splitlines() if path.exists() else []
