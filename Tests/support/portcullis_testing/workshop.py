"""A source directory, a store and the command line."""

import hashlib
import json
import os
import pathlib
import random

from portcullis_testing.processes import Process, result
from portcullis_testing.repository import binary

TYPE = """\
type: pgw
build: {command: [make, all], directory: out}
install: {mkdir: [logs], files: [bin/*, data]}
run: {command: [bin/pgw, --serve]}
"""


class Workshop:
    """What somebody has who builds versions of the type pgw."""

    def __init__(self, folder, type=TYPE):
        self.folder = pathlib.Path(folder)
        self.store = self.folder / "store"
        self.source = self.folder / "source"
        self.write("pgw.yaml", type)
        self.write("out/bin/pgw", "#!/bin/sh\necho pgw\n", mode=0o775)
        self.write("out/data/text", "text\n")

    def write(self, path, content, mode=0o644):
        """Writes a file of the source directory."""
        file = self.source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)
        return file

    def write_data(self, count, size, seed=1):
        """Files whose content zstd makes half as large."""
        generator = random.Random(seed)
        for number in range(count):
            self.write(f"out/data/{number % 10}/{number}", generator.randbytes(size // 2) + bytes(size - size // 2))

    def words(self, command, *words):
        return [binary("portcullis"), "versions", command, *words, "--store", self.store]

    def command(self, command, *words, **options):
        """Runs a subcommand of versions to its end, in the source directory."""
        return result(*self.words(command, *words), cwd=self.source, **options)

    def start(self, command, *words):
        return Process(*self.words(command, *words), cwd=self.source)

    def do(self, command, *words, status=0, **options):
        """Runs a subcommand; returns what it printed, or its errors if it must fail."""
        done = self.command(command, *words, **options)
        assert done.returncode == status, f"{command} {words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stderr if status == 1 else done.stdout

    def build(self, name="1.0", *words, status=0, **options):
        return self.do("build", "pgw", "--name", name, "--no-command", *words, status=status, **options)

    def key(self, name, *words):
        """Makes a key; returns the paths of both its files."""
        path = self.folder / name
        done = result(binary("portcullis"), "keys", "new", path, "--name", name, *words)
        assert done.returncode == 0, done.stderr
        return path, pathlib.Path(f"{path}.pub")

    def digest(self, name="1.0"):
        return json.loads(self.do("build", "pgw", "--name", name, "--no-command", "-o", "json"))["digest"]

    def manifest(self, name="1.0"):
        return json.loads(self.do("show", "pgw", name, "--manifest"))

    def forge(self, manifest, name="6.6"):
        """Puts a manifest into the store as whoever has the store can do it; returns its digest."""
        text = manifest if isinstance(manifest, bytes) else json.dumps({**manifest, "name": name}).encode()
        digest = hashlib.sha256(text).hexdigest()
        (self.store / "manifests" / f"{digest}.json").write_bytes(text)
        folder = self.store / "versions" / "pgw" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "release").write_text(f"{digest}\n")
        return digest

    def blob(self, digest):
        return self.store / "blobs" / digest[:2] / digest

    def leftovers(self):
        """What no finished command may leave in the store."""
        return list((self.store / "sessions").iterdir()) if self.store.exists() else []


def tree(folder):
    """Everything below a folder: paths relative to it, with the content of files and the targets of links."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        name = os.fspath(path.relative_to(folder))
        found[name] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
    return found
