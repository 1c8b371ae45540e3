"""ADMIN, the node of a server that builds, and the source directory of the type `web`."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from portcullis_testing import processes
from portcullis_testing.admin import Admin
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import lives
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

# What builds the type: waits for `go` if there is `wait`, and writes down what it was given.
BUILD = """\
#!/bin/sh
echo "building $PORTCULLIS_TYPE $PORTCULLIS_VERSION $PORTCULLIS_VARIANT"
if test -e wait; then
    setsid sleep 1000 &
    echo "$$ $!" > pids
    while ! test -e go; do sleep 0.05; done
    kill $!
fi
mkdir -p out/bin out/share
echo "#!/bin/sh
exec sleep 1000" > out/bin/run
chmod 755 out/bin/run
env | grep -v '^_=' | grep -v ^PWD= | sort > environment
echo "$PORTCULLIS_VERSION $FLAVOUR" > out/share/version
id -un > user
"""


class Yard:
    """`user` is the one as which versions are built: none with rights, where the tests run as root."""

    user = "nobody" if os.geteuid() == 0 else None

    def __init__(self):
        # The one who builds must be able to reach it.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="yard-"))
        self.folder.chmod(0o755)
        self.source = self.folder / "source"
        self.source.mkdir()
        self.write("build.sh", BUILD, 0o755)
        self.own(self.source)
        self.token, self.nodes, self.labels = None, {}, {"build1": ["builder"], "app1": []}

    def __enter__(self):
        self.admin = Admin(HERE, self.folder, "--log-level", "info")
        try:
            self.token = self.admin.add_token("ops", "admin")
            processes.run(binary("portcullis"), "keys", "new", self.folder / "release.key")
            self.type("web")
            self.apply()
            self.start("build1", builds={"web": self.entry()})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes.values():
            node.kill()
        for state in self.folder.glob("*/srv/node/*/*/state"):
            for line in state.read_text().splitlines():
                if line.split()[0] in ("main", "keeper-process"):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(line.split()[1]), signal.SIGKILL)
        self.admin.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # What there is

    def write(self, path, text, mode=0o644):
        file = self.source / path
        file.write_text(text)
        file.chmod(mode)
        return file

    def own(self, path):
        if self.user:
            shutil.chown(path, self.user)

    def entry(self, **more):
        """How node.yaml has the type built."""
        return {"source": str(self.source), "command": ["./build.sh"], "directory": "out", "environment": {"FLAVOUR": "plain"},
                "variants": {"debug": {"environment": {"FLAVOUR": "debug"}}},
                **({"user": self.user} if self.user else {}), **more}

    def type(self, name, **more):
        (self.folder / f"{name}.yaml").write_text(json.dumps({
            "type": name, "install": {"files": ["**"]}, "run": {"command": ["bin/run"]}, **more}))

    def apply(self):
        servers = {name: {"kind": "app", "addresses": [f"10.1.0.{index}"], **({"labels": labels} if labels else {})}
                   for index, (name, labels) in enumerate(self.labels.items(), start=1)}
        types = [path.name for path in sorted(self.folder.glob("*.yaml")) if path.name != "cloud.yaml"]
        (self.folder / "cloud.yaml").write_text(json.dumps({"types": types, "locations": {"tcn": {"servers": servers}}}))
        self.portcullis("apply", "-f", self.folder / "cloud.yaml")

    def start(self, name, *, before=(), **settings):
        """Starts the node of a server; `before` is a command that runs it."""
        folder = self.folder / name
        (folder / "srv").mkdir(parents=True, exist_ok=True)
        values = {"admin-url": self.admin.url, "server": name, "root": str(folder / "srv"), "users": "agent", "interval": "1",
                  "token-file": str(folder / "token"), **settings}
        configuration = folder / "node.yaml"
        configuration.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items()))
        if not (folder / "token").exists():
            processes.run(binary("portcullis-node"), "join", "--config", configuration,
                          input=self.portcullis("nodes", "join", name))
        if name in self.nodes:
            self.nodes[name].kill()
        self.nodes[name] = processes.Process(
            *before, binary("portcullis-node"), "run", "--config", configuration, log=folder / "node.log",
            start_new_session=True)
        eventually(lambda: self.json("nodes", "show", name).get("report", {}).get("builds", [])
                   == sorted(settings.get("builds", {})), 30, f"{name} telling what it builds")

    # The operator

    def command(self, *words, **options):
        """Runs the command line to its end. Returns its result."""
        environment = {"PORTCULLIS_ADMIN_URL": self.admin.url, **({"PORTCULLIS_TOKEN": self.token} if self.token else {})}
        return processes.result(binary("portcullis"), *words, env={**os.environ, **environment}, **options)

    def portcullis(self, *words):
        done = self.command(*words)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def json(self, *words):
        return json.loads(self.portcullis(*words, "-o", "json"))

    def build(self, name, *words, type="web", on="build1"):
        """Has a version built, to the end. Returns the command's result."""
        return self.command("versions", "build", type, "--name", name, "--on", on, *words)

    def begin(self, name, *words, type="web"):
        """Has a version built whose build waits. Returns the job's identifier, and the processes of the build."""
        (self.source / "pids").unlink(missing_ok=True)
        (self.source / "go").unlink(missing_ok=True)
        self.write("wait", "")
        job = self.json("versions", "build", type, "--name", name, "--on", "build1", "--no-wait", *words)["id"]
        pids = self.source / "pids"
        eventually(lambda: pids.exists() and len(pids.read_text().split()) == 2, 30, f"the beginning of {name}")
        return job, [int(pid) for pid in pids.read_text().split()]

    def go(self):
        self.write("go", "")

    def no_more_waiting(self):
        (self.source / "wait").unlink(missing_ok=True)

    def ended(self, job, timeout=60):
        def end():
            found = self.json("jobs", "show", job)
            return found if found["state"] not in ("waiting", "running") else None
        return eventually(end, timeout, f"the end of job {job}")

    def versions(self):
        return {version["name"] + ("/debug" if version["variant"] == "debug" else ""): version for version in self.json("versions")}

    def left(self, server="build1"):
        """What builds have left in the node's directory."""
        return [path.name for path in (self.folder / server / "srv/node/builds").iterdir()]

    # A witness

    def curl(self, method, path, token, *words):
        """The status and the body of an answer to curl."""
        done = subprocess.run(
            ["curl", "-sS", "-X", method, "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {token}", *words,
             f"{self.admin.url}{path}"], check=True, capture_output=True, text=True, timeout=30)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def node_token(self, server):
        return (self.folder / server / "token").read_text().strip()


def all_gone(pids):
    return not any(lives(pid) for pid in pids)
