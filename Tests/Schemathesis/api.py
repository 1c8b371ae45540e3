"""Runs schemathesis on an ADMIN that holds the fixtures, on a free port of the loopback address.

usage: api.py SCHEMATHESIS WORD… (its command line, but for the description's address and the token). The status is not 0 when an
answer is a 5xx or is not as described, when ADMIN has ended, and when it has logged an error.
"""

import json
import os
import re
import sys
import tempfile

from crash import CRASH
from portcullis_testing.admin import Admin
from portcullis_testing.namespaces import HERE
from portcullis_testing.processes import Process, run
from portcullis_testing.repository import FIXTURES, binary


def send(admin, token, method, path, body):
    run("curl", "-sSf", "-o", os.devnull, "-X", method, "-H", f"Authorization: Bearer {token}", "-H",
        "Content-Type: application/json", "-d", json.dumps(body), f"{admin.url}{path}")


def main(*schemathesis):
    with tempfile.TemporaryDirectory() as folder, Admin(HERE, folder, "--log-level", "info", has_key=True) as admin:
        token = admin.add_token("schemathesis", "admin")
        run(binary("portcullis"), "apply", "-f", FIXTURES / "cloud.yaml",
            env={**os.environ, "PORTCULLIS_ADMIN_URL": admin.url, "PORTCULLIS_TOKEN": token})
        gateway = admin.add_token("gw1", "gateway", "--gateway", "tcn/gw1")
        run("curl", "-sf", "-o", os.devnull, "-H", f"Authorization: Bearer {gateway}", "-H", "Portcullis-Gateway: gw1",
            f"{admin.url}/v1/locations/tcn/services.csv")
        # What a rollout can be about: versions without files, and a service that has one.
        for version, variant in (("1.0", "release"), ("1.0", "debug"), ("2.0", "release")):
            manifest = {"format": 1, "type": "tg", "name": version, "variant": variant, "files": []}
            send(admin, token, "PUT", f"/v1/versions/tg/{version}?variant={variant}",
                 {"manifest": json.dumps(manifest), "signatures": []})
        send(admin, token, "PATCH", "/v1/services/tg.1", {"version": "1.0"})
        send(admin, token, "POST", "/v1/servers/app2/crashes", CRASH)
        # Its output is the test's.
        status = Process(*schemathesis, f"{admin.url}/openapi.json", "--header", f"Authorization: Bearer {token}",
                         cwd=folder, stdout=None, stderr=None).wait(None)
        if not admin.is_running:
            sys.exit(f"portcullis-admin has ended:\n{admin.text[-5000:]}")
        if errors := [line for line in admin.text.splitlines() if re.search(" (error|critical) ", line)]:
            sys.exit("\n".join([*errors, "portcullis-admin logged the errors above"]))
        sys.exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
