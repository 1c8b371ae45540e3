"""Egress rules of a location, by files and by commands."""

import json

import pytest

from admin import Admin

CLOUD = """
locations:
  tcn:
    description: TCN datacenter, Groningen
    pools:
      out-ip: [198.51.100.40, 198.51.100.41, "2001:db8:0:1::40"]
    egress:
      out: {pool: out-ip, from: [10.1.0.0/16, "fd00:1::/64"], except: [10.0.0.0/8]}
"""
ROWS = ["egress,out,any,out-ip,198.51.100.40 198.51.100.41,,,snat,,,,10.1.0.0/16,,,,,,,,,,,10.0.0.0/8,,,",
        "egress,out,any,out-ip,2001:db8:0:1::40,,,snat,,,,fd00:1::/64,,,,,,,,,,,,,,"]


@pytest.fixture
def other(tmp_path):
    """An ADMIN with an empty registry."""
    (tmp_path / "other").mkdir()
    admin = Admin(tmp_path / "other")
    try:
        yield admin
    finally:
        admin.stop()


def rows(admin):
    return [line for line in admin.portcullis("export", "tcn").splitlines() if line.startswith("egress,")]


def test_a_file_makes_a_rule_and_what_is_got_makes_the_same_elsewhere(admin, other, tmp_path):
    path = tmp_path / "egress.yaml"
    path.write_text(CLOUD)
    before = admin.portcullis("export", "tcn")
    shown = admin.portcullis("apply", "-f", path, "--dry-run", status=2)
    assert "  +  egress  tcn/out     from 10.1.0.0/16 fd00:1::/64 by out-ip, except 10.0.0.0/8\n" in shown
    assert "export of tcn: 2 rows added\n  +  egress  out  198.51.100.40,198.51.100.41  10.1.0.0/16  snat except 10.0.0.0/8\n" in shown
    assert rows(admin) == []
    assert admin.portcullis("apply", "-f", path) + "\ndry run: nothing was changed\n" == shown
    assert admin.portcullis("apply", "-f", path) == "no changes\n"
    assert rows(admin) == ROWS
    folder = tmp_path / "cloud"
    admin.portcullis("get", "cloud", "--directory", folder)
    assert admin.portcullis("apply", "-f", folder, "--prune") == "no changes\n"
    other.portcullis("apply", "-f", folder)
    assert other.portcullis("export", "tcn") == admin.portcullis("export", "tcn")
    assert other.portcullis("get", "cloud") == admin.portcullis("get", "cloud")
    # Without the rule in the file a prune takes it away; everything else is as it was.
    text = (folder / "cloud.yaml").read_text()
    begin = text.index("    egress:")
    (folder / "cloud.yaml").write_text(text[:begin] + text[text.index("    servers:", begin):])
    assert admin.portcullis("apply", "-f", folder).startswith("no changes")
    pruned = admin.portcullis("apply", "-f", folder, "--prune")
    assert pruned.startswith("registry: 1 removed\n  -  egress  tcn/out  ") and "export of tcn: 2 rows removed" in pruned
    assert admin.portcullis("export", "tcn") == before


@pytest.mark.parametrize("old, new, place, message", [
    ("10.1.0.0/16", "10.1.0.5/16", "8:34", '"10.1.0.5/16" has bits set behind the prefix length; the network is 10.1.0.0/16'),
    ("[10.0.0.0/8]", "[10.0.0.0/8, 'FD00::/8']", "8:84", '"FD00::/8" must be written as fd00::/8'),
    ("pool: out-ip", "pool: nope", "8:19", 'the egress rule out of location tcn needs the address pool "nope", which the location lacks'),
    ("10.1.0.0/16", "198.51.100.32/28", "8:34", "is for 198.51.100.32/28, which has the public address 198.51.100.40 (pool out-ip)"),
    ("[10.1.0.0/16, \"fd00:1::/64\"]", "[10.1.0.0/16, 10.1.2.0/24]", "8:47", "is for 10.1.2.0/24, which overlaps 10.1.0.0/16 of the same rule"),
    ("[10.1.0.0/16, \"fd00:1::/64\"]", "\"fd00:1::/64\"", "8:57", "excepts 10.0.0.0/8, and is for no IPv4 network"),
    (", \"2001:db8:0:1::40\"]", "]", "8:47", "is for fd00:1::/64, and its pool out-ip has no IPv6 address"),
])
def test_what_is_wrong_is_told_at_its_place_in_the_file(admin, tmp_path, old, new, place, message):
    path = tmp_path / "egress.yaml"
    path.write_text(CLOUD.replace(old, new, 1))
    errors = admin.portcullis("apply", "-f", path, status=1)
    assert f"{path}:{place}: " in errors and message in errors, errors
    assert rows(admin) == []


def test_a_rule_by_commands_holds_its_pool(admin):
    admin.portcullis("pools", "set", "tcn", "out-ip", "198.51.100.40")
    words = ["egress", "set", "tcn", "out", "--pool", "out-ip", "--from", "10.1.0.0/16"]
    shown = admin.portcullis(*words, "--dry-run", status=2)
    assert admin.portcullis(*words) + "\ndry run: nothing was changed\n" == shown
    assert admin.portcullis(*words) == "no changes\n"
    assert admin.portcullis("egress", "tcn") == ("LOCATION  EGRESS  POOL    FROM         EXCEPT\n"
                                                 "tcn       out     out-ip  10.1.0.0/16\n")
    assert json.loads(admin.portcullis("egress", "-o", "json")) == [
        {"location": "tcn", "name": "out", "pool": "out-ip", "from": ["10.1.0.0/16"], "except": []}]
    assert admin.portcullis("egress", "list", "-o", "name") == "out\n"
    assert json.loads(admin.portcullis("export", "tcn", "-o", "json"))[0]["sources"] == ["10.1.0.0/16"]
    assert admin.portcullis("pools", "remove", "tcn", "out-ip", status=1) == (
        "Error: The cloud would contradict itself; nothing was changed.\n"
        "  pool out-ip: the egress rule out of location tcn needs the address pool \"out-ip\", which the location lacks\n")
    errors = admin.portcullis("egress", "set", "tcn", "b", "--pool", "out-ip", "--from", "10.1.7.0/24", status=1)
    assert errors.endswith("  from.0: the egress rule b of location tcn is for 10.1.7.0/24, which overlaps 10.1.0.0/16 of the rule out\n")
    shared = admin.portcullis("egress", "set", "tcn", "b", "--pool", "www-ip", "--from", "10.9.0.0/16")
    assert "the egress rule b of location tcn leaves by the pool www-ip, on which " in shared
    admin.portcullis("egress", "remove", "tcn", "out", "b")
    assert admin.portcullis("egress", "remove", "tcn", "out", status=1) == "Error: There is no egress rule out at location tcn.\n"
    admin.portcullis("pools", "remove", "tcn", "out-ip")
    events = json.loads(admin.portcullis("events", "--kind", "egress", "-o", "json"))
    assert [(event["action"], event["name"]) for event in events] == [
        ("create", "tcn/out"), ("create", "tcn/b"), ("delete", "tcn/b"), ("delete", "tcn/out")]


def test_a_rule_outlives_a_restart_of_admin(admin):
    admin.portcullis("pools", "set", "tcn", "out-ip", "198.51.100.40")
    admin.portcullis("egress", "set", "tcn", "out", "--pool", "out-ip", "--from", "10.1.0.0/16", "--except", "10.0.0.0/8")
    before = admin.portcullis("get", "cloud"), admin.portcullis("export", "tcn")
    admin.stop()
    admin.start()
    assert (admin.portcullis("get", "cloud"), admin.portcullis("export", "tcn")) == before


def test_a_gateway_that_reads_version_1_stands_in_the_way_of_a_rule(admin, tmp_path):
    path = tmp_path / "egress.yaml"
    path.write_text(CLOUD)
    old = ("/v1/locations/tcn/services.csv", "-H", "Accept: text/csv", "-H", "Portcullis-Gateway: gw1")
    assert admin.curl(*old)[0] == 200
    errors = admin.portcullis("apply", "-f", path, status=1)
    assert (f"  {path}:8:7: the egress rule out needs version 2 of the export, and the gateway gw1 of tcn reads version 1 only: "
            "upgrade it, or forget it if it is gone\n") in errors
    admin.portcullis("gateways", "forget", "gw1")
    admin.portcullis("apply", "-f", path)
    status, _, body = admin.curl(*old)
    assert status == 406 and "needs version 2 of the format" in body
    assert "NEEDS VERSION 2" in admin.portcullis("gateways")
