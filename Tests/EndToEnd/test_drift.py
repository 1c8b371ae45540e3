"""What others change of ours is found, put right and told of: nftables at once, IPVS at the next audit."""

import re
import time

import pytest

from portcullis_testing import exports, witnesses
from portcullis_testing.exports import TG4, TG6, WWW4, WWW6
from portcullis_testing.waiting import eventually

CLOUD = exports.cloud()
HTTP = f"{WWW4}:80"

# What somebody does to IPVS, and a step that puts it right.
IPVS = {
    "everything": ("-C", f"ipvs + virtual service {HTTP}/tcp wlc"),
    "a virtual service": (f"-D -t {HTTP}", f"ipvs + real server {HTTP}/tcp -> 10.1.0.12:8080 masq weight 100"),
    "a marked service": ("-D -f 257 -6", "ipvs + virtual service mark 257 (IPv6) wlc"),
    "a real server": (f"-d -t {HTTP} -r 10.1.0.12:8080", f"ipvs + real server {HTTP}/tcp -> 10.1.0.12:8080"),
    "a weight": (f"-e -t {HTTP} -r 10.1.0.12:8080 -m -w 3", "10.1.0.12:8080 weight 3 -> 100"),
    "one real server more": (f"-a -t {HTTP} -r 10.1.0.14:8080 -m -w 1", f"{HTTP}/tcp -> 10.1.0.14:8080"),
    "a scheduler": (f"-E -t {HTTP} -s mh", f"ipvs ~ virtual service {HTTP}/tcp mh"),
}


def to_another_log(namespace):
    """Sends what our table logs to a program instead of the kernel's log."""
    listed = namespace.run("nft", "-a", "list", "chain", "inet", "portcullis", "admit4")
    [(rule, handle)] = re.findall(r"^\s*(.*log prefix .*) # handle (\d+)$", listed, re.M)
    changed = rule.replace("log prefix", "log group 5 prefix")
    return f"replace rule inet portcullis admit4 handle {handle} {changed}"


# The same of nftables.
TABLE = "table inet portcullis"
NFTABLES = {
    "everything": ("flush ruleset", "nft  + table inet portcullis"),
    "our table": (f"delete {TABLE}", "nft  + table inet portcullis"),
    "an element": (f"delete element inet portcullis ports4 {{ {WWW4} . tcp . 80 }}", f"nft  + ports4 {WWW4} . tcp . 80"),
    "a mark": (f"delete element inet portcullis marks4 {{ {TG4} . udp . 20000-29999 }}",
               f"nft  + marks4 {TG4} . udp . 20000-29999"),
    "all of a set": ("flush set inet portcullis addresses6", f"nft  + addresses6 {WWW6}"),
    "one element more": (f"add element inet portcullis ports4 {{ {WWW4} . tcp . 22 }}", f"nft  - ports4 {WWW4} . tcp . 22"),
    "an element for all other keys": ("add element inet portcullis ports4 { * }", f"nft  ~ {TABLE} made anew"),
    "a mark for all other keys": ("add element inet portcullis marks6 { * : 258 }", f"nft  ~ {TABLE} made anew"),
    "a rule": ("add rule inet portcullis input accept", f"nft  ~ rules of {TABLE} made anew"),
    "a detail of a rule": (to_another_log, f"nft  ~ rules of {TABLE} made anew"),
    "a rule with a chain of its own": ("add rule inet portcullis input ip saddr 192.0.2.1 jump { drop; }",
                                       f"nft  ~ rules of {TABLE} made anew"),
    "a chain's rules": ("flush chain inet portcullis input", f"nft  ~ rules of {TABLE} made anew"),
    "one chain more": ("add chain inet portcullis stranger", f"nft  ~ rules of {TABLE} made anew"),
    "sleep": ("add table inet portcullis { flags dormant; }", f"nft  ~ {TABLE} made anew"),
    "a chain's policy": ("add chain inet portcullis input { type filter hook input priority filter; policy drop; }",
                         f"nft  ~ {TABLE} made anew"),
    "one counter more": ("add counter inet portcullis stranger", f"nft  ~ {TABLE} made anew"),
    "one set more": ("add set inet portcullis strangers { type ipv4_addr; }", f"nft  ~ {TABLE} made anew"),
}


def start(daemons, scripted, **settings):
    daemon = daemons.start_anew({"admin-url": scripted.url, **settings})
    scripted.give(daemon, CLOUD)
    return daemon


@pytest.fixture(scope="class")
def auditor(daemons, scripted):
    """A daemon that looks at IPVS each second."""
    return start(daemons, scripted, **{"audit-interval": 1})


@pytest.fixture(scope="class")
def listener(daemons, scripted):
    """A daemon that does nothing of its own accord for an hour: it polls and audits only then."""
    daemon = start(daemons, scripted)
    folder = daemon.folder.name
    daemon = daemons.start({"admin-url": scripted.url, "interval": 3600, "audit-interval": 3600}, folder)
    daemon.has_applied(exports.etag(CLOUD))
    eventually(lambda: "poll" in daemon.status, what="its only poll")
    return daemon


def is_repaired(daemon, namespace, before, step, log, repairs):
    """Waits for the state before, and looks for what is told of how it came back, beyond the repairs before."""
    eventually(lambda: witnesses.content(namespace) == before, what="the kernel being as before")

    def is_told():
        drift = daemon.status["drift"]
        return drift["repairs"] > repairs and any(step in line for line in drift["last"])

    # The status is written after the kernel; the one before may tell of the same step.
    eventually(is_told, what=f"the step {step!r} in the status")
    written = daemon.text[log:]
    assert "warning others have changed what is ours: " in written
    assert any(step in line for line in written.splitlines()) or "changes: " in written
    assert daemon.status["state"] == "synchronized"
    assert daemon.run("status").stdout.count("drift ") == 1


def answers(client):
    return {(client.http(WWW4, 80).port, client.http(WWW6, 443).port, client.datagram(TG4, 20000).port,
             client.http(TG6, 29999).port)}


class TestIPVS:
    @pytest.mark.parametrize("what", IPVS)
    def test_the_next_audit_puts_right(self, what, auditor, network, client):
        command, step = IPVS[what]
        before, repairs = witnesses.content(network.gateway), auditor.status["drift"]["repairs"]
        log = len(auditor.text)
        network.gateway.run("ipvsadm", *command.split())
        is_repaired(auditor, network.gateway, before, step, log, repairs)
        assert answers(client) == {(8080, 8443, 20000, 29999)}
        eventually(
            lambda: auditor.metrics()["portcullis_gateway_drift_repairs_total"] == auditor.status["drift"]["repairs"])

    def test_a_public_address_that_is_gone_is_told_of(self, auditor, network):
        repairs = auditor.status["drift"]["repairs"]
        kernel = witnesses.content(network.gateway)
        gone = [f"{TG4}/32", f"{TG6}/128"]
        try:
            network.gateway.batch(*(f"addr del {address} dev public0" for address in gone))
            eventually(lambda: auditor.status["missingAddresses"] == [TG4, TG6], what="the addresses in the status")
            assert f"missing   not on this machine: {TG4} {TG6}" in auditor.run("status").stdout
            assert f"warning public addresses that this machine does not have: {TG4} {TG6}" in auditor.text
            eventually(lambda: auditor.metrics()["portcullis_gateway_missing_addresses"] == 2)
        finally:
            network.gateway.batch(*(f"addr add {address} dev public0 nodad" for address in gone))
        eventually(lambda: auditor.status["missingAddresses"] == [], what="the addresses being back")
        # They are others' to give and to take: that is no drift.
        assert witnesses.content(network.gateway) == kernel
        assert auditor.status["drift"]["repairs"] == repairs


# What somebody sets, and the step that sets it right.
SETTINGS = {
    "all timeouts": ("ipvsadm --set 5 6 7", "host ~ ipvs timeout tcp-fin 6 -> 120"),
    "connections to servers that are gone": ("sysctl -w net.ipv4.vs.expire_nodest_conn=0",
                                             "host ~ net.ipv4.vs.expire_nodest_conn 0 -> 1"),
    "ports used again": ("sysctl -w net.ipv4.vs.conn_reuse_mode=0", "host ~ net.ipv4.vs.conn_reuse_mode 0 -> 1"),
    "conntrack": ("sysctl -w net.ipv4.vs.conntrack=1", "host ~ net.ipv4.vs.conntrack 1 -> 0"),
    "backup only": ("sysctl -w net.ipv4.vs.backup_only=1", "host ~ net.ipv4.vs.backup_only 1 -> 0"),
}


def settings(namespace):
    """IPVS' timeouts and the sysctls above, as other programs show them."""
    names = [command.split()[2].partition("=")[0] for command, _ in SETTINGS.values() if "sysctl" in command]
    return namespace.run("ipvsadm", "-Ln", "--timeout"), namespace.run("sysctl", *names)


class TestSettings:
    @pytest.mark.parametrize("what", SETTINGS)
    def test_the_next_audit_sets_right(self, what, auditor, network):
        command, step = SETTINGS[what]
        before, repairs = settings(network.gateway), auditor.status["drift"]["repairs"]
        # The daemon stands still meanwhile, so that others see what it would.
        with auditor.halted():
            network.gateway.run(*command.split())
            assert settings(network.gateway) != before
            plan = auditor.run("sync", "--plan", "--file", auditor.export(CLOUD))
            assert (plan.returncode, step in plan.stdout) == (2, True), plan
        eventually(lambda: settings(network.gateway) == before, what="the settings being as before")
        eventually(lambda: step in auditor.status["drift"]["last"], what=f"{step!r} in the status")
        assert auditor.status["drift"]["repairs"] > repairs
        check = auditor.run("check")
        assert check.returncode == 0, check

    def test_forwarding_is_the_hosts_and_reported(self, auditor, network):
        network.gateway.run("sysctl", "-w", "net.ipv4.ip_forward=0")
        try:
            eventually(lambda: auditor.status["settings"], what="the setting in the status")
            status = auditor.run("status")
            assert status.returncode == 1
            assert "setting   net.ipv4.ip_forward is 0: answers of IPv4 servers are not forwarded; " \
                   "fix it with: sysctl -w net.ipv4.ip_forward=1" in status.stdout
            eventually(lambda: auditor.metrics()["portcullis_gateway_wrong_settings"] == 1)
            assert auditor.run("check").returncode == 3
            assert network.gateway.run("sysctl", "-n", "net.ipv4.ip_forward") == "0\n"
        finally:
            network.gateway.run("sysctl", "-w", "net.ipv4.ip_forward=1")
        eventually(lambda: not auditor.status["settings"], what="the setting being right")
        assert auditor.run("status").returncode == 0

    def test_an_address_that_is_local_by_a_route_is_not_missing(self, auditor, network):
        before = auditor.metrics()["portcullis_gateway_audits_total"]
        network.gateway.batch(f"addr del {TG4}/32 dev public0", f"route add local {TG4}/32 dev lo")
        try:
            eventually(lambda: auditor.metrics()["portcullis_gateway_audits_total"] > before + 1, what="an audit")
            assert auditor.status["missingAddresses"] == []
            network.gateway.batch(f"route del local {TG4}/32 dev lo")
            eventually(lambda: auditor.status["missingAddresses"] == [TG4], what="the missing address")
        finally:
            network.gateway.batch(f"addr add {TG4}/32 dev public0")
        eventually(lambda: auditor.status["missingAddresses"] == [], what="the address being back")


class TestNftables:
    @pytest.mark.parametrize("what", NFTABLES)
    def test_a_notification_puts_right_at_once(self, what, listener, network, scripted, client):
        command, step = NFTABLES[what]
        before, polls = witnesses.content(network.gateway), len(scripted.requests)
        log, repairs = len(listener.text), listener.status["drift"]["repairs"]
        network.gateway.run("nft", command(network.gateway) if callable(command) else command)
        # Soon, and by the notification alone: no poll comes, and the next audit is an hour away.
        is_repaired(listener, network.gateway, before, step, log, repairs)
        assert len(scripted.requests) == polls
        assert answers(client) == {(8080, 8443, 20000, 29999)}

    def test_others_changes_of_their_own_tables_are_none_of_ours(self, listener, network):
        repairs = listener.status["drift"]["repairs"]
        with witnesses.nft_monitor(network.gateway) as monitor:
            network.gateway.run("nft", "add table inet host; add chain inet host input; delete table inet host")
            eventually(lambda: monitor.text.count("new generation") == 1, what="their commit")
            time.sleep(3)
            assert monitor.text.count("new generation") == 1
        assert listener.status["drift"]["repairs"] == repairs


def test_a_timeout_that_leaves_the_configuration_goes_back(daemons, scripted, network):
    before = network.gateway.run("ipvsadm", "-Ln", "--timeout")
    daemon = start(daemons, scripted, **{"ipvs-timeouts.tcp": 77})
    assert "77" in network.gateway.run("ipvsadm", "-Ln", "--timeout")
    daemons.start({"admin-url": scripted.url}, daemon.folder.name).has_applied(exports.etag(CLOUD))
    assert network.gateway.run("ipvsadm", "-Ln", "--timeout") == before
