"""Tokens, through the shipped binaries and curl."""

import json
import time

from portcullis_testing.processes import Process, run
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually

EXPORT = "/v1/locations/tcn/services.csv"


def test_tokens_are_made_listed_and_removed_by_the_command_line(admin):
    admin.token = admin.portcullis("tokens", "add", "ops", "--role", "admin").strip()
    gateway = admin.portcullis(
        "tokens", "add", "gw1", "--role", "gateway", "--gateway", "tcn/gw1", "--expires", "90d").strip()
    assert admin.curl(EXPORT, "-H", "Portcullis-Gateway: gw1", token=gateway)[0] == 200
    assert admin.curl(EXPORT, "-H", "Portcullis-Gateway: gw2", token=gateway)[0] == 403
    rows = [line.split() for line in admin.portcullis("tokens").splitlines()[1:]]
    assert [row[:3] for row in rows] == [["gw1", "gateway", "tcn/gw1"], ["ops", "admin", rows[1][2]]]
    assert "already" in admin.portcullis("tokens", "add", "gw1", "--role", "read", status=1)
    assert "another one" in admin.portcullis("tokens", "remove", "ops", status=1)
    admin.portcullis("tokens", "remove", "gw1", "--dry-run", status=2)
    admin.portcullis("tokens", "remove", "gw1")
    assert admin.curl(EXPORT, token=gateway)[0] == 401


def test_a_held_poll_ends_when_its_token_is_removed_beside_the_server(admin):
    admin.token = admin.add_token("ops", "admin")
    gateway = admin.add_token("gw1", "gateway", "--gateway", "tcn/gw1")
    poll = Process("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Authorization: Bearer {gateway}",
                   "-H", "If-None-Match: *", "-H", "Prefer: wait=60", admin.url + EXPORT)
    eventually(
        lambda: any(token["name"] == "gw1" and "lastUsedAt" in token for token in json.loads(admin.curl("/v1/tokens")[2])),
        what="the poll")
    run(binary("portcullis-admin"), "token", "remove", "gw1", "--database", admin.database)
    start = time.monotonic()
    poll.wait()
    assert poll.text == "401"
    assert time.monotonic() - start < 30
