"""The commands of docs/versions.md, typed in their order."""

import os

from portcullis_testing.documents import blocks
from portcullis_testing.processes import result
from portcullis_testing.repository import binary

MAKEFILE = """\
release:
\tmkdir -p out/bin out/share
\tprintf '#!/bin/sh\\n' >out/bin/pgw
\tchmod 755 out/bin/pgw
\techo page >out/share/page
"""


def test_from_a_source_directory_to_a_signed_version(tmp_path):
    texts = [block.text for block in blocks("versions.md", "From a source directory to a signed version")]
    commands = "\n".join(line[2:] for line in texts[0].splitlines() if line.startswith("$ "))
    assert commands.startswith("cd pgw\n") and texts[1].startswith("build:")
    (tmp_path / "pgw").mkdir()
    (tmp_path / "pgw/Makefile").write_text(MAKEFILE)
    (tmp_path / "pgw/pgw.yaml").write_text("type: pgw\n" + texts[1])
    path = f"{binary('portcullis').parent}:{os.environ['PATH']}"
    done = result("bash", "-e", "-c", commands, cwd=tmp_path, env={"PATH": path})
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith("signed by release team ({})".format(done.stdout.split("# ")[1][:16]))
