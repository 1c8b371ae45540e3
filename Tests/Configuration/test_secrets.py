"""Binary secrets, the replacement of their key, and which service has which revision, through the shipped binaries."""

import base64
import json
import os
import re
import time

import pytest

from portcullis_testing.processes import result, run
from portcullis_testing.repository import binary

KEY = bytes(range(256)) * 2
TYPE = """type: vault
require-index: true
config:
  - sort-order: 100
    values: {key: !secret-base64 tls-key, password: !secret db-password}
"""


def seed(admin, tmp_path):
    """Two services with a binary and a text secret, and the tokens of both."""
    file = tmp_path / "key.bin"
    file.write_bytes(KEY)
    admin.portcullis("secrets", "set", "tls-key", "--file", file)
    admin.portcullis("secrets", "set", "db-password", text="plugh\n")
    (tmp_path / "vault.yaml").write_text(TYPE)
    admin.portcullis("types", "put", tmp_path / "vault.yaml")
    admin.portcullis("services", "add", "vault.1", "app1")
    admin.portcullis("services", "add", "vault.2", "app2")
    admin.token = admin.add_token("ops", "admin")
    return [admin.add_token(f"v{index}", "service", "--service", f"vault.{index}") for index in (1, 2)]


def rekey(admin, *words):
    return result(binary("portcullis-admin"), "secrets", "rekey", "--database", admin.database, "--secrets-key", admin.key,
                  *words)


@pytest.mark.parametrize("content", [None, b"SQLite format 3\0" + bytes(4080)], ids=["missing", "damaged"])
def test_a_registry_that_is_refused_gets_no_lock(tmp_path, content):
    key, database = tmp_path / "key", tmp_path / "registry.sqlite"
    run(binary("portcullis-admin"), "secrets-key", key)
    if content:
        database.write_bytes(content)
    commands = [("secrets", "rekey", "--secrets-key", key)]
    if content:
        commands.append(("serve", "--listen", "127.0.0.1:0"))
    for words in commands:
        done = result(binary("portcullis-admin"), *words, "--database", database)
        assert done.returncode == 1, words
        assert "there is no registry" in done.stderr or "damaged" in done.stderr, done.stderr
        assert not (tmp_path / "registry.sqlite.lock").exists(), words


def test_a_binary_secret_comes_out_as_base64_and_nowhere_as_a_text(admin, tmp_path):
    token, _ = seed(admin, tmp_path)
    seen = lambda token=None: [admin.configuration("vault.1", token)[name] for name in ("key", "password")]
    assert seen(token) == [base64.b64encode(KEY).decode(), "plugh"]
    assert seen() == [{"!secret-base64": "tls-key"}, {"!secret": "db-password"}]
    assert re.search(r"^tls-key +binary +1 ", admin.portcullis("secrets"), re.M)
    (tmp_path / "vault.yaml").write_text(TYPE.replace("!secret-base64", "!secret"))
    error = admin.portcullis("types", "put", tmp_path / "vault.yaml", status=1)
    assert 'vault.yaml:5:19: the secret "tls-key" is binary and no text; !secret-base64' in error, error
    # A text that a type names as one cannot become binary.
    error = admin.portcullis("secrets", "set", "db-password", "--file", tmp_path / "key.bin", status=1)
    assert 'vault.yaml:5:53: the secret "db-password" is binary' in error, error
    # REST has a member of its own for bytes, and limits with their place.
    json_of = ("-X", "PUT", "-H", "Content-Type: application/json", "-d")
    put = lambda body: admin.curl("/v1/secrets/tls-key", *json_of, json.dumps(body))
    assert put({"base64": base64.b64encode(b"\xff\x00").decode()})[0] == 200
    assert admin.configuration("vault.1", token)["key"] == "/wA="
    for body, place in (({"base64": "/wA"}, "#/base64"), ({"base64": ""}, "#/base64"), ({}, "#"),
                        ({"base64": "/wA=", "value": "x"}, "#")):
        status, _, answer = put(body)
        assert status == 422 and json.loads(answer)["errors"][0]["pointer"] == place, answer
    # What is no text needs --file.
    error = admin.portcullis("secrets", "set", "tls-key", tmp_path / "key.bin", status=1)
    assert "key.bin: the value is no UTF-8 text" in error and "--file" in error.splitlines()[-1], error
    (tmp_path / "large").write_bytes(b"\xff" * 65537)
    assert "larger than" in admin.portcullis("secrets", "set", "tls-key", "--file", tmp_path / "large", status=1)
    assert admin.command("secrets", "set", "tls-key", "x", "--file", "y").returncode == 64


def test_who_has_which_revision_is_known_also_after_a_restart(admin, tmp_path):
    first, _ = seed(admin, tmp_path)
    assert admin.portcullis("secrets", "usage", "db-password").count("not fetched") == 2
    tag = admin.curl("/v1/services/vault.1/config", token=first)[1]["etag"]
    rows = lambda: {row["service"]: row for row in json.loads(
        admin.portcullis("secrets", "usage", "db-password", "-o", "json"))}
    row = rows()["vault.1"]
    assert (row["revision"], row["current"], row["named"]) == (1, True, True)
    since = row["since"]
    time.sleep(0.01)
    assert admin.curl("/v1/services/vault.1/config", "-H", f"If-None-Match: {tag}", token=first)[0] == 304
    assert rows()["vault.1"]["since"] == since < rows()["vault.1"]["last"]
    admin.portcullis("secrets", "set", "db-password", text="xyzzy\n")
    assert (rows()["vault.1"]["revision"], rows()["vault.1"]["current"]) == (1, False)
    assert re.search(r"^vault\.1 +1 +older ", admin.portcullis("secrets", "usage", "db-password"), re.M)
    configurations = admin.portcullis("config", "usage", "--type", "vault")
    assert re.search(r"^vault\.1 +older +20", configurations, re.M), configurations
    assert re.search(r"^vault\.2 +not fetched +never +never$", configurations, re.M), configurations
    assert len(configurations.splitlines()) == 3
    # What others read is no use, and a service's own word survives.
    admin.configuration("vault.2")
    assert "revision" not in rows()["vault.2"]
    admin.stop()
    admin.start()
    assert rows()["vault.1"]["since"] == since
    assert admin.configuration("vault.1", first)["password"] == "xyzzy"
    assert (rows()["vault.1"]["revision"], rows()["vault.1"]["current"]) == (2, True)
    assert "there is no secret" in admin.portcullis("secrets", "usage", "none", status=1).lower()


def test_the_key_is_replaced_whole_and_no_service_notices(admin, tmp_path):
    token, _ = seed(admin, tmp_path)
    tag = admin.curl("/v1/services/vault.1/config", token=token)[1]["etag"]
    before = admin.configuration("vault.1", token)
    key = admin.key.read_text()
    running = rekey(admin)
    assert running.returncode == 1 and "in use by another ADMIN" in running.stderr, running.stderr
    assert "systemctl stop" in running.stderr and admin.key.read_text() == key
    check = rekey(admin, "--check")
    assert check.returncode == 0 and check.stdout.split()[2:] == ["1", "2"], check
    admin.stop()
    done = rekey(admin)
    assert done.returncode == 0 and "2 secrets are encrypted with a new key" in done.stdout, done.stderr
    assert admin.key.read_text() != key and admin.key.read_text().count("\n") == 1
    assert admin.key.stat().st_mode & 0o777 == 0o600
    admin.start()
    status, headers, _ = admin.curl("/v1/services/vault.1/config", "-H", f"If-None-Match: {tag}", token=token)
    assert status == 304 and headers["etag"] == tag
    assert admin.configuration("vault.1", token) == before
    assert "revision 1, encrypted with another key" in admin.portcullis("events")
    # The key from before decrypts nothing any more.
    (tmp_path / "old").write_text(key)
    (tmp_path / "old").chmod(0o600)
    old = result(binary("portcullis-admin"), "secrets", "rekey", "--check", "--database", admin.database, "--secrets-key",
                 tmp_path / "old")
    assert old.returncode == 1 and "decrypts db-password, tls-key" in old.stderr, old.stderr


def test_killed_at_each_of_its_writes_admin_starts_with_what_is_there(admin, tmp_path):
    token, _ = seed(admin, tmp_path)
    before = admin.configuration("vault.1", token)
    admin.stop()
    seen = set()
    # The call itself does not take place: a kill alone may come before it or after it. strace counts the calls of each thread; on
    # one processor there is one thread for them.
    processor = str(min(os.sched_getaffinity(0)))
    for call in ("rename", "fsync", "fdatasync", "pwrite64"):
        for number in range(1, 100):
            done = result("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                          f"inject={call}:error=EIO:signal=KILL:when={number}", "taskset", "-c", processor,
                          binary("portcullis-admin"), "secrets", "rekey", "--database", admin.database, "--secrets-key", admin.key)
            check = rekey(admin, "--check")
            assert check.returncode == 0, f"{call} {number}: {check.stderr}"
            counts = [int(line.split()[1]) for line in check.stdout.splitlines()[1:]]
            assert sum(counts) == 2, counts
            seen.add(tuple(counts))
            if done.returncode == 0:
                assert counts == [2]
                break
            if len(counts) > 1:
                # ADMIN serves what is there, with the file as it is.
                admin.start()
                assert admin.configuration("vault.1", token) == before
                admin.stop()
    # Both keys were there before the registry was changed, and after it; keys of earlier attempts may stand between.
    for last in (False, True):
        assert any(len(counts) > 1 and counts[-1 if last else 0] == 2 for counts in seen), seen
    admin.start()
    assert admin.configuration("vault.1", token) == before
