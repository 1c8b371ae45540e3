"""Notices at a real Alertmanager (Debian's): alerts that last, end, and are told again."""

import contextlib
import json
import socket
import urllib.request

import pytest

from admin import Admin
from portcullis_testing.namespaces import HERE
from portcullis_testing.repository import FIXTURES
from portcullis_testing.waiting import eventually
from test_nodes import joined
from test_notices import TYPE, beating


class Alertmanager:
    def __init__(self, folder):
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        folder.mkdir()
        (folder / "config.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        self.url = f"http://127.0.0.1:{self.port}/"
        self.start()

    def start(self):
        self.process = HERE.start(
            "prometheus-alertmanager", f"--config.file={self.folder}/config.yml", f"--storage.path={self.folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=")

        def is_ready():
            with contextlib.suppress(OSError), urllib.request.urlopen(self.url + "-/ready", timeout=2) as answer:
                return answer.status == 200
            return False

        eventually(is_ready, what="Alertmanager", timeout=30)

    def alerts(self):
        """The alerts that stand, by their names and what they are about."""
        with urllib.request.urlopen(self.url + "api/v2/alerts", timeout=5) as answer:
            return {(one["labels"]["alertname"], one["labels"]["name"]): one for one in json.load(answer)}

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def alertmanager(tmp_path):
    alertmanager = Alertmanager(tmp_path / "alertmanager")
    try:
        yield alertmanager
    finally:
        alertmanager.kill()


def test_a_lost_server_is_an_alert_until_it_is_back(tmp_path, alertmanager):
    settings = tmp_path / "admin.yaml"
    settings.write_text(f"notices:\n  - {{alertmanager: '{alertmanager.url}', name: alerts}}\n")
    admin = Admin(tmp_path, "--config", settings)
    try:
        assert "alerts: delivered" in admin.portcullis("notices", "test")
        [test] = alertmanager.alerts().values()
        assert test["labels"] == {"alertname": "PortcullisTest", "subject": "test", "name": "alerts", "severity": "info"}
        assert test["annotations"]["command"] == "portcullis notices show 1"
        admin.portcullis("apply", "-f", FIXTURES / "cloud.yaml")
        admin.token = admin.add_token("ops", "admin")
        kind = tmp_path / "web.yaml"
        kind.write_text(TYPE.format(exclusive="false"))
        admin.portcullis("types", "put", kind)
        one, two, three = (joined(admin, f"app{index}") for index in (1, 2, 3))
        for node in (one, two, three):
            node.assignments()
        admin.portcullis("services", "add", "web", "app1", "--version", "sha256:" + "0a" * 32)
        key = ("PortcullisServer", "app1")
        with beating(two, three, obeying=False):
            eventually(lambda: key in alertmanager.alerts(), what="the alert", timeout=60)
            alert = alertmanager.alerts()[key]
            assert alert["annotations"]["summary"] == "server app1 is lost" and alert["labels"]["location"] == "tcn"
            # An Alertmanager that has forgotten everything is told again, and so is one after ADMIN's restart.
            alertmanager.kill()
            alertmanager.start()
            assert key not in alertmanager.alerts()
            eventually(lambda: key in alertmanager.alerts(), what="the alert again", timeout=80)
        with beating(one, two, three):
            eventually(lambda: key not in alertmanager.alerts(), what="the end", timeout=60)
            assert ("PortcullisTest", "alerts") in alertmanager.alerts()
    finally:
        admin.kill()
