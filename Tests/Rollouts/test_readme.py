"""The way from an empty folder to a running service in the README, typed command by command."""

import os
import re
import shlex
import urllib.request

import pytest

from portcullis_testing import admin
from portcullis_testing.namespaces import HERE, free_port
from portcullis_testing.processes import Process, result
from portcullis_testing.repository import REPOSITORY, binary
from portcullis_testing.waiting import eventually
from stage import Server


@pytest.fixture
def empty(tmp_path):
    with admin.Admin(HERE, tmp_path, has_key=True) as running:
        yield running


def commands():
    text = (REPOSITORY / "README.md").read_text()
    section = re.search(r"(?ms)^## From an empty folder to a running service\n(.*?)^## ", text)[1]
    return re.findall(r"(?m)^    \$ (.*)", section)


def test_every_command_of_the_readme_works(empty, tmp_path):
    port = free_port()
    folder, server = tmp_path / "empty", tmp_path / "app1"
    for made in (folder, server, server / "srv", tmp_path / "bin"):
        made.mkdir()
    key, settings = folder / "release.key", server / "node.yaml"
    settings.write_text(f"admin-url: {empty.url}\nserver: app1\ntoken-file: {server}/token\nroot: {server}/srv\nusers: agent\n")
    # What runs on the server finds its settings, and the server is this machine.
    ssh = tmp_path / "bin" / "ssh"
    ssh.write_text(f'#!/bin/sh\nshift\nexec "$@" --config {settings}\n')
    ssh.chmod(0o755)
    environment = {"PATH": f"{ssh.parent}:{binary('portcullis').parent}:{os.environ['PATH']}",
                   "PORTCULLIS_ADMIN_URL": empty.url}

    def answer():
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read().decode()
        except OSError:
            return None

    served, node, token = [], None, ""
    try:
        for command in commands():
            script = command.replace("8000", str(port)) + "\nprintf '\\n%s' \"$PORTCULLIS_TOKEN\""
            done = result("bash", "-eo", "pipefail", "-c", script, cwd=folder, env={**environment, "PORTCULLIS_TOKEN": token}
                          if token else environment)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            token = done.stdout.rsplit("\n", 1)[1]
            if "keys new" in command:
                settings.write_text(settings.read_text() + result(binary("portcullis"), "keys", "show", f"{key}.pub").stdout)
                node = Process(binary("portcullis-node"), "run", "--config", settings, log=server / "log",
                               start_new_session=True)
            if "services add" in command or "upgrade" in command or "revert" in command:
                served.append(eventually(answer, what=shlex.quote(command)).strip())
        assert served == ["one", "two", "one"]
    finally:
        if node:
            node.kill()
            Server.end_services(server / "srv")
