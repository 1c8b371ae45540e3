"""A server with the label builder builds versions: by what its own node.yaml says, and ADMIN gets nothing else from it."""

import hashlib
import json
import os

import pytest

from portcullis_testing import processes
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually
from yard import Yard, all_gone

EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.fixture
def yard():
    with Yard() as yard:
        yield yard


def test_a_version_is_built_looked_at_and_signed(yard):
    # What ADMIN has for the type's build is not what is run.
    yard.type("web", build={"command": ["touch", str(yard.source / "evil")], "environment": {"FLAVOUR": "evil", "EVIL": "1"},
                            "directory": "/".join(["share"])})
    yard.apply()
    built = yard.build("1.0.0", on="any")
    assert built.returncode == 0, built.stderr
    version = yard.versions()["1.0.0"]
    assert "building web 1.0.0 release" in built.stdout and version["digest"] in built.stdout
    assert "Job 1-" in built.stderr and "on build1" in built.stderr
    assert version["signedBy"] == [] and "build1" in version["createdBy"]
    assert not (yard.source / "evil").exists()
    environment = dict(line.split("=", 1) for line in (yard.source / "environment").read_text().splitlines())
    work = environment.pop("TMPDIR")
    assert work.startswith(str(yard.folder / "build1/srv/node/builds/1-"))
    assert {key: value for key, value in environment.items() if key not in ("HOME", "PATH", "SHLVL", "OLDPWD")} == {
        "FLAVOUR": "plain", "LANG": "C.UTF-8", "PORTCULLIS_TYPE": "web", "PORTCULLIS_VERSION": "1.0.0",
        "PORTCULLIS_VARIANT": "release"}
    if yard.user:
        assert (yard.source / "user").read_text().strip() == yard.user
    assert yard.left() == [] and not os.path.exists(work)

    # The same again is the same; something else under the name is refused, and says so.
    again = yard.build("1.0.0")
    assert again.returncode == 0 and "it was there already" in again.stdout
    yard.write("build.sh", (yard.source / "build.sh").read_text().replace("$FLAVOUR", "other"), 0o755)
    other = yard.build("1.0.0")
    assert other.returncode == 1 and "409" in other.stderr and yard.versions()["1.0.0"] == version

    # Who signs names what he has looked at.
    manifest = json.loads(yard.portcullis("versions", "show", "web", "1.0.0", "--manifest"))
    assert [file["path"] for file in manifest["files"]] == ["bin/run", "share/version"]
    key = ("--key", yard.folder / "release.key")
    assert "--digest" in yard.command("versions", "sign", "web", "1.0.0", *key).stderr
    wrong = yard.command("versions", "sign", "web", "1.0.0", *key, "--digest", EMPTY)
    assert wrong.returncode == 1 and "nothing was signed" in wrong.stderr
    assert yard.versions()["1.0.0"]["signedBy"] == []
    yard.portcullis("versions", "sign", "web", "1.0.0", *key, "--digest", version["digest"])
    verified = yard.json("versions", "verify", "web", "1.0.0", "--trusted", yard.folder / "release.key.pub")
    assert verified["signature"] == "trusted"

    # Another variant has its own settings.
    debug = yard.build("1.0.0", "--variant", "debug")
    assert debug.returncode == 0, debug.stderr
    assert "FLAVOUR=debug" in (yard.source / "environment").read_text() and "1.0.0/debug" in yard.versions()


def test_what_a_server_does_not_build(yard):
    yard.type("mdb")
    yard.labels["build2"] = ["builder"]
    yard.apply()
    yard.start("app1", builds={"web": yard.entry()})
    yard.start("build2")
    for words, text in ((dict(on="app1"), "no label builder"), (dict(on="none"), 'there is no server "none"'),
                        (dict(on="any", type="mdb"), "No server builds mdb now"), (dict(type="none", on="any"), "none"),
                        (dict(type="mdb"), "does not build the type mdb"), (dict(on="build2"), "node.yaml has no `builds`")):
        done = yard.build("1.0.0", **words)
        assert done.returncode == 1 and text in done.stderr, (words, done.stderr)
    done = yard.build("1.0.0", "--variant", "asan")
    assert done.returncode == 1 and "has no variant asan. It has release, debug." in done.stderr
    assert not (yard.source / "environment").exists() and yard.versions() == {}

    yard.write("build.sh", "#!/bin/sh\nseq 1 40000\necho the end >&2\nexit 3\n", 0o755)
    done = yard.build("1.0.0")
    assert done.returncode == 1 and "the command: it ended with status 3" in done.stderr and done.stdout.endswith("the end\n")
    assert len(yard.json("jobs", "show", yard.json("jobs")[0]["id"])["output"]) <= 65_536
    yard.write("build.sh", "#!/bin/sh\nmkdir -p out && rm -rf out/*\n", 0o755)
    done = yard.build("1.0.0")
    assert done.returncode == 1 and "stands for no file" in done.stderr
    assert yard.left() == [] and yard.versions() == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_nothing_is_built_as_root_or_of_what_only_root_may_read(yard):
    entry = yard.entry()
    del entry["user"]
    yard.start("build1", builds={"web": entry})
    done = yard.build("1.0.0")
    assert done.returncode == 1 and "has no user for web" in done.stderr
    # A build brings nothing into a version that it could not have read.
    secret = yard.folder / "secret"
    secret.mkdir()
    (secret / "key").write_text("secret")
    (secret / "key").chmod(0o600)
    yard.start("build1", builds={"web": yard.entry()})
    yard.write("build.sh", f"#!/bin/sh\nrm -rf out\nln -s {secret} out\n", 0o755)
    done = yard.build("1.0.0")
    assert done.returncode == 1 and "is a symbolic link" in done.stderr, done.stderr
    yard.write("build.sh", "#!/bin/sh\nrm -rf out\nmkdir out\n", 0o755)
    yard.start("build1", builds={"web": yard.entry(directory=".")})
    os.link(secret / "key", yard.source / "linked")
    done = yard.build("1.0.0")
    assert done.returncode == 1 and "linked may not be read by the user who builds" in done.stderr, done.stderr
    assert yard.versions() == {}


def test_a_node_may_send_what_it_builds_and_nothing_else(yard):
    yard.type("mdb")
    yard.apply()
    token = yard.node_token("build1")
    yard.start("app1")
    other = yard.node_token("app1")
    digest = hashlib.sha256(b"content").hexdigest()
    json_body = ("-H", "Content-Type: application/json", "--data-binary")
    upload = ("PUT", f"/v1/uploads/{digest}?size=7&compressed={digest}", "-H", "Content-Range: bytes 0-6/7", "-H",
              "Content-Type: application/octet-stream", "--data-binary", "content")

    def version(type="web", name="1.0.0", variant="release", signatures=()):
        manifest = {"format": 1, "type": type, "name": name, "variant": variant, "files": []}
        body = json.dumps({"manifest": json.dumps(manifest), "signatures": list(signatures)})
        return "PUT", f"/v1/versions/{type}/{name}?variant={variant}", *json_body, body

    missing = ("POST", "/v1/versions/missing", *json_body, json.dumps({"digests": [digest]}))
    asking = [upload, missing, ("GET", f"/v1/uploads/{digest}"), ("GET", "/v1/types/web"), version()]

    def status(token, method, path, *words):
        return yard.curl(method, path, token, *words)[0]

    def refused(token, requests):
        for method, path, *words in requests:
            got, body = yard.curl(method, path, token, *words)
            assert got == 403 and "has no job now to build" in body, (method, path, got, body)

    for each in (token, other):
        refused(each, asking)
    job, pids = yard.begin("1.0.0")
    refused(other, asking)
    assert status(token, *missing) == 200 and status(token, "GET", "/v1/types/web") == 200
    refused(token, [version(type="mdb"), version(name="1.0.1"), version(variant="debug"), ("GET", "/v1/types/mdb")])
    signature = {"key": "0" * 16, "signature": "A" * 86 + "=="}
    got, body = yard.curl(version()[0], version()[1], token, *version(signatures=[signature])[2:])
    assert got == 403 and "does not sign" in body
    # The bytes are not zstd's: they are judged, so the request was let through.
    assert status(token, *upload) == 422
    for method, path in (("DELETE", f"/v1/uploads/{digest}"), ("DELETE", "/v1/versions/web/1.0.0"), ("GET", "/v1/versions"),
                         ("POST", "/v1/versions/web/1.0.0/builds"), ("POST", "/v1/versions/web/1.0.0/signatures"),
                         ("PUT", "/v1/versions/web/1.0.0/mark"), ("PUT", "/v1/types/web")):
        assert status(token, method, path, "-H", "Content-Type: application/json", "--data", "{}") == 403, (method, path)
    # Without its label it is a builder no more: what it builds is ended.
    yard.labels["build1"] = []
    yard.apply()
    refused(token, asking)
    assert "has the label builder no more" in yard.ended(job)["problem"]
    eventually(lambda: all_gone(pids) and yard.left() == [], 30, "the end of the build")
    yard.labels["build1"] = ["builder"]
    yard.apply()
    refused(token, asking)
    job, _ = yard.begin("1.0.0")
    assert status(token, *missing) == 200
    yard.go()
    assert yard.ended(job)["state"] == "succeeded"
    refused(token, asking)


def test_a_build_that_takes_too_long_is_ended_with_all_that_it_has_started(yard):
    yard.start("build1", builds={"web": yard.entry(timeout="2s")})
    job, pids = yard.begin("1.0.0")
    ended = yard.ended(job)
    assert ended["state"] == "failed" and "took too long" in ended["problem"]
    assert all_gone(pids) and yard.left() == [] and yard.versions() == {}
    # The deadline of a job counts, too.
    yard.start("build1", builds={"web": yard.entry()})
    job, pids = yard.begin("1.0.0", "--for", "3s")
    assert yard.ended(job)["state"] == "failed" and all_gone(pids)


def test_what_it_prints_is_shown_as_it_comes_and_takes_little_room(yard):
    yard.start("build1", builds={"web": yard.entry()}, **{"log-size": "1"})
    yard.write("build.sh", "#!/bin/sh\necho first\nsleep 0.1\nwhile ! test -e go; do seq 100000 199999; sleep 0.2; done\nexit 1\n",
               0o755)
    job = yard.json("versions", "build", "web", "--name", "1.0.0", "--on", "build1", "--no-wait")["id"]
    folder = yard.folder / "build1/srv/node/jobs" / job
    eventually(lambda: (folder / "output.1").exists(), 60, "the output being cut")
    eventually(lambda: yard.json("jobs", "show", job)["output"].endswith("199999\n"), 30, "the output's end")
    assert sum(file.stat().st_size for file in folder.glob("output*")) < 32 << 20
    yard.go()
    assert yard.ended(job)["state"] == "failed"


@pytest.mark.parametrize("signal", ["kill", "stop"])
def test_a_node_that_ends_during_a_build(yard, signal):
    job, pids = yard.begin("1.0.0")
    if signal == "kill":
        yard.nodes["build1"].kill()
        assert not all_gone(pids) and yard.left() == [job]
    else:
        yard.nodes["build1"].stop()
        assert all_gone(pids) and yard.left() == []
    yard.start("build1", builds={"web": yard.entry()})
    ended = yard.ended(job)
    assert ended["state"] == "unknown" and "was ended during the build" in ended["problem"]
    assert all_gone(pids) and yard.left() == [] and yard.versions() == {}
    yard.no_more_waiting()
    again = yard.build("1.0.0")
    assert again.returncode == 0 and "1.0.0" in yard.versions(), again.stderr


@pytest.mark.parametrize("killed", ["admin", "node"])
def test_what_a_build_prints_is_shown_once_whoever_is_killed(yard, killed):
    yard.write("wait", "")
    command = processes.Process(
        binary("portcullis"), "versions", "build", "web", "--name", "1.0.0", "--on", "build1",
        environment={"PORTCULLIS_ADMIN_URL": yard.admin.url, "PORTCULLIS_TOKEN": yard.token})
    command.wait_for("building web 1.0.0 release")
    if killed == "admin":
        port = yard.admin.port
        yard.admin.kill()
        yard.admin.port = int(yard.admin.url.rpartition(":")[2])
        yard.admin.start()
        yard.admin.port = port
    else:
        yard.nodes["build1"].kill()
        yard.start("build1", builds={"web": yard.entry()})
    [job] = yard.json("jobs", "list")
    eventually(lambda: "building" in yard.json("jobs", "show", job["id"])["output"], 60, "the output being known again")
    yard.go()
    assert command.wait(60) == (0 if killed == "admin" else 1), command.text
    assert command.text.count("building web 1.0.0 release") == 1, command.text


def test_admin_is_away_when_the_version_is_to_be_sent(yard):
    job, _ = yard.begin("1.0.0")
    port = yard.admin.port
    yard.admin.kill()
    yard.go()
    eventually(lambda: (yard.folder / "build1/srv/node/builds" / job / "store/versions/web/1.0.0").exists(), 30, "the version")
    yard.admin.port = int(yard.admin.url.rpartition(":")[2])
    yard.admin.start()
    yard.admin.port = port
    assert yard.ended(job)["state"] == "succeeded"
    assert "1.0.0" in yard.versions() and yard.left() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount")
def test_a_full_disk(yard):
    # The build's results are elsewhere; what is full is the node's own disk.
    root = yard.folder / "build1/srv"
    script = f"mount -t tmpfs -o size=3m,mode=755 tmpfs {root} && exec \"$@\""
    yard.write("build.sh", "#!/bin/sh\nmkdir -p out/bin && head -c 8000000 /dev/urandom > out/data\ncp build.sh out/bin/run\n",
               0o755)
    yard.start("build1", before=("unshare", "-m", "bash", "-c", script, "-"), builds={"web": yard.entry()})
    done = yard.build("1.0.0")
    assert done.returncode == 1 and "no space left" in done.stderr.lower(), done.stderr
    assert yard.versions() == {}
    yard.write("build.sh", "#!/bin/sh\nmkdir -p out/bin && rm -f out/data\ncp build.sh out/bin/run\n", 0o755)
    done = yard.build("1.0.0")
    assert done.returncode == 0 and "1.0.0" in yard.versions(), done.stderr
