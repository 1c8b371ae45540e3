"""Versions come, are started, change and go."""

import os
import pathlib
import urllib.request

from portcullis_testing.namespaces import free_port
from portcullis_testing.processes import lives
from portcullis_testing.waiting import eventually


def answer(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
        return response.read().decode()


def test_a_service_is_installed_upgraded_downgraded_stopped_and_purged(stage):
    port = free_port()
    first = stage.server_version("1.0.0", port, install={"mkdir": ["data/inner"]})
    second = stage.server_version("2.0.0", port)
    stage.admin.assign("pgw.1", first)
    stage.start()
    told = stage.settled("pgw.1", version=first)
    assert told["assigned"] and told["restarts"] == 0 and "problem" not in told
    assert answer(port) == "1.0.0" and stage.current("pgw.1") == first
    assert (stage.root / "pgw.1" / "data" / "inner").is_dir()
    assert "started 1.0.0 pgw.1" in stage.log("pgw.1")
    # What runs was started from the folder of its version, not by way of `current`.
    assert first in os.readlink(f"/proc/{stage.pid('pgw.1')}/cwd")

    tag = stage.admin.assign("pgw.1", second)
    assert stage.settled("pgw.1", version=second)["previous"] == first
    assert answer(port) == "2.0.0"
    eventually(lambda: stage.admin.report.get("applied") == tag)

    stage.admin.assign("pgw.1", first)
    stage.settled("pgw.1", version=first)
    assert answer(port) == "1.0.0"
    # No start but those that were asked for, and all files from here: nothing is fetched twice.
    assert stage.starts("pgw.1") == ["1.0.0", "2.0.0", "1.0.0"]
    blobs = [path for method, path, _ in stage.admin.requests if "/blobs/" in path]
    assert len(blobs) == len(set(blobs))

    pid = stage.pid("pgw.1")
    stage.admin.assign("pgw.1", first, desired="stopped")
    stage.settled("pgw.1", state="stopped")
    assert not lives(pid) and stage.state("pgw.1")["ended"][:2] == ["exited", "0"]
    tag = stage.admin.assign("pgw.1", first, desired="purged")
    # ADMIN forgets it as soon as the node tells nothing of it any more.
    eventually(lambda: stage.admin.report.get("applied") == tag and not stage.admin.report["services"])
    assert not (stage.root / "pgw.1").exists() and not stage.state("pgw.1")
    assert not list((stage.root / "node" / "log").iterdir())
    assert stage.command("check").returncode == 0
    # It may come back.
    stage.admin.assign("pgw.1", first)
    stage.settled("pgw.1", version=first)
    assert answer(port) == "1.0.0"


def test_a_version_whose_manifest_was_removed_is_fetched_again(stage):
    versions = [stage.version(f"1.0.{number}") for number in range(3)]
    stage.start()
    for version in versions:
        stage.admin.assign("pgw.1", version)
        stage.settled("pgw.1", version=version)
    first, folder = versions[0], stage.root / "pgw.1" / "versions"
    eventually(lambda: not (folder / first).exists(), what="the first version being removed")
    # As collections do, within a minute.
    kept = [path for path in (stage.root / "node" / "manifests").iterdir() if path.name.startswith(first)]
    for path in kept:
        path.unlink()
    stage.admin.assign("pgw.1", first)
    stage.settled("pgw.1", version=first)
    assert len(kept) == 2 and all(path.exists() for path in kept)
    # Without its signatures, a manifest counts as none.
    stage.admin.assign("pgw.1", versions[1])
    stage.settled("pgw.1", version=versions[1])
    stage.admin.assign("pgw.1", versions[2])
    stage.settled("pgw.1", version=versions[2])
    eventually(lambda: not (folder / first).exists(), what="the first version being removed")
    next(path for path in kept if path.suffix == ".signatures").unlink()
    stage.restart()
    stage.admin.assign("pgw.1", first)
    stage.settled("pgw.1", version=first)


def test_versions_that_nobody_needs_are_removed(stage):
    versions = [stage.version(f"1.0.{number}") for number in range(4)]
    stage.start()
    for version in versions:
        stage.admin.assign("pgw.1", version)
        stage.settled("pgw.1", version=version)
    folder = stage.root / "pgw.1" / "versions"
    eventually(lambda: sorted(path.name for path in folder.iterdir()) == sorted(versions[-2:]))


def test_services_outlive_the_agent_and_are_found_again(stage):
    version = stage.version("1.0.0")
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    witness = stage.witness("pgw.1")
    assert stage.node.stop() == 0
    assert lives(stage.pid("pgw.1"))
    stage.admin.report = None
    stage.node.start()
    stage.settled("pgw.1")
    stage.restart()
    stage.settled("pgw.1")
    assert stage.witness("pgw.1") == witness


def test_without_admin_the_last_assignments_count(stage):
    version = stage.version("1.0.0")
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    stage.node.kill()
    stage.admin.before = lambda path: 503
    old = stage.pid("pgw.1")
    stage.end("pgw.1")
    stage.node.start()
    eventually(lambda: stage.pid("pgw.1") != old and lives(stage.pid("pgw.1")))
    assert stage.command("check").returncode in (3, 5)
    eventually(lambda: stage.command("check").returncode == 3)


def test_a_service_that_is_named_no_more_stays_as_it_is(stage):
    version = stage.version("1.0.0")
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    witness = stage.witness("pgw.1")
    stage.admin.withdraw("pgw.1")
    eventually(lambda: stage.admin.of("pgw.1").get("assigned") is False)
    stage.restart()
    assert stage.settled("pgw.1")["assigned"] is False
    assert stage.witness("pgw.1") == witness
    # Also when it ends: it is started again.
    stage.end("pgw.1")
    eventually(lambda: stage.state("pgw.1").get("ready") and stage.witness("pgw.1") != witness)


def test_the_plan_shows_the_steps_and_writes_nothing(stage):
    first, second = stage.version("1.0.0"), stage.version("2.0.0")
    stage.admin.assign("pgw.1", first)
    stage.start()
    stage.settled("pgw.1")
    assert stage.command("plan").returncode == 0
    stage.node.stop()
    stage.admin.assign("pgw.1", second)
    before = sorted(path for path in pathlib.Path(stage.root).rglob("*"))
    done = stage.command("plan")
    assert done.returncode == 2, done.stderr
    assert [line.split(": ", 1)[1].split()[0] for line in done.stdout.splitlines()] == ["fetch", "fetch", "place"]
    assert sorted(path for path in pathlib.Path(stage.root).rglob("*")) == before
    file = stage.folder / "assignments.json"
    file.write_bytes(stage.admin.document)
    assert stage.command("plan", "--assignments", file).stdout == done.stdout
    assert stage.command("plan", "--kept").returncode == 0
    assert stage.command("check").returncode == 7
    assert "pgw.1" in stage.command("status").stdout


def test_blobs_go_on_where_a_connection_broke_off(stage):
    content = os.urandom(5 << 20)
    version = stage.version("1.0.0", files={"share/large": content})
    stage.admin.cut = 3 << 20
    stage.admin.assign("pgw.1", version)
    stage.start()
    # Nothing of a connection that breaks off is kept, so the parts of a cache that ends each after 3 MiB never come.
    stage.told("pgw.1", "broke off")
    stage.admin.cut = None
    stage.settled("pgw.1")
    assert (stage.root / "pgw.1" / "current" / "share" / "large").read_bytes() == content
    assert any(headers.get("Range", "").startswith("bytes=4194304-") for method, path, headers in stage.admin.requests
               if method == "GET" and "/blobs/" in path)


def test_join_writes_the_servers_own_token(stage):
    stage.settings["token-file"] = str(stage.folder / "token")
    configuration = stage.folder / "node.yaml"
    configuration.write_text(f"admin-url: {stage.admin.url}\nserver: app1\ntoken-file: {stage.folder}/token\n")
    stage.words = ["--config", configuration]
    (stage.folder / "join").write_text("wrong\n")
    done = stage.command("join", "--join-token", stage.folder / "join")
    assert done.returncode == 1 and "the join token has ended" in done.stderr
    assert not (stage.folder / "token").exists()
    (stage.folder / "join").write_text("join-me\n")
    assert stage.command("join", "--join-token", stage.folder / "join").returncode == 0
    token = stage.folder / "token"
    assert token.read_text() == "own-token\n" and token.stat().st_mode & 0o777 == 0o600
    assert stage.command("join", "--join-token", stage.folder / "join").returncode == 1
    stage.admin.token = "own-token"
    version = stage.version("1.0.0")
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")


def test_status_names_versions_as_people_do(stage):
    stage.admin.assign("pgw.1", stage.version("1.5.0"))
    stage.start()
    stage.settled("pgw.1")
    eventually(lambda: stage.command("status").stdout.splitlines()[1].split()[:3] == ["pgw.1", "running", "1.5.0"])
    # Without its manifest there is only the digest.
    (digest,) = (path.stem for path in (stage.root / "node" / "manifests").glob("*.json"))
    stage.node.stop()
    (stage.root / "node" / "manifests" / f"{digest}.json").unlink()
    assert stage.command("status").stdout.splitlines()[1].split()[2] == digest[:12]


def test_the_environment_of_the_operators_commands_is_not_the_nodes(stage, monkeypatch):
    monkeypatch.setenv("PORTCULLIS_TOKEN_FILE", "/nonexistent")
    monkeypatch.setenv("PORTCULLIS_ADMIN_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("PORTCULLIS_NODE_LOG_LEVEL", "debug")
    stage.admin.assign("pgw.1", stage.version("1.0.0"))
    stage.start()
    stage.settled("pgw.1")
    monkeypatch.setenv("PORTCULLIS_NODE_INTERVAL", "x")
    done = stage.command("status")
    assert done.returncode == 1 and "PORTCULLIS_NODE_INTERVAL" in done.stderr
