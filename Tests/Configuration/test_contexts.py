"""Several ADMINs in the operator's configuration file, and http against https."""

import json
import os
import re

import pytest

from portcullis_testing.processes import result, run
from portcullis_testing.repository import binary

FILE = """# two of them
context: main  # the usual one
contexts:
  main:
    admin-url: {url}
    token-file: ~/main.token
  other: {{admin-url: "http://127.0.0.1:9"}}
"""


@pytest.fixture
def home(admin, tmp_path):
    """A home directory whose configuration file has two contexts, of which `main` is the running ADMIN."""
    home = tmp_path / "home"
    (home / ".config" / "portcullis").mkdir(parents=True)
    (home / "main.token").write_text(admin.add_token("ops", "admin"))
    file = home / ".config" / "portcullis" / "config.yaml"
    file.write_text(FILE.format(url=admin.url))
    file.chmod(0o600)
    return home


def command(home, *words, **variables):
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), **variables}
    return result(binary("portcullis"), *words, env=environment)


def test_contexts_are_listed_chosen_and_shown(admin, home):
    file = home / ".config" / "portcullis" / "config.yaml"
    assert command(home, "services").returncode == 0
    listed = command(home, "context").stdout
    assert re.search(rf"^\*  main +{re.escape(admin.url)} +~/main\.token", listed, re.M), listed
    assert [one["current"] for one in json.loads(command(home, "context", "list", "-o", "json").stdout)] == [True, False]
    error = command(home, "services", "--context", "other")
    assert error.returncode == 1 and "http://127.0.0.1:9" in error.stderr
    assert "http://127.0.0.1:9" in command(home, "services", PORTCULLIS_CONTEXT="other").stderr

    # Choosing one changes its name in the file and nothing else, not even behind a link.
    real = home / "real.yaml"
    file.rename(real)
    file.symlink_to(real)
    used = command(home, "context", "use", "other")
    assert used.returncode == 0, used.stderr
    assert file.is_symlink() and real.read_text() == FILE.format(url=admin.url).replace("context: main", "context: other")
    assert real.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in home.iterdir()) == [".config", "main.token", "real.yaml"]
    assert command(home, "services").returncode == 1
    shown = command(home, "context", "show", "main").stdout
    assert re.search(rf"^admin-url +{re.escape(admin.url)} +{re.escape(str(file))}:5:16$", shown, re.M), shown
    shown = json.loads(command(home, "context", "show", "-o", "json", PORTCULLIS_TOKEN="abc").stdout)
    assert shown["token"] == {"from": "PORTCULLIS_TOKEN", "value": "not shown"}, shown
    assert shown["context"]["value"] == "other"

    # Another address than the context's gets no token of the context's.
    elsewhere = {"PORTCULLIS_CONTEXT": "main", "PORTCULLIS_ADMIN_URL": "http://127.0.0.1:9"}
    shown = json.loads(command(home, "context", "show", "-o", "json", **elsewhere).stdout)
    assert shown["token-file"] == {"from": None, "unused": f"{file}:6:17", "value": None}, shown
    assert f"not from {file}:6:17, which is for another address" in command(home, "context", "show", **elsewhere).stdout
    assert f"Note: {file}:6:17: token-file is not used" in command(home, "services", **elsewhere).stderr
    elsewhere["PORTCULLIS_ADMIN_URL"] = admin.url
    assert command(home, "services", **elsewhere).returncode == 0

    wrong = command(home, "context", "use", "mian")
    assert wrong.returncode == 1
    assert 'there is no context "mian"; did you mean "main"?' in wrong.stderr and "has main, other." in wrong.stderr


def test_mistakes_in_the_file_have_a_place(home):
    file = home / ".config" / "portcullis" / "config.yaml"
    file.write_text("contexts:\n  main:\n    admin-ulr: http://127.0.0.1:1\n")
    error = command(home, "services").stderr
    assert f'{file}:3:5: unknown key "admin-ulr"; did you mean "admin-url"?' in error, error
    file.write_text("context: nowhere\ncontexts:\n  main:\n    admin-url: http://127.0.0.1:1\n")
    assert f'{file}:1:10: there is no context "nowhere"' in command(home, "services").stderr


def test_http_where_tls_is_spoken_and_the_other_way_round_is_told(admin, tmp_path):
    """Both hints, from a real ADMIN with and without TLS."""
    plain = command(tmp_path, "services", "--admin-url", admin.url.replace("http://", "https://"))
    assert plain.returncode == 1
    assert "it does not speak TLS" in plain.stderr and "http://" in plain.stderr.splitlines()[-1], plain.stderr
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key.pem",
        "-out", tmp_path / "certificate.pem")
    folder = tmp_path / "tls"
    folder.mkdir()
    encrypted = type(admin)(folder, "--tls-certificate", tmp_path / "certificate.pem", "--tls-key", tmp_path / "key.pem")
    try:
        error = command(tmp_path, "services", "--admin-url", encrypted.url.replace("https://", "http://"))
        assert error.returncode == 1
        assert "its address begins with https://" in error.stderr.splitlines()[-1], error.stderr
    finally:
        encrypted.stop()
