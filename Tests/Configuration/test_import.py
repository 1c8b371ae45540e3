"""Configurations of keepalived become clouds, which apply."""

import json
import re
import shutil

import pytest

from admin import Admin
from portcullis_testing.processes import result
from portcullis_testing.repository import binary

WEB = """\
! Two web servers, HTTP and HTTPS
global_defs {
    router_id LVS_MAIN
}
vrrp_instance VI_1 {
    state MASTER
    virtual_ipaddress { 198.51.100.36 }
}
virtual_server 198.51.100.36 80 {
    delay_loop 6
    lvs_sched wrr
    lvs_method NAT
    persistence_timeout 50
    protocol TCP
    virtualhost www.example.com
    sorry_server 10.1.0.9 8080
    include backends.inc
}
virtual_server 198.51.100.36 443 {
    delay_loop 6
    lvs_sched wlc
    lvs_method NAT
    protocol TCP
    real_server 10.1.0.11 8443 {
        weight 3
        SSL_GET { url { path /health } }
    }
    real_server 10.1.0.12 8443 {
        weight 1
        SSL_GET { url { path /health } }
    }
}
"""
BACKENDS = """\
$RS= \\
real_server 10.1.0.${N} 8080 { \\
    weight ${W} \\
    uthreshold 500 \\
    HTTP_GET { \\
        url { \\
            path /health?full=1 \\
            status_code 200 \\
        } \\
        connect_timeout 3 \\
        retry 2 \\
    } \\
}
$N=11
$W=3
$RS
$N=12
$W=1
$RS
"""

# What ipvsadm and the checks would be, as columns of the export.
HTTP_CHECK = ("http path=/health?full=1 host=www.example.com status=200 interval=6 fast-interval=3 rise=1"
              " drop-after=0")
SSL_CHECK = "https path=/health status=200-299 verify=none interval=6 fast-interval=3 timeout=5 rise=1 fall=2 drop-after=0"

MARKED = """\
virtual_server fwmark 1 {
    lb_algo sh
    lb_kind DR
    persistence_timeout 900
    sorry_server 10.1.0.9
    real_server 10.1.0.11 { TCP_CHECK { connect_port 80 } }
    real_server 10.1.0.12 { TCP_CHECK { connect_port 80 } }
}
"""

DIRECT = """\
virtual_server_group VIPS {
    198.51.100.40-41 53
}
virtual_server group VIPS {
    lb_algo rr
    lb_kind DR
    protocol UDP
    ops
    inhibit_on_failure
    delay_loop 5
    real_server 10.1.0.21 53 {
        DNS_CHECK { name example.com
            type A
        }
    }
    real_server 10.1.0.22 53 {
        DNS_CHECK { name example.com
            type A
        }
    }
}
"""

SIX = """\
@gw1 $MAIL=2001:db8::25
@gw2 $MAIL=2001:db8::26
virtual_server ${MAIL} 25 {
    lb_algo lc
    lb_kind NAT
    protocol TCP
    delay_loop 10
    quorum 2
    hysteresis 1
    quorum_up /usr/local/sbin/quorum-up
    ~SEQ(N, 11, 12) real_server fd00::${N} 2525 { SMTP_CHECK { helo_name gw } }
    real_server fd00::13 2525 {
        weight 0
        notify_down /usr/local/sbin/down
        SMTP_CHECK { }
    }
}
"""

SCRIPT = """\
virtual_server 198.51.100.50 5432 {
    lb_algo fo
    lb_kind NAT
    protocol TCP
    delay_loop 30
    real_server 10.1.0.31 5432 {
        weight 100
        MISC_CHECK { misc_path "/usr/local/bin/is-primary 10.1.0.31 5432"
            misc_timeout 5
            misc_dynamic
        }
    }
    real_server 10.1.0.32 5432 {
        weight 50
        MISC_CHECK { misc_path "/usr/local/bin/is-primary 10.1.0.32 5432"
            misc_timeout 5
            misc_dynamic
        }
    }
}
"""


@pytest.fixture
def empty(tmp_path):
    """An ADMIN with an empty registry."""
    (tmp_path / "admin").mkdir()
    admin = Admin(tmp_path / "admin")
    try:
        yield admin
    finally:
        admin.stop()


def convert(tmp_path, text, *words, status=0):
    (tmp_path / "keepalived.conf").write_text(text)
    done = result(binary("portcullis"), "import", "keepalived", tmp_path / "keepalived.conf", "--output",
                  tmp_path / "cloud", *words)
    assert done.returncode == status, done.stderr
    return [line.removeprefix(f"{tmp_path}/") for line in done.stderr.splitlines()]


def rows(admin, tmp_path):
    """Applies what was written, first as a dry run, and returns the export's rows."""
    folder = tmp_path / "cloud"
    dry = admin.portcullis("apply", "-f", folder, "--dry-run", status=2)
    assert dry.endswith("dry run: nothing was changed\n"), dry
    admin.portcullis("apply", "-f", folder)
    assert admin.portcullis("apply", "-f", folder, "--prune") == "no changes\n"
    return json.loads(admin.portcullis("export", "main", "-o", "json"))


def columns(found, *names):
    return sorted(tuple(row[name] for name in names) for row in found)


def keywords(lines):
    """Line and keyword of each note."""
    return [tuple(line.split(": ")[:2]) for line in lines]


def test_two_web_servers_with_includes_and_definitions(empty, tmp_path):
    (tmp_path / "backends.inc").write_text(BACKENDS)
    notes = convert(tmp_path, WEB)
    assert keywords(notes) == [("keepalived.conf:2", "global_defs"), ("keepalived.conf:5", "vrrp_instance VI_1")]
    found = rows(empty, tmp_path)
    assert columns(found, "addresses", "ports", "protocol", "method", "scheduler", "persistence", "backend_address",
                   "backend_port", "weight", "max_connections") == [
        (["198.51.100.36"], ["443"], "tcp", "masq", "wlc", 0, "10.1.0.11", 8443, 3, 0),
        (["198.51.100.36"], ["443"], "tcp", "masq", "wlc", 0, "10.1.0.12", 8443, 1, 0),
        (["198.51.100.36"], ["80"], "tcp", "masq", "wrr", 50, "10.1.0.11", 8080, 3, 500),
        (["198.51.100.36"], ["80"], "tcp", "masq", "wrr", 50, "10.1.0.12", 8080, 1, 500),
    ]
    assert {row["ports"][0]: (row["check"], row["sorry"]) for row in found} == {
        "80": (HTTP_CHECK, "10.1.0.9:8080"), "443": (SSL_CHECK, None)}
    # One type for both, since its servers are the same.
    assert {row["service"] for row in found} == {"vs-198-51-100-36-80.1", "vs-198-51-100-36-80.2"}


def test_a_mark_by_direct_routing(empty, tmp_path):
    error = convert(tmp_path, MARKED, status=1)
    assert "keepalived.conf:1: fwmark 1: the rules of nftables or iptables" in error[0]
    assert not (tmp_path / "cloud").exists()
    assert convert(tmp_path, MARKED, "--mark", "1=198.51.100.36,[2001:db8::36]:80,443,8000-8099/tcp", status=0) == []
    shutil.rmtree(tmp_path / "cloud")
    assert convert(tmp_path, MARKED, "--mark", "1=198.51.100.36:80,443,8000-8099/tcp,udp") == []
    found = rows(empty, tmp_path)
    assert columns(found, "protocol", "ports", "method", "scheduler", "persistence", "backend_address", "backend_port",
                   "sorry", "check") == [
        (transport, ["80", "443", "8000-8099"], "direct", "sh", 900, address, None, "10.1.0.9",
         "tcp port=80 interval=60 timeout=5 rise=1 fall=2 drop-after=0")
        for transport in ("tcp", "udp") for address in ("10.1.0.11", "10.1.0.12")]


def test_a_group_of_addresses_for_dns_packet_by_packet(empty, tmp_path):
    assert convert(tmp_path, DIRECT) == []
    found = rows(empty, tmp_path)
    assert columns(found, "addresses", "protocol", "method", "scheduler", "one_packet", "backend_address", "check") == [
        (["198.51.100.40", "198.51.100.41"], "udp", "direct", "rr", 1, address,
         "dns query=example.com type=a fast-interval=5 timeout=5 rise=1 fall=4 drop-after=never")
        for address in ("10.1.0.21", "10.1.0.22")]


def test_ipv6_with_conditions_and_a_quorum(empty, tmp_path):
    assert "--config-id" in convert(tmp_path, SIX, status=1)[0]
    notes = convert(tmp_path, SIX, "--config-id", "gw2", "--location", "main")
    assert keywords(notes) == [
        ("keepalived.conf:8", "quorum 2"), ("keepalived.conf:9", "hysteresis"), ("keepalived.conf:10", "quorum_up"),
        ("keepalived.conf:11", "helo_name"), ("keepalived.conf:11", "helo_name"), ("keepalived.conf:14", "notify_down")]
    assert all(line.split(": ", 2)[2] for line in notes)
    found = rows(empty, tmp_path)
    assert columns(found, "addresses", "backend_address", "backend_port", "weight") == [
        (["2001:db8::26"], "fd00::11", 2525, 1), (["2001:db8::26"], "fd00::12", 2525, 1),
        (["2001:db8::26"], "fd00::13", 2525, 0)]


def test_a_script_gets_the_address_of_each_server(empty, tmp_path):
    assert {keyword for _, keyword in keywords(convert(tmp_path, SCRIPT))} == {"misc_dynamic"}
    found = rows(empty, tmp_path)
    assert columns(found, "scheduler", "backend_address", "weight") == [("fo", "10.1.0.31", 100), ("fo", "10.1.0.32", 50)]
    assert {row["check"] for row in found} == {
        "command arg=/bin/sh arg=-c arg=exec%20'/usr/local/bin/is-primary'%20%22$PORTCULLIS_ADDRESS%22%20'5432'"
        " interval=30 timeout=5 rise=1 fall=1 drop-after=0"}


def test_nothing_is_written_over_and_faults_have_their_places(tmp_path):
    convert(tmp_path, SCRIPT)
    before = {path: path.read_bytes() for path in (tmp_path / "cloud").rglob("*.yaml")}
    assert len(before) == 2
    assert "is there already and is not empty" in convert(tmp_path, SCRIPT, status=1)[0]
    assert before == {path: path.read_bytes() for path in (tmp_path / "cloud").rglob("*.yaml")}
    shutil.rmtree(tmp_path / "cloud")
    (tmp_path / "a.conf").write_text("include keepalived.conf\n")
    assert "a.conf:1: the files include each other" in convert(tmp_path, "include a.conf\n", status=1)[0]
    assert "keepalived.conf:2: lb_algo" in convert(tmp_path, SCRIPT.replace(" fo\n", " of\n"), status=1)[0]
    assert "has no virtual server" in convert(tmp_path, "global_defs { }\n", status=1)[-1]
    assert not (tmp_path / "cloud").exists()
    for words in (["--mark", "1"], ["--mark", "1=198.51.100.36"], ["--location", "A"],
                  ["--mark", "1=198.51.100.36:80", "--mark", "1=198.51.100.36:81"]):
        assert convert(tmp_path, SCRIPT, *words, status=64)


def test_keepalived_itself_takes_the_examples(tmp_path):
    (tmp_path / "backends.inc").write_text(BACKENDS)
    (tmp_path / "up").write_text("#!/bin/sh\n")
    (tmp_path / "up").chmod(0o755)
    for text in (re.sub("(?s)vrrp_instance.*?\n}\n", "", WEB), MARKED, DIRECT, SIX, SCRIPT):
        text = re.sub("/usr/local/s?bin/[a-z-]+", f"{tmp_path}/up", text)
        (tmp_path / "keepalived.conf").write_text(
            "global_defs {\n    enable_script_security\n    script_user root\n}\n" + text)
        done = result("keepalived", "--config-test", "--config-id", "gw2", "--use-file", tmp_path / "keepalived.conf")
        assert "Unknown keyword" not in done.stderr and done.returncode == 0, done.stderr
