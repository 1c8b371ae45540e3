"""ADMIN on a free port of the loopback address, and what talks to it: the command line and curl."""

import json
import os
import re
import signal
import subprocess

from programs import binary, eventually


class Admin:
    """A running ADMIN with a registry of its own, and a key for secrets."""

    def __init__(self, folder, *words, database=None, before=(), preexec_fn=None):
        self.words, self.before, self.preexec_fn = words, before, preexec_fn
        self.database = database or folder / "registry.sqlite"
        self.key = folder / "secrets.key"
        self.log = folder / "admin.log"
        self.token = None
        subprocess.run([binary("portcullis-admin"), "secrets-key", self.key], check=True)
        self.start()

    def start(self, port=0):
        with open(self.log, "ab") as output:
            start = output.tell()
            self.process = subprocess.Popen(
                [*self.before, binary("portcullis-admin"), "serve", "--database", self.database,
                 "--secrets-key", self.key, "--listen", f"127.0.0.1:{port}", *(self.words or ("--log-level", "trace"))],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=self.preexec_fn)
        found = eventually(
            lambda: re.search(rb"listening on (https?://127\.0\.0\.1:\d+)\n", self.log.read_bytes()[start:]),
            what="ADMIN listening")
        self.url = found[1].decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0

    def portcullis(self, *words, status=0, text=None):
        """Runs the operator's command and returns what it printed; its errors when it must fail."""
        environment = {"PATH": os.environ["PATH"], "PORTCULLIS_ADMIN_URL": self.url}
        if self.token:
            environment["PORTCULLIS_TOKEN"] = self.token
        run = subprocess.run(
            [binary("portcullis"), *map(str, words)], env=environment, input=text or "", capture_output=True, text=True)
        assert run.returncode == status, f"{words}: {run.returncode}\n{run.stdout}{run.stderr}"
        return run.stderr if status == 1 else run.stdout

    def add_token(self, name, role, *words):
        return subprocess.run(
            [binary("portcullis-admin"), "token", "add", name, "--role", role, *words, "--database", self.database],
            check=True, capture_output=True, text=True).stdout.strip()

    def curl(self, path, *words, token=None):
        """The status, the headers (names in lower case) and the body of an answer."""
        token = token or self.token
        words = [*words, *(["-H", f"Authorization: Bearer {token}"] if token else [])]
        printed = subprocess.run(
            ["curl", "-sS", "-i", *words, self.url + path], check=True, capture_output=True).stdout
        head, body = printed.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        return int(lines[0].split()[1]), headers, body.decode()

    def configuration(self, service, token=None):
        status, _, body = self.curl(f"/v1/services/{service}/config", token=token)
        assert status == 200, body
        return json.loads(body)
