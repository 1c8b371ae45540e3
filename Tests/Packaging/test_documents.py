"""install.md and first-service.md followed word by word, on a machine that has nothing of Portcullis."""

import os
import shutil

import pytest

import machine
from portcullis_testing.documents import Reader
from portcullis_testing.repository import REPOSITORY

PLACES = ("/etc", "/usr/bin", "/usr/lib/modules-load.d", "/usr/lib/ocf", "/usr/lib/sysctl.d", "/usr/lib/systemd",
          "/usr/lib/sysusers.d", "/usr/share/doc/portcullis", "/usr/share/man", "/var/lib", "/var/backups", "/run", "/root/.config")
# What the documents say may fail, with the status.
ALLOWED = [
    "2 portcullis-gateway sync --plan",
]


def ours():
    """All files that have our name. Left out: what the test itself has made, and logs."""
    found = {place for place in PLACES if "portcullis" in place and os.path.exists(place)}
    for place in PLACES:
        for folder, folders, files in os.walk(place):
            folders[:] = [name for name in folders if not name.endswith((".service.d", "work"))]
            found |= {f"{folder}/{name}" for name in folders + files if "portcullis" in name}
    return found


@pytest.fixture
def reader(tmp_path):
    """Root, in a clone where the programs have been built."""
    work = tmp_path / "work"
    for name in ("packaging", "pacemaker", "docs", "scripts"):
        shutil.copytree(REPOSITORY / name, work / name)
    (work / ".build").mkdir()
    (work / ".build/release").symlink_to(os.environ["PORTCULLIS_BIN"])
    shutil.copytree(os.environ["PORTCULLIS_MAN"], work / ".build/man")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTCULLIS_")}
    return Reader(work, {**kept, "HOME": "/root"}, ALLOWED)


def test_the_first_service(reader):
    assert ours() == set()
    reader.follow("first-service.md")


def test_what_the_first_service_has_installed_can_be_removed(reader):
    # The programs have stopped, and there never was a token.
    reader.follow("install.md", "From a gateway", until="tokens remove")
    reader.follow("install.md", "From ADMIN's machine")
    reader.follow("install.md", "From both")
    assert ours() == set()


def test_install_upgrade_restore_and_uninstall(reader):
    # ADMIN's address, on a link of its own.
    reader.type("ip link add eth1 type dummy && ip link set eth1 up && ip address add 10.1.0.5/24 dev eth1")
    reader.follow("install.md", "Build", since="tar -czf")
    reader.follow("install.md", "ADMIN")
    assert machine.show(machine.ADMIN, "ActiveState", "UnitFileState") == {"ActiveState": "active", "UnitFileState": "enabled"}
    reader.follow("install.md", "The first token")
    assert "ops" in reader.output
    reader.follow("install.md", "TLS")
    reader.follow("install.md", "Secrets")
    reader.follow("install.md", "On ADMIN's machine")
    token = reader.output
    reader.type("portcullis locations add tcn")

    reader.follow("install.md", "On the gateway", until="packaging/gateway.yaml", input=token)
    # As the prose has it; then the blocks that come after it.
    reader.type("install -m 644 /etc/portcullis/admin.pem /etc/portcullis/ca.pem")
    reader.follow("install.md", "On the gateway", since="packaging/gateway.yaml")
    state = machine.show(machine.GATEWAY, "ActiveState", "UnitFileState", "StatusText")
    assert state.pop("StatusText").startswith("in agreement")
    assert state == {"ActiveState": "active", "UnitFileState": "enabled"}

    reader.follow("admin.md", "Backup")
    reader.follow("install.md", "Upgrade")
    assert "healthy" in reader.output

    reader.type("portcullis locations add lost")
    reader.follow("admin.md", "Restore")
    assert "tcn" in reader.output and "lost" not in reader.output
    # A gateway is known once it has polled.
    machine.run("portcullis", "gateways", "--wait", "60", environment=reader.environment)

    reader.follow("configuration.md", "Replace the key")
    machine.run("portcullis", "gateways", "--wait", "60", environment=reader.environment)
    reader.follow("gateway.md", "Monitoring", until="apt-get")

    reader.follow("install.md", "From a gateway")
    reader.follow("install.md", "From ADMIN's machine")
    reader.follow("install.md", "From both")
    reader.type("rm -r /root/.config/portcullis /var/backups/portcullis")
    assert ours() == set()
    assert machine.kernel_state()[0][1:] == [] and machine.kernel_state()[2] == ""
