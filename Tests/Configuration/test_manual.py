"""The manual pages: whole, without faults, and without references that lead nowhere."""

import pathlib
import re

import pytest

from portcullis_testing.processes import result, run
from portcullis_testing.repository import FIXTURES, binary

TOP = FIXTURES.parent
PROGRAMS = {"portcullis": 1, "portcullis-admin": 8, "portcullis-gateway": 8, "portcullis-checks": 8,
            "portcullis-database": 8, "portcullis-node": 8}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages by their file names."""
    folder = tmp_path_factory.mktemp("man")
    run(TOP / "scripts" / "make-man", pathlib.Path(binary("portcullis")).parent, folder)
    return {page.name: page for page in sorted(folder.glob("man?/*"))}


def help_of(words):
    return run(binary(words[0]), *words[1:], "--help", env={"PATH": "/usr/bin", "COLUMNS": "80"})


def commands(words):
    """All commands of a program, each as its words."""
    part = help_of(words).partition("\nSUBCOMMANDS:\n")[2]
    found = [words]
    for name in re.findall(r"^  ([a-z-]+)(?: \(default\))?(?:  |\n)", part, re.M):
        found += commands([*words, name])
    return found


def text_of(page):
    """A page as somebody reads it, in one line without hyphens of line ends."""
    text = run("mandoc", "-T", "utf8", "-O", "width=1000", page)
    return re.sub(r"\s+", " ", re.sub(r".\x08", "", text))


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_and_option_of_the_help_is_in_them(pages, program):
    texts = {}
    found = commands([program])
    assert len(found) >= 3
    for words in found:
        name = "-".join(words[:2]) if program == "portcullis" else program
        file = f"{name}.{PROGRAMS[program]}"
        if file not in texts:
            texts[file] = text_of(pages[file])
        assert " ".join(words) in texts[file] or len(words) <= 2, f"{file} lacks {words}"
        options = re.findall(r"^  (?:(-\w), )?(--[a-z0-9-]+)", help_of(words).partition("\nOPTIONS:\n")[2], re.M)
        assert options, words
        for option in [one for pair in options for one in pair if one]:
            assert re.search(rf"{option}\b(?!-)", texts[file]), f"{file} lacks {option} of {words}"
    if program == "portcullis":
        for words in found[1:]:
            assert f"portcullis-{words[1]}(1)" in text_of(pages["portcullis.1"])


def test_neither_mandoc_nor_groff_finds_a_fault(pages):
    assert len(pages) > 20
    lint = result("mandoc", "-T", "lint", "-W", "warning", *pages.values())
    assert lint.returncode == 0 and lint.stdout == "", lint.stdout
    for page in pages.values():
        done = result("groff", "-k", "-man", "-T", "utf8", "-ww", page)
        assert done.returncode == 0 and done.stderr == "", done.stderr


def test_no_reference_leads_nowhere(pages):
    count = 0
    for page in pages.values():
        text = text_of(page)
        for name, section in re.findall(r"(portcullis[a-z.-]*)\((\d)\)", text):
            assert f"{name}.{section}" in pages, f"{page.name}: {name}({section})"
            count += 1
        for name in re.findall(r"/usr/share/doc/portcullis/([\w.-]+\w)", text):
            assert (TOP / "docs" / name).exists(), f"{page.name}: {name}"
        # Nothing of Markdown is left; "**" alone is a pattern of files.
        assert not re.search(r"\]\(|\*\*\S|\.md#", text), page.name
    assert count > 100


def test_the_pages_have_what_the_documents_have(pages):
    text = text_of(pages["portcullis-type.5"])
    for word in ("max-connections", "persistence", "!secret", "requires"):
        assert word in text
    assert "max_connections" in text_of(pages["portcullis-services-export.5"])
    assert "tls-certificate" in text_of(pages["portcullis-admin.yaml.5"])
    assert "state-directory" in text_of(pages["portcullis-gateway.yaml.5"])
    assert "description: TCN datacenter" in text_of(pages["portcullis-cloud.5"])
    assert "contexts:" in text_of(pages["portcullis-config.yaml.5"])
