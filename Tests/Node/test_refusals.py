"""What a node refuses, by name; the old version goes on."""

import hashlib
import json
import os
import shutil
import subprocess
import threading
import time

import pytest

from portcullis_testing import processes
from portcullis_testing.processes import lives
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually


@pytest.fixture
def serving(stage):
    """The stage with a service that runs, and the digest of its version."""
    version = stage.version("1.0.0")
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    return stage, version


def goes_on(stage, witness):
    told = stage.admin.of("pgw.1")
    assert told["state"] == "running" and stage.witness("pgw.1") == witness and lives(stage.pid("pgw.1"))


def key(stage, name, *words):
    processes.run(binary("portcullis"), "keys", "new", stage.folder / name, *words)
    return stage.folder / name


def test_a_job_that_is_none_is_refused_alone_by_name_and_all_else_is_carried_out(serving):
    stage, version = serving
    with stage.admin.together():
        stage.admin.order("17-bad", service="pgw.1", kind="dance")
        stage.admin.order("../../etc", service="pgw.1", kind="restart")
        stage.admin.order("18-good", service="pgw.1", kind="restart")
        stage.admin.assign("pgw.2", version)
    stage.settled("pgw.2")
    eventually(lambda: (stage.admin.job("18-good") or {}).get("state") == "succeeded", what="the job that is one")
    eventually(lambda: {"17-bad", "../../etc"} <= stage.admin.report["jobs"].keys(), what="the others in the report")
    for identifier, words in {"17-bad": "dance", "../../etc": "no identifier of a job"}.items():
        told = stage.admin.job(identifier)
        assert told["state"] == "failed" and "it is refused: " in told["problem"] and words in told["problem"]
    assert [text for text in stage.admin.report["problems"] if '"../../etc" of ADMIN is refused' in text]
    assert stage.admin.report["applied"] == stage.admin.tag
    # The next agent tells of it, too.
    stage.admin.report = None
    stage.restart()
    eventually(lambda: stage.admin.report and "17-bad" in stage.admin.report["jobs"], what="the next agent's report")
    del stage.admin.jobs["17-bad"], stage.admin.jobs["../../etc"]
    stage.admin.order("19-good", service="pgw.1", kind="restart")
    eventually(lambda: not stage.admin.report["problems"] and "17-bad" not in stage.admin.report["jobs"])


def test_a_strangers_signature_an_altered_one_and_none(serving):
    stage, _ = serving
    witness = stage.witness("pgw.1")
    cases = {stage.version("2.0.0", key=key(stage, "stranger.key")): "no trusted key",
             stage.version("3.0.0", sign=False): "it is not signed"}
    other = stage.version("4.0.0")
    signatures = (stage.store / "manifests" / f"{other}.signatures").read_bytes()
    manifest = json.loads((stage.store / "manifests" / f"{other}.json").read_bytes())
    manifest["run"]["environment"] = {"LD_PRELOAD": "/tmp/evil.so"}
    cases[stage.serve(json.dumps(manifest).encode(), signatures)] = "altered"
    for digest, words in cases.items():
        stage.admin.assign("pgw.1", digest)
        assert digest[:12] in stage.told("pgw.1", words)
        goes_on(stage, witness)
        assert not (stage.root / "pgw.1" / "versions" / digest).exists()
        assert not (stage.root / "node" / "manifests" / f"{digest}.json").exists()
    # A good one goes through afterwards.
    good = stage.version("5.0.0")
    stage.admin.assign("pgw.1", good)
    assert "problem" not in stage.settled("pgw.1", version=good)


def test_a_key_that_has_ended_and_one_for_other_types(stage):
    ended, narrow = key(stage, "ended.key"), key(stage, "narrow.key")
    shown = [processes.run(binary("portcullis"), "keys", "show", f"{path}.pub") for path in (ended, narrow)]
    lines = [line for text in shown for line in text.splitlines() if line.strip().startswith("- key")]
    stage.lists = (f"{stage.key}\n{lines[0]}\n    name: old\n    not-after: 2020-01-01T00:00:00Z\n"
                   f"{lines[1]}\n    name: narrow\n    types: [mdb]\n")
    versions = {stage.version("2.0.0", key=ended): "old signed it, and is not trusted since 2020-01-01",
                stage.version("3.0.0", key=narrow): "narrow signed it, and may not sign versions of pgw"}
    first = stage.version("1.0.0")
    stage.admin.assign("pgw.1", first)
    stage.start()
    stage.settled("pgw.1")
    witness = stage.witness("pgw.1")
    for digest, words in versions.items():
        stage.admin.assign("pgw.1", digest)
        stage.told("pgw.1", words)
        goes_on(stage, witness)


def test_a_key_that_is_trusted_no_more_starts_nothing_and_stops_nothing(serving):
    stage, _ = serving
    witness = stage.witness("pgw.1")
    stage.node.stop()
    stage.lists = "trusted-keys: []\n"
    stage.admin.report = None
    stage.start()
    stage.told("pgw.1", "no trusted key")
    goes_on(stage, witness)
    stage.end("pgw.1")
    eventually(lambda: stage.admin.of("pgw.1")["state"] != "running")
    stage.told("pgw.1", "no trusted key")
    assert stage.witness("pgw.1") == witness and not lives(stage.pid("pgw.1"))


def test_a_version_of_another_type_and_bytes_that_are_another_manifest(serving):
    stage, first = serving
    witness = stage.witness("pgw.1")
    other = stage.version("1.0.0", type="mdb")
    stage.admin.assign("pgw.1", other)
    stage.told("pgw.1", "pgw.1 is of another type")
    goes_on(stage, witness)
    second = stage.version("2.0.0")
    stage.admin.altered[second] = {"manifest": (stage.store / "manifests" / f"{first}.json").read_bytes()}
    stage.admin.assign("pgw.1", second)
    stage.told("pgw.1", "its SHA-256 differs")
    goes_on(stage, witness)


def test_hostile_manifests_place_nothing_even_where_unsigned_ones_are_taken(stage):
    stage.start(unsigned=True)
    good = stage.version("1.0.0", files={"a": b"a"}, sign=False)
    stage.admin.assign("pgw.1", good)
    stage.settled("pgw.1")
    witness = stage.witness("pgw.1")
    manifest = json.loads((stage.store / "manifests" / f"{good}.json").read_bytes())
    file = manifest["files"][0]
    bad = {
        "up": {"files": [{**file, "path": "../../evil"}, *manifest["files"]]},
        "absolute": {"files": [{**file, "path": "/etc/evil"}, *manifest["files"]]},
        "link": {"links": [{"path": "z", "target": "/etc/passwd"}]},
        "setuid": {"files": [{**manifest["files"][0], "mode": "4755"}, *manifest["files"][1:]]},
        "twins": {"files": sorted([*manifest["files"], {**file, "path": "A"}], key=lambda file: file["path"])},
        "preload": {"run": {**manifest["run"], "environment": {"PORTCULLIS_DIRECTORY": "/"}}},
        "program": {"run": {**manifest["run"], "command": ["bin/none"]}},
        "directory": {"install": [{"path": "versions/x"}]},
        "format": {"format": 99},
    }
    for name, changes in bad.items():
        stage.admin.assign("pgw.1", stage.forge(good, **changes))
        stage.told("pgw.1", "is refused: ")
        assert stage.witness("pgw.1") == witness, name
    assert not (stage.root / "evil").exists() and sorted(os.listdir(stage.root / "pgw.1" / "versions")) == [good]
    assert stage.admin.of("pgw.1")["state"] == "running"


def test_a_compressed_bomb_and_a_blob_altered_on_the_wire(serving):
    stage, _ = serving
    witness = stage.witness("pgw.1")
    second = stage.version("2.0.0", files={"share/data": b"x" * 100_000})
    manifest = json.loads((stage.store / "manifests" / f"{second}.json").read_bytes())
    file = next(file for file in manifest["files"] if file["path"] == "share/data")
    blob = (stage.store / "blobs" / file["sha256"][:2] / file["sha256"]).read_bytes()
    stage.admin.altered[file["sha256"]] = {"blob": blob[:-1] + bytes([blob[-1] ^ 1])}
    stage.admin.assign("pgw.1", second)
    stage.told("pgw.1", file["sha256"][:12], "altered")
    goes_on(stage, witness)
    stage.admin.altered.clear()
    stage.settled("pgw.1", version=second)
    # A manifest that somebody trusted has signed, whose blob is larger than it says.
    bomb = subprocess.run(["zstd", "-q", "-c"], input=bytes(200 << 20), stdout=subprocess.PIPE, check=True).stdout
    stage.node.stop()
    stage.start(unsigned=True)
    changed = {**file, "path": "share/bomb", "size": 1000, "sha256": "0" * 64,
               "compressed-size": 1000, "compressed-sha256": hashlib.sha256(bomb[:1000]).hexdigest()}
    files = sorted([*manifest["files"], changed], key=lambda file: file["path"])
    stage.admin.altered["0" * 64] = {"blob": bomb[:1000]}
    witness = stage.witness("pgw.1")
    stage.admin.assign("pgw.1", stage.forge(second, files=files))
    stage.told("pgw.1", "000000000000")
    goes_on(stage, witness)


def test_files_altered_on_the_disk_are_mended_before_they_are_started(stage):
    version = stage.version("1.0.0", files={"share/data": b"good" * 1000})
    stage.admin.assign("pgw.1", version)
    stage.start()
    stage.settled("pgw.1")
    stage.admin.assign("pgw.1", version, desired="stopped")
    stage.settled("pgw.1", state="stopped")
    stage.node.stop()
    path = stage.root / "pgw.1" / "versions" / version / "share" / "data"
    path.chmod(0o644)
    path.write_bytes(b"evil" * 1000)
    stage.admin.assign("pgw.1", version)
    stage.node.start()
    stage.settled("pgw.1")
    assert path.read_bytes() == b"good" * 1000
    assert "share/data has another content" in stage.node.text


def test_an_object_that_was_altered_and_whose_blob_is_gone_is_fetched_for_the_next_version(stage):
    data = {"share/data": b"good" * 1000}
    first, second = stage.version("1.0.0", files=data), stage.version("2.0.0", "#!/bin/sh\nexec sleep 999\n", files=data)
    stage.admin.assign("pgw.1", first)
    stage.start()
    stage.settled("pgw.1", version=first)
    # The node needs no blob of a version that is placed, and removes it within a minute.
    for blob in (stage.root / "node" / "store" / "blobs").glob("*/*"):
        blob.unlink()
    path = stage.root / "pgw.1" / "versions" / first / "share" / "data"
    path.chmod(0o644)
    path.write_bytes(b"evil" * 1000)
    stage.admin.assign("pgw.1", second)
    stage.settled("pgw.1", version=second)
    assert (stage.root / "pgw.1" / "versions" / second / "share" / "data").read_bytes() == b"good" * 1000


def test_an_action_that_the_manifest_does_not_have(serving):
    stage, version = serving
    stage.admin.order("j1", service="pgw.1", kind="action", name="format-disk", arguments=["now"])
    eventually(lambda: stage.admin.job("j1").get("state") == "failed")
    assert 'has no action "format-disk"' in stage.admin.job("j1")["problem"]


def test_assignments_for_another_server_are_refused_as_a_whole(serving):
    stage, version = serving
    witness = stage.witness("pgw.1")
    stage.admin.services["pgw.1"] = {"desired": "running", "version": "../../etc"}
    stage.admin.withdraw("none")
    eventually(lambda: any("is no SHA-256" in problem for problem in stage.admin.report["problems"]))
    goes_on(stage, witness)
    stage.admin.services["pgw.1"] = {"desired": "running", "version": version}
    stage.admin.services["../x"] = {"desired": "running", "version": version}
    stage.admin.withdraw("none")
    eventually(lambda: any("those before stay in force: /services/" in problem and "no name of a service" in problem
                           for problem in stage.admin.report["problems"]))
    goes_on(stage, witness)


def test_a_takeover_of_admin_runs_nothing_of_its_own(serving):
    """Whoever has ADMIN has its assignments, manifests, blobs and jobs, and no key."""
    stage, good = serving
    marker = stage.folder / "owned"
    evil = stage.version("6.6.6", f"#!/bin/sh\ntouch {marker}\nexec sleep 1000\n", sign=False,
                         actions=[{"name": "own", "command": ["bin/run"]}])
    good_signatures = (stage.store / "manifests" / f"{good}.signatures").read_bytes()
    manifest = (stage.store / "manifests" / f"{evil}.json").read_bytes()
    witness = stage.witness("pgw.1")
    for signatures in (None, good_signatures, b'{"format":1,"signatures":[]}', b"garbage"):
        digest = stage.serve(manifest + b" " * (len(stage.admin.altered) + 1), signatures)
        stage.admin.assign("pgw.1", digest)
        stage.told("pgw.1", digest[:12] if signatures != b"garbage" else "no signatures")
        # Somewhere else, too, where nothing runs yet.
        stage.admin.assign("pgw.2", digest)
        eventually(lambda: stage.admin.of("pgw.2").get("problem"))
    # Other bytes under the digest of a good version, blobs and manifest, on a server that does not have it yet.
    stage.admin.assign("pgw.1", good)
    other = stage.version("1.1.0")
    stage.admin.altered[other] = {"manifest": manifest, "signatures": good_signatures}
    for path in (stage.store / "blobs").rglob("*"):
        if path.is_file():
            stage.admin.altered[path.name] = {"blob": os.urandom(path.stat().st_size)}
    stage.admin.assign("pgw.3", other)
    eventually(lambda: stage.admin.of("pgw.3").get("problem"))
    # Jobs name what a manifest has, and this one has nothing.
    stage.admin.order("own1", service="pgw.1", kind="action", name="own")
    stage.admin.order("own2", service="pgw.1", kind="action", name="../../bin/sh", arguments=["-c", f"touch {marker}"])
    stage.admin.order("own3", service="pgw.1", kind="tests")
    eventually(lambda: all(stage.admin.job(f"own{number}").get("endedAt") for number in (1, 2, 3)))
    assert not marker.exists() and stage.witness("pgw.1") == witness


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system needs root")
def test_a_full_disk_loses_nothing(stage):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", stage.root], check=True)
    try:
        first = stage.version("1.0.0")
        large = stage.version("2.0.0", files={"share/large": os.urandom(8 << 20)})
        stage.admin.assign("pgw.1", first)
        stage.start()
        stage.settled("pgw.1")
        witness = stage.witness("pgw.1")
        stage.admin.assign("pgw.1", large)
        stage.told("pgw.1", "are needed, and", "are free")
        goes_on(stage, witness)
        # The rest of the disk is taken by somebody else while the blobs come.
        fill(stage)
        second = stage.version("3.0.0", files={"share/small": os.urandom(4_000)})
        stage.admin.assign("pgw.1", second)
        stage.told("pgw.1", "o space left")
        goes_on(stage, witness)
        stage.restart()
        stage.settled("pgw.1")
        goes_on(stage, witness)
        (stage.root / "filler").unlink()
        stage.settled("pgw.1", version=second, timeout=90)
    finally:
        stage.node.kill()
        stage.end("pgw.1")
        eventually(lambda: not stage.is_locked(stage.root / "node" / "run" / "pgw.1"))
        shutil.rmtree(stage.root / "pgw.1", ignore_errors=True)
        subprocess.run(["umount", "-l", stage.root], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system needs root")
def test_orders_are_carried_out_on_a_full_disk(stage):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", stage.root], check=True)
    try:
        version = stage.version("1.0.0")
        for service in ("pgw.1", "pgw.2"):
            stage.admin.assign(service, version)
        stage.start()
        for service in ("pgw.1", "pgw.2"):
            stage.settled(service)
        pid, witness = stage.pid("pgw.1"), stage.witness("pgw.2")
        assert stage.command("check").returncode == 0
        fill(stage)
        # More than the assignments before take.
        with stage.admin.together():
            for number in range(150):
                stage.admin.assign(f"{'m' * 50}.{number + 1}", desired="absent")
            stage.admin.assign("pgw.1", version, desired="stopped")
        eventually(lambda: not lives(pid), 30, "pgw.1 being stopped")
        stage.settled("pgw.1", state="stopped")
        eventually(lambda: any("are in force, and not kept for the next start" in problem and "o space left" in problem
                               for problem in stage.admin.report["problems"]), 30, "the problem being told")
        check = eventually(lambda: (done := stage.command("check")).returncode and done)
        assert "is the disk full?" in check.stderr, check
        # What was asked for before is not on the disk any more: while ADMIN is away, the next agent starts nothing.
        stage.node.kill()
        assert not (stage.root / "node" / "assignments.json").exists()
        stage.admin.before = lambda path: 503
        count = len(stage.admin.requests)
        stage.node.start()
        eventually(lambda: sum(method == "GET" for method, *_ in stage.admin.requests[count:]) > 1,
                   what="the next agent asking in vain")
        time.sleep(1)
        assert not lives(pid) and stage.pid("pgw.1") == pid and stage.witness("pgw.2") == witness
        (stage.root / "filler").unlink()
        stage.admin.before = lambda path: None
        eventually(lambda: stage.admin.report.get("applied") == stage.admin.tag, 60, "all being carried out")
        assert stage.witness("pgw.2") == witness and (stage.root / "node" / "assignments.json").exists()
        eventually(lambda: stage.command("check").returncode == 0)
    finally:
        stage.node.kill()
        (stage.root / "filler").unlink(missing_ok=True)
        stage.end("pgw.2")
        eventually(lambda: not stage.is_locked(stage.root / "node" / "run" / "pgw.2"))
        subprocess.run(["umount", "-l", stage.root], check=True)


def fill(stage):
    """Takes the rest of the disk."""
    with open(stage.root / "filler", "wb") as filler:
        with pytest.raises(OSError, match="No space left"):
            while True:
                filler.write(bytes(1 << 16))
                filler.flush()


def test_a_report_comes_at_once_when_admin_is_back(stage):
    stage.admin.assign("pgw.1", stage.version("1.0.0"))
    stage.start()
    stage.settled("pgw.1")
    # It is away for long enough that the node's pauses between reports are long. Then it holds its answers.
    away = threading.Event()

    def failures():
        return sum(path.endswith("/report") for _, path, _ in stage.admin.requests)

    # From here on: the seventh would come after 25 s, or 50.
    before = failures()
    stage.admin.before, stage.admin.is_deaf = lambda path: away.set() or 503, True
    stage.admin.order("gone", service="pgw.9", kind="restart")
    eventually(away.is_set, what="ADMIN being away")
    eventually(lambda: failures() >= before + 6, 40, "reports failing")
    stage.admin.report = None
    stage.admin.before, stage.admin.is_deaf = lambda path: None, False
    eventually(lambda: (stage.admin.report or {}).get("services"), 8, "the whole report")


def test_a_report_comes_when_admin_asks_for_it(stage):
    stage.admin.assign("pgw.1", stage.version("1.0.0"))
    stage.start()
    stage.settled("pgw.1")
    # It was restarted without a question that failed.
    stage.admin.report, stage.admin.asks_for_reports = None, True
    # Ends the question that is held; nothing that is reported changes.
    stage.admin.want("pgw.1")
    eventually(lambda: "pgw.1" in (stage.admin.report or {}).get("services", {}), 10, "the whole report")
