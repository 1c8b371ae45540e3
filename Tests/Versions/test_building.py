"""Building, signing, comparing and unpacking versions."""

import json
import os
import re
import signal
import threading

import pytest

from portcullis_testing.completion import completed
from portcullis_testing.processes import result, run
from portcullis_testing.repository import binary
from portcullis_testing.waiting import eventually
from portcullis_testing.workshop import Workshop, tree


def test_a_version_is_built_signed_verified_and_unpacked(workshop):
    key, public = workshop.key("ops")
    assert oct(key.stat().st_mode)[-3:] == "600"
    built = workshop.build()
    assert re.fullmatch(r"pgw 1\.0 [0-9a-f]{64}: 2 files, 24 B, compressed \d+ B\n", built)
    assert "already, with the same content" in workshop.build()
    assert "not signed" in workshop.do("verify", "pgw", "1.0", "--trusted", public, status=1)
    workshop.do("sign", "pgw", "1.0", "--key", key)
    assert "signed by ops" in workshop.do("verify", "pgw", "1.0", "--trusted", public)
    service = workshop.folder / "service"
    workshop.do("unpack", "pgw", "1.0", "--to", service, "--trusted", public)
    assert run(service / "current/bin/pgw") == "pgw\n"
    assert oct((service / "current/bin/pgw").stat().st_mode)[-4:] == "0755"
    assert set(tree(service / "current/")) == {"bin", "bin/pgw", "data", "data/text"}
    assert os.readlink(service / "current").startswith("versions/")
    workshop.do("verify", "pgw", "1.0", "--tree", service)
    assert workshop.leftovers() == []


def test_two_versions_are_compared_and_the_older_one_removed(workshop):
    workshop.write("out/data/old", "old")
    workshop.build("1.0")
    workshop.write("out/data/text", "another text\n")
    workshop.write("out/data/new", "new")
    workshop.write("out/bin/pgw", "#!/bin/sh\necho pgw\n", mode=0o700)
    (workshop.source / "out/data/old").unlink()
    workshop.build("1.1")
    text = workshop.do("diff", "pgw", "1.0", "1.1", status=2)
    assert [line.split()[:2] for line in text.splitlines()[1:5]] == [
        ["~", "bin/pgw"], ["+", "data/new"], ["-", "data/old"], ["~", "data/text"]]
    assert "only the mode: 0755 -> 0700" in text
    assert "added 1, changed 2, removed 1" in text
    changes = json.loads(workshop.do("diff", "pgw", "1.0", "1.1", "-o", "json", status=2))["changes"]
    assert [(one["path"], one.get("before", {}).get("size"), one.get("after", {}).get("size")) for one in changes] == [
        ("bin/pgw", 19, 19), ("data/new", None, 3), ("data/old", 3, None), ("data/text", 5, 13)]
    assert workshop.do("diff", "pgw", "1.1", "1.1") == "no difference\n"
    assert "2 blobs" in workshop.do("remove", "pgw", "1.0")
    workshop.do("verify", "pgw", "1.1")
    assert "Of pgw it has pgw 1.1." in workshop.do("show", "pgw", "1.0", status=1)


def test_the_shell_completes_versions_of_the_store_on_the_line(workshop, tmp_path):
    for name in ("1.9", "1.10", "2.0"):
        workshop.build(name)
    for words in (["--store", workshop.store], [f"--store={workshop.store}"]):
        words = [str(word) for word in words]
        assert completed(tmp_path, None, "versions", "show", *words, "p") == ["pgw"]
        assert completed(tmp_path, None, "versions", "show", *words, "pgw", "1.") == ["1.9", "1.10"]
        assert completed(tmp_path, None, "versions", "show", *words, "tg", "1.") == []
    assert completed(tmp_path, None, "versions", "show", "--store", str(tmp_path), "p") == []


def test_a_version_never_becomes_another(workshop):
    workshop.build("1.0")
    workshop.write("out/data/text", "other")
    error = workshop.build("1.0", status=1)
    assert "pgw 1.0 is in the store already, with another content" in error
    assert workshop.manifest()["files"][1]["size"] == 5
    assert workshop.leftovers() == []


def test_the_build_has_a_clean_environment_and_its_output_is_shown(tmp_path):
    workshop = Workshop(tmp_path, """\
type: pgw
build:
  command: [./build, all]
  environment: {MADE: "yes"}
  variants: {debug: {command: [./build, debug], directory: debug}}
install: {files: [out, env]}
""")
    workshop.write("build", '#!/bin/sh\necho "building $1"\nenv | grep -v "^\\(_\\|PWD\\|SHLVL\\|OLDPWD\\)=" | sort >env\ncat\n', 0o755)
    done = workshop.command("build", "pgw", "--name", "2", env={
        "PATH": os.environ["PATH"], "HOME": "/home/x", "SECRET": "no", "LD_PRELOAD": "", "LANG": "de_DE.UTF-8"})
    assert done.returncode == 0, done.stderr
    assert "building all" in done.stderr and "building" not in done.stdout
    assert (workshop.source / "env").read_text().splitlines() == [
        "HOME=/home/x", "LANG=C.UTF-8", "MADE=yes", f"PATH={os.environ['PATH']}", "PORTCULLIS_TYPE=pgw",
        "PORTCULLIS_VARIANT=release", "PORTCULLIS_VERSION=2"]
    # A variant has a command and a directory of its own.
    workshop.write("debug/out/x", "debug")
    workshop.write("debug/env", "")
    workshop.do("build", "pgw", "--name", "2", "--variant", "debug")
    assert [file["path"] for file in json.loads(workshop.do("show", "pgw", "2/debug", "--manifest"))["files"]] == ["env", "out/x"]
    assert "has no variant asan\nIt has release, debug." in workshop.do("build", "pgw", "--name", "2", "--variant", "asan", status=1)


@pytest.mark.parametrize("script, message", [
    ("exit 3", "the build ended with exit status 3: ./build"),
    ("kill -TERM $$", "the build was ended by signal 15: ./build"),
])
def test_a_build_that_fails_makes_no_version(tmp_path, script, message):
    workshop = Workshop(tmp_path, "type: pgw\nbuild: {command: ./build}\ninstall: {files: [out]}\n")
    workshop.write("build", f"#!/bin/sh\n{script}\n", 0o755)
    assert message in workshop.do("build", "pgw", "--name", "1", status=1)
    assert list((workshop.store / "versions").iterdir()) == []
    assert workshop.leftovers() == []


def test_a_program_that_is_not_there_is_told(tmp_path):
    workshop = Workshop(tmp_path, "type: pgw\nbuild: {command: no-such-make}\ninstall: {files: [out]}\n")
    error = workshop.do("build", "pgw", "--name", "1", status=1)
    assert 'there is no program "no-such-make"' in error and "looked for in PATH=" in error


def test_the_end_of_the_command_ends_the_build(tmp_path):
    workshop = Workshop(tmp_path, "type: pgw\nbuild: {command: ./build}\ninstall: {files: [out]}\n")
    workshop.write("build", "#!/bin/sh\necho $$ >pid\nexec sleep 60\n", 0o755)
    with workshop.start("build", "pgw", "--name", "1") as process:
        eventually(lambda: (workshop.source / "pid").exists() and (workshop.source / "pid").read_text().strip())
        pid = int((workshop.source / "pid").read_text())
        # As a terminal does it for Ctrl-C: both are in one group.
        assert os.getpgid(pid) == os.getpgid(process.process.pid)
        os.kill(pid, signal.SIGKILL)
        assert process.process.wait(20) == 1


@pytest.mark.parametrize("make, message", [
    (lambda out: os.mkfifo(out / "data/fifo"), "data/fifo is a FIFO"),
    (lambda out: (out / "bin/pgw").chmod(0o4755), "bin/pgw has the mode 4755"),
    (lambda out: (out / "data/TEXT").write_text("twin"), "differ by case or Unicode form alone"),
    (lambda out: (out / "data/link").symlink_to("/etc/passwd"), '"/etc/passwd" is absolute'),
    (lambda out: (out / "data/link").symlink_to("../../pgw.yaml"), '"../../pgw.yaml" leads out of the version'),
    (lambda out: (out / "data/link").symlink_to("nowhere"), '"nowhere" is neither a file nor a directory'),
    (lambda out: (out / "bin/pgw").chmod(0o644), '"bin/pgw" is not executable (0644)'),
    (lambda out: (out / "bin/pgw").rename(out / "bin/other"), '"bin/pgw" is no file of the version'),
    (lambda out: open(os.fsencode(out) + b"/data/\xff", "w").close(), "has a name that is not UTF-8"),
    (lambda out: (out / "data/a\nb").write_text(""), 'a control character'),
])
def test_what_no_version_may_have_is_refused_by_its_path(workshop, make, message):
    make(workshop.source / "out")
    assert message in workshop.build(status=1)
    assert workshop.do("list", "--no-headers").strip() == ""
    assert workshop.leftovers() == []


def test_a_file_that_changes_while_it_is_read_is_noticed(workshop):
    file = workshop.write("out/data/large", os.urandom(80 << 20))
    stop = threading.Event()

    def change():
        with open(file, "r+b", buffering=0) as open_file:
            while not stop.is_set():
                open_file.seek(40 << 20)
                open_file.write(os.urandom(16))

    thread = threading.Thread(target=change)
    thread.start()
    try:
        error = workshop.build(status=1)
    finally:
        stop.set()
        thread.join()
    assert "data/large was changed while it was read" in error
    assert workshop.leftovers() == []
    workshop.build()
    workshop.do("verify", "pgw", "1.0")


def test_errors_of_the_type_have_their_place(workshop):
    workshop.write("pgw.yaml", "type: pgw\nrun: {command: [bin/pgw], redy: notify}\ninstall: {files: [bin/**x]}\n")
    error = workshop.build(status=1)
    assert 'pgw.yaml:2:27: unknown key "redy"; did you mean "ready"?' in error
    assert 'pgw.yaml:3:19: "bin/**x" has "**" beside other characters of a name' in error
    workshop.write("pgw.yaml", "type: pgw\ninstall: {files: [bin]}\n")
    assert "has no type tg" in workshop.do("build", "tg", "--name", "1", status=1)


def test_keys_that_others_may_read_and_keys_that_have_ended_sign_nothing(workshop):
    workshop.build()
    key, public = workshop.key("ops")
    key.chmod(0o640)
    assert "others have rights on this private key (mode 0640)" in workshop.do("sign", "pgw", "1.0", "--key", key, status=1)
    assert "and a portcullis private key is needed" in workshop.do("sign", "pgw", "1.0", "--key", public, status=1) \
        or "others have rights" in workshop.do("sign", "pgw", "1.0", "--key", public, status=1)
    ended, _ = workshop.key("old", "--expires", "2020-01-01T00:00:00Z")
    assert "the key old has ended" in workshop.do("sign", "pgw", "1.0", "--key", ended, status=1)
    again = result(binary("portcullis"), "keys", "new", key)
    assert again.returncode == 1 and "a key is never overwritten" in again.stderr
    shown = result(binary("portcullis"), "keys", "show", public)
    assert re.search(r"(?m)^  - key: ed25519:[A-Za-z0-9+/]{43}=$", shown.stdout)
