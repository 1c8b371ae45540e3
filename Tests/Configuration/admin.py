"""ADMIN with all that talks to it: the command line and curl."""

import json
import os

from portcullis_testing import admin
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import result, run
from portcullis_testing.repository import binary


class Admin(admin.Admin):
    """A running ADMIN with a registry of its own, and a key for secrets."""

    def __init__(self, folder, *words, **options):
        self.token = None
        super().__init__(HERE, folder, *(words or ("--log-level", "trace")), has_key=True, **options)

    def stop(self):
        assert super().stop() == 0

    def command(self, *words, **options):
        """Runs the operator's command to its end, whatever that is."""
        environment = {"PATH": os.environ["PATH"], "PORTCULLIS_ADMIN_URL": self.url}
        if self.token:
            environment["PORTCULLIS_TOKEN"] = self.token
        return result(binary("portcullis"), *words, env=environment, **options)

    def start_command(self, *words):
        """Starts the operator's command, without waiting for it."""
        return HERE.start(binary("portcullis"), *words, environment={"PORTCULLIS_ADMIN_URL": self.url})

    def portcullis(self, *words, status=0, text=None):
        """Runs the operator's command and returns what it printed; its errors when it must fail."""
        done = self.command(*words, input=text or "")
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stderr if status == 1 else done.stdout

    def curl(self, path, *words, token=None):
        """The status, the headers (names in lower case) and the body of an answer."""
        token = token or self.token
        words = [*words, *(["-H", f"Authorization: Bearer {token}"] if token else [])]
        head, body = run("curl", "-sS", "-i", *words, self.url + path, text=False).split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        return int(lines[0].split()[1]), headers, body.decode()

    def configuration(self, service, token=None):
        status, _, body = self.curl(f"/v1/services/{service}/config", token=token)
        assert status == 200, body
        return json.loads(body)
