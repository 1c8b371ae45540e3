"""Strangers' manifests, altered bytes, full disks, kills."""

import concurrent.futures
import copy
import hashlib
import json
import os
import random
import statistics
import subprocess
import time

import pytest

from portcullis_testing.processes import result
from portcullis_testing.repository import binary
from portcullis_testing.workshop import Workshop, tree


def change(path, value):
    """A change of a manifest at a path of names and indexes."""

    def apply(manifest):
        part = manifest
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = value

    return apply


@pytest.mark.parametrize("apply, message", [
    (change(["files", 0, "path"], "../../etc/cron.d/x"), '/files/0/path: "../../etc/cron.d/x" has the name ".."'),
    (change(["files", 0, "path"], "/etc/passwd"), "/files/0/path: "),
    (change(["files", 0, "path"], "bin//pgw"), "/files/0/path: "),
    (change(["files", 0, "path"], "bin/\u0000pgw"), "/files/0/path: "),
    (change(["files", 0, "path"], "data"), "is a file, and here a directory"),
    (change(["files", 0, "path"], "DATA/text"), "differ by case"),
    (change(["files", 0, "mode"], "4755"), "/files/0/mode: "),
    (change(["files", 0, "mode"], "0777"), "/files/0/mode: "),
    (change(["files", 0, "size"], -1), "/files/0/size: "),
    (change(["files", 0, "compressed-size"], 1 << 40), "/files/0/compressed-size: "),
    (change(["files", 0, "device"], [1, 3]), "/files/0/device: is not known"),
    (change(["links"], [{"path": "l", "target": "/etc"}]), "/links/0/target: "),
    (change(["links"], [{"path": "l", "target": "../x"}]), "/links/0/target: "),
    (change(["links"], [{"path": "l", "target": "data"}, {"path": "l/x", "target": "text"}]), "is a link, and here a directory"),
    (change(["run", "command"], ["bin/sh"]), "/run/command/0: "),
    (change(["install"], [{"path": "../other/versions"}]), "/install/0/path: "),
    (change(["uninstall"], ["versions"]), "/uninstall/0: "),
    (change(["format"], 3), "/format: this manifest has format 3"),
    (change(["more"], 1), "/more: is not known"),
])
def test_a_manifest_that_would_do_harm_is_refused_with_its_place(workshop, apply, message):
    workshop.build()
    manifest = workshop.manifest()
    apply(manifest)
    workshop.forge(manifest)
    service = workshop.folder / "service"
    for words in [("show",), ("verify",), ("unpack", "--to", service)]:
        assert message in workshop.do(words[0], "pgw", "6.6", *words[1:], status=1)
    assert not service.exists() or tree(service) in ({}, {"versions": None})


def test_a_manifest_under_the_name_of_another_version_is_refused(workshop):
    workshop.build()
    versions = workshop.store / "versions/pgw"
    (versions / "2.0").mkdir()
    (versions / "2.0/release").write_bytes((versions / "1.0/release").read_bytes())
    for words in [("show",), ("verify",), ("unpack", "--to", workshop.folder / "service")]:
        assert "what the store calls pgw 2.0 is pgw 1.0" in workshop.do(words[0], "pgw", "2.0", *words[1:], status=1)


def test_a_name_that_is_given_twice_is_refused(workshop):
    workshop.build()
    text = json.dumps(workshop.manifest()).replace('"run":', '"run": {"command": ["bin/pgw"]}, "run":').encode()
    workshop.forge(text)
    assert '"run" is given twice' in workshop.do("show", "pgw", "6.6", status=1)


def test_only_what_a_trusted_key_signed_is_unpacked(workshop):
    workshop.build()
    key, public = workshop.key("ops")
    stranger, strange = workshop.key("stranger")
    service = workshop.folder / "service"

    def unpack(name="1.0", keys=(public,), status=1):
        words = [word for one in keys for word in ("--trusted", one)]
        return workshop.do("unpack", "pgw", name, "--to", service, *words, status=status)

    assert "pgw 1.0 is not unpacked: it is not signed" in unpack()
    workshop.do("sign", "pgw", "1.0", "--key", stranger)
    assert "no trusted key has this identifier" in unpack()
    # A key that has ended, on the server's side alone.
    ended = workshop.folder / "ended.pub"
    ended.write_text(json.dumps({**json.loads(strange.read_text()), "not-after": "2020-01-01T00:00:00Z"}))
    assert "the key stranger signed it, and is not trusted since 2020-01-01T00:00:00Z" in unpack(keys=[ended])
    # The signatures of one manifest beside another one.
    manifest = workshop.manifest()
    manifest["run"]["command"] = ["bin/pgw", "--evil"]
    workshop.do("sign", "pgw", "1.0", "--key", key)
    digest = workshop.forge(manifest)
    signatures = next((workshop.store / "manifests").glob("*.signatures"))
    (workshop.store / "manifests" / f"{digest}.signatures").write_bytes(signatures.read_bytes())
    assert "the signature by ops is not of this manifest" in unpack("6.6")
    assert not service.exists()
    unpack(status=0)
    data = json.loads(workshop.command("verify", "pgw", "6.6", "--trusted", public, "-o", "json").stdout)
    assert data["signature"] == "altered" and len(data["faults"]) == 1


def test_an_altered_blob_is_found_by_every_command_that_reads_it(workshop):
    workshop.build()
    key, _ = workshop.key("ops")
    file = workshop.manifest()["files"][0]
    blob = workshop.blob(file["sha256"])
    good = blob.read_bytes()
    blob.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    service = workshop.folder / "service"
    for words in [("verify",), ("sign", "--key", key), ("unpack", "--to", service)]:
        assert "its compressed bytes were altered" in workshop.do(words[0], "pgw", "1.0", *words[1:], status=1)
    assert list((service / "versions").iterdir()) == []
    # Whoever builds the same again repairs it.
    workshop.build()
    workshop.do("verify", "pgw", "1.0")
    workshop.do("unpack", "pgw", "1.0", "--to", service)
    blob.unlink()
    assert "is not in the store" in workshop.do("verify", "pgw", "1.0", status=1)


def test_an_altered_manifest_does_not_hide_the_other_versions(workshop):
    for name in ("1.0", "1.1", "1.2"):
        workshop.write("out/data/text", name)
        workshop.build(name)
    manifest = workshop.store / "manifests" / f"{workshop.digest('1.2')}.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"pgw", b"pgx", 1))
    done = workshop.command("list")
    assert done.returncode == 1 and [line.split()[1] for line in done.stdout.splitlines()[1:]] == ["1.0", "1.1"]
    assert "pgw 1.2 cannot be read" in done.stderr and "was altered" in done.stderr
    assert len(json.loads(workshop.command("list", "-o", "json").stdout)) == 2


def test_the_name_of_a_key_is_text(workshop):
    path = workshop.folder / "key"
    done = result(binary("portcullis"), "keys", "new", path, "--name", "a\udcffb")
    assert done.returncode == 64 and "is not UTF-8 text" in done.stderr and not path.exists()


def test_a_bomb_is_not_decompressed_beyond_its_size(workshop):
    workshop.build()
    bomb = subprocess.run(["zstd", "-q", "-19", "--long=22"], input=bytes(1 << 30), stdout=subprocess.PIPE, check=True).stdout
    assert len(bomb) < 200_000
    manifest = workshop.manifest()
    manifest["files"][1].update({
        "size": 200_000, "compressed-size": len(bomb), "compressed-sha256": hashlib.sha256(bomb).hexdigest()})
    workshop.forge(manifest)
    workshop.blob(manifest["files"][1]["sha256"]).write_bytes(bomb)
    service = workshop.folder / "service"
    started = time.monotonic()
    assert "it has more than the 200000 bytes" in workshop.do("unpack", "pgw", "6.6", "--to", service, status=1)
    assert time.monotonic() - started < 5
    assert list((service / "versions").iterdir()) == []
    assert workshop.leftovers() == []


def test_a_tree_that_was_altered_is_found_and_made_anew(workshop):
    workshop.build()
    service = workshop.folder / "service"
    workshop.do("unpack", "pgw", "1.0", "--to", service)
    before = tree(service)
    (service / "current/bin/pgw").write_text("#!/bin/sh\necho evil\n")
    (service / "current/data/more").write_text("more")
    error = workshop.do("verify", "pgw", "1.0", "--tree", service, status=1)
    assert "bin/pgw has another content" in error and "data/more is not in the manifest" in error
    workshop.do("unpack", "pgw", "1.0", "--to", service, "--repair")
    assert tree(service) == before


def test_link_swaps_lead_nowhere(workshop):
    workshop.build()
    service, outside = workshop.folder / "service", workshop.folder / "outside"
    outside.mkdir()
    (outside / "keep").write_text("keep")
    service.mkdir()
    (service / "versions").symlink_to(outside)
    assert "symbolic link" in workshop.do("unpack", "pgw", "1.0", "--to", service, status=1)
    (service / "versions").unlink()
    (service / "current").symlink_to(outside)
    assert "is no version" in workshop.do("unpack", "pgw", "1.0", "--to", service, status=1)
    assert tree(outside) == {"keep": b"keep"}


def in_small_space(workshop, size, path, *words):
    """Runs words with a small file system at a path, and then says what is there."""
    script = f"""
        mount -t tmpfs -o size={size} small {path} || exit 99
        "$@"; status=$?
        echo "== $status"
        find {path} -type f -printf '%P\\n'
    """
    return result("unshare", "-m", "bash", "-c", script, "small", *words, cwd=workshop.source)


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system needs root to be mounted")
def test_a_full_disk_leaves_nothing_of_what_did_not_fit(workshop):
    workshop.write_data(12, 1 << 20)
    workshop.store.mkdir()
    done = in_small_space(workshop, "4m", workshop.store, *workshop.words("build", "pgw", "--name", "1.0", "--no-command"))
    assert "no space left on device" in done.stderr
    output, files = done.stdout.split("== 1\n")
    assert output == ""
    names = [name for name in files.splitlines() if name not in ("format", "lock")]
    # Whole blobs stay for the next attempt; each is at most one that did fit.
    assert all(name.startswith("blobs/") for name in names)
    assert 3 <= len(names) < 14


@pytest.mark.skipif(os.geteuid() != 0, reason="a small file system needs root to be mounted")
def test_a_version_that_does_not_fit_is_not_begun(workshop):
    workshop.write_data(12, 1 << 20)
    workshop.build()
    service = workshop.folder / "service"
    service.mkdir()
    done = in_small_space(workshop, "4m", service, *workshop.words("unpack", "pgw", "1.0", "--to", service))
    assert "are needed, and" in done.stderr and "nothing was written" in done.stderr
    assert done.stdout == "== 1\n"
    # On a file system of its own there are no hard links, but copies.
    done = in_small_space(workshop, "40m", service, *workshop.words("unpack", "pgw", "1.0", "--to", service))
    assert "== 0" in done.stdout and len(done.stdout.splitlines()) == 2 + 14


def kill_at_random(workshop, generator, longest, command, *words):
    """Starts a command and kills it after a random time. Returns whether it had ended before."""
    with workshop.start(command, *words) as process:
        try:
            process.process.wait(generator.uniform(0, longest))
            return True
        except subprocess.TimeoutExpired:
            process.process.kill()
            process.process.wait()
            return False


def kills(workshop, count, seed):
    """Builds and unpacks that are killed at random; what is there in between is whole, and the end is as without kills."""
    generator = random.Random(seed)
    service = workshop.folder / "service"
    times = {"build": [], "unpack": []}

    def timed(command, *words):
        started = time.monotonic()
        workshop.do(command, *words)
        times[command].append(time.monotonic() - started)

    def longest(command):
        return 1.2 * statistics.median(times[command])

    killed = 0
    for number in range(count + 1):
        name = f"1.{number}"
        workshop.write_data(30, 100_000, seed=number)
        workshop.write("out/data/text", name)
        build = ("build", "pgw", "--name", name, "--no-command")
        unpack = ("unpack", "pgw", name, "--to", service)
        if number > 0:
            killed += not kill_at_random(workshop, generator, longest("build"), *build)
            # Whatever has a name is whole.
            for line in workshop.do("list", "--no-headers").splitlines()[-2:]:
                workshop.do("verify", "pgw", line.split()[1])
        timed(*build)
        if number > 0:
            killed += not kill_at_random(workshop, generator, longest("unpack"), *unpack)
            names = {one["digest"]: one["name"] for one in json.loads(workshop.do("list", "-o", "json"))}
            for version in list((service / "versions").glob("[0-9a-f]*"))[-2:]:
                workshop.do("verify", "pgw", names[version.name], "--tree", service)
        timed(*unpack)
        assert (service / "current/data/text").read_text() == name
        workshop.do("verify", "pgw", name, "--tree", service)
    workshop.do("remove")
    assert workshop.leftovers() == []
    assert [path.name for path in (service / "versions").iterdir() if path.name.startswith(".")] == []
    assert killed > count


def test_kills_at_any_time_leave_whole_versions_or_none(workshop):
    kills(workshop, 8, seed=20)


def test_builds_and_removals_at_once_lose_nothing(workshop):
    workshop.write_data(20, 50_000)
    shared = copy.copy(workshop)

    def work(number):
        if number % 3 == 2:
            return shared.command("remove").returncode
        other = Workshop(shared.folder / f"other{number}")
        other.store = shared.store
        other.write_data(20, 50_000, seed=number % 2)
        return other.command("build", "pgw", "--name", f"2.{number}", "--no-command").returncode

    workshop.build("2")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(18))) == {0}
    names = [line.split()[1] for line in workshop.do("list", "--no-headers").splitlines()]
    assert len(names) == 13
    for name in names:
        workshop.do("verify", "pgw", name)
    assert workshop.leftovers() == []
