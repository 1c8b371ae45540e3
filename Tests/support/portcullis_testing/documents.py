"""The documents, read as a person follows them: blocks of commands, of settings, and of what the commands print."""

import dataclasses
import pathlib
import re

from portcullis_testing.processes import result
from portcullis_testing.repository import REPOSITORY

SETTING = r"[a-z][a-z-]*: .+"
# What differs from run to run, and whoever compares leaves out.
VARYING = (r"\d{4}-\d\d-\d\dT[\d:.]+Z", r"\d+ s ago")


@dataclasses.dataclass
class Block:
    """An indented block, and the paragraph before it, on one line."""

    before: str
    text: str

    @property
    def is_settings(self):
        """Lines for a file of settings, which the paragraph names."""
        return all(re.fullmatch(SETTING, line) for line in self.text.splitlines())

    @property
    def file(self):
        """The file that the paragraph names last."""
        return pathlib.Path(re.findall(r"`([~/][^`]*\.yaml)`", self.before)[-1]).expanduser()

    @property
    def is_output(self):
        return bool(re.search(r"\b(prints|says)\b[^.]*:$", self.before))


def section(document, heading):
    """The text below a heading, down to the next one of any level; without a heading, the whole document."""
    text = (REPOSITORY / "docs" / document).read_text()
    return text if heading is None else re.search(rf"(?ms)^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text)[1]


def blocks(document, heading=None):
    """The indented blocks below a heading, without their indentation. Blank lines do not end a block."""
    found, before = [], ""
    for match in re.finditer(r"(?m)(?P<block>(?:^ {4}.*\n|^\n(?= {4}))+)|(?P<prose>(?:^(?! {4}).+\n)+)", section(document, heading)):
        if match["prose"]:
            before = " ".join(match["prose"].split())
        elif match["block"].strip():
            found.append(Block(before, re.sub(r"(?m)^ {4}", "", match["block"]).strip()))
            before = ""
    return found


class Reader:
    """Somebody who types the commands in order into one shell, edits the files, and compares what is printed.

    `allowed` has the commands that may fail, with their status, as the documents say; `before` is a command that runs
    the shell (nsenter); `without` are commands that are not typed.
    """

    def __init__(self, folder, environment, allowed=(), before=(), without=()):
        self.folder = pathlib.Path(folder)
        self.environment = environment
        self.allowed = allowed
        self.before = before
        self.without = without
        self.output = ""

    def follow(self, document, heading=None, since=None, until=None, input=None):
        """Follows a section: from the block that contains the text `since`, and up to the one that contains `until`,
        which is left out. `input` is what is typed where a command reads from the terminal."""
        follows = since is None
        for block in blocks(document, heading):
            follows = follows or since in block.text
            if until and until in block.text:
                return
            if not follows:
                continue
            if block.text.startswith("$ "):
                self.converse(block.text)
            elif block.is_output:
                self.compare(block.text)
            elif block.is_settings:
                self.set(block)
            else:
                self.type(block.text, input)
                if promised := re.search(r"[Ii]t prints `([^`]+)`", self._after(document, heading, block)):
                    assert promised[1] in self.output, f"{block.text}\n{self.output}"

    def converse(self, text):
        """Types what follows a `$`, and compares what stands below it. A comment tells the exit code, unless it is 0."""
        for command, expected in re.findall(r"(?m)^\$ (.*)\n?((?:^(?!\$ ).*\n?)*)", text):
            if command.startswith(self.without):
                continue
            told = re.search(r"#.*exit code (\d)", command)
            status = int(told[1]) if told else 1 if expected.startswith("Error:") else 0
            words = command.split(" #")[0].strip()
            self.type(words, allowed=[f"{status} {words}"] if status else [])
            self.compare(expected.strip())

    def type(self, script, input=None, allowed=()):
        """Types commands; the working directory and the environment stay for the next ones."""
        end = self.folder / ".end"
        shell = (f"[ ! -e {end}.environment ] || . {end}.environment\ntrap 'echo \"$? $BASH_COMMAND\" >>{end}.failed' ERR\n"
                 f"{script}\npwd >{end}\nexport -p >{end}.environment\n")
        here = end.read_text().strip() if end.exists() else self.folder
        done = result(*self.before, "bash", "-c", shell, cwd=here, env=self.environment, input=input)
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, f"{script}\n{self.output}"
        failed = pathlib.Path(f"{end}.failed")
        if failed.exists():
            lines = failed.read_text().splitlines()
            failed.unlink()
            unexpected = [line for line in lines if line not in [*self.allowed, *allowed]]
            assert not unexpected, f"{script}\n{unexpected}\n{self.output}"

    def set(self, block):
        """Sets what the block has in the file that the document names: instead of the line that has it, commented out
        or not, else at the end."""
        block.file.parent.mkdir(parents=True, exist_ok=True)
        text = block.file.read_text() if block.file.exists() else ""
        for line in block.text.splitlines():
            key = line.split(":")[0]
            pattern = rf"(?m)^#?{key}:.*$"
            text = re.sub(pattern, line, text, count=1) if re.search(pattern, text) else f"{text}{line}\n"
        block.file.write_text(text)

    def compare(self, expected):
        """The lines were printed by the last commands, one after the other."""
        assert masked(expected) in masked(self.output), f"expected:\n{expected}\nprinted:\n{self.output}"

    @staticmethod
    def _after(document, heading, block):
        text = section(document, heading)
        end = text.index(block.text.splitlines()[-1]) + len(block.text.splitlines()[-1])
        return " ".join(text[end:].lstrip("\n").split("\n\n", 1)[0].split())


def masked(text):
    for pattern in VARYING:
        text = re.sub(pattern, "…", text)
    return "\n".join(line.rstrip() for line in text.splitlines())
