"""Both services under the shipped units, in a machine that systemd has booted. In order: each test goes on from the last."""

import json
import os
import pathlib
import re
import signal
import stat

import pytest

import machine
from machine import ADMIN, CHECKS, GATEWAY, Process
from portcullis_testing.waiting import eventually

CAP_NET_ADMIN = 1 << 12
RUN = pathlib.Path("/run/portcullis")


def test_the_machine_boots_with_modules_and_sysctls_in_place():
    assert machine.run("systemctl", "list-units", "--failed", "--no-legend") == ""
    assert {"ip_vs", "nf_conntrack"} <= {line.split()[0] for line in pathlib.Path("/proc/modules").open()}
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        assert pathlib.Path("/proc/sys/net", name).read_text() == "1\n", name


def test_admin_serves_the_cloud_as_a_user_without_capabilities(cloud):
    process = Process(ADMIN)
    assert process.user == "portcullis-admin"
    assert process.status["Groups"] in ("", process.status["Gid"].split()[0])
    assert set(process.capabilities.values()) == {0}
    assert (process.status["NoNewPrivs"], process.status["Seccomp"]) == ("1", "2")
    registry = pathlib.Path("/var/lib/portcullis-admin")
    for path in [registry, *registry.iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_restart_of_admin_ends_when_it_answers(cloud):
    unit = machine.show(ADMIN, "Type", "NotifyAccess")
    assert unit == {"Type": "notify", "NotifyAccess": "main"}
    for _ in range(3):
        machine.run("systemctl", "restart", ADMIN)
        machine.run("portcullis", "gateways", environment=cloud)


def test_the_plan_shows_before_the_start_what_the_gateway_would_do(cloud):
    plan = machine.run("portcullis-gateway", "sync", "--plan", status=2)
    assert "198.51.100.36:80/tcp -> 10.1.0.11:8080" in plan
    assert machine.run("ipvsadm", "--save", "-n") == ""
    assert machine.run("nft", "list", "tables") == ""


def test_the_gateway_becomes_active_and_says_what_it_does(gateway):
    unit = machine.show(GATEWAY, "Type", "ActiveState", "SubState", "StatusText", "NRestarts", "WatchdogUSec")
    assert (unit["Type"], unit["ActiveState"], unit["SubState"]) == ("notify", "active", "running")
    assert unit["StatusText"].startswith("in agreement with export")
    assert unit["NRestarts"] == "0"
    assert unit["WatchdogUSec"] not in ("", "0", "infinity")


def test_the_gateway_has_a_user_of_its_own_and_one_capability(gateway):
    process = Process(GATEWAY)
    assert process.user == "portcullis-gateway"
    assert process.status["Groups"] in ("", process.status["Gid"].split()[0])
    assert set(process.capabilities.values()) == {CAP_NET_ADMIN}
    assert (process.status["NoNewPrivs"], process.status["Seccomp"]) == ("1", "2")
    assert os.readlink(process.folder / "ns/user") == os.readlink("/proc/1/ns/user")
    assert os.readlink(process.folder / "ns/net") == os.readlink("/proc/1/ns/net")


@pytest.mark.parametrize("unit", [ADMIN, GATEWAY])
def test_only_state_is_writable_and_only_the_program_can_be_executed(gateway, unit):
    process = Process(unit)
    name = unit.removesuffix(".service")
    for path in ("/", "/etc", "/run", "/run/systemd", "/usr/bin", f"/usr/bin/{name}", "/usr/lib", "/sys", "/proc/sys/net", "/dev"):
        if unit == ADMIN and path.startswith("/proc/sys"):
            continue
        assert "ro" in process.mount_options(path), path
    for path in ("/", "/bin", "/etc", "/run", "/usr/bin", "/home", "/root"):
        assert "noexec" in process.mount_options(path), path
    writable = {GATEWAY: ["/run/portcullis", "/var/lib/portcullis", "/proc/sys/net/ipv4/vs"], ADMIN: ["/var/lib/portcullis-admin"]}
    for path in writable[unit]:
        assert "rw" in process.mount_options(path), path


def test_the_gateway_sets_what_ipvs_needs(gateway):
    for name in ("expire_nodest_conn", "expire_quiescent_template", "conn_reuse_mode"):
        assert pathlib.Path("/proc/sys/net/ipv4/vs", name).read_text() == "1\n", name
    eventually(lambda: any(entry["MESSAGE"] == "host ~ net.ipv4.vs.expire_nodest_conn 0 -> 1"
                           for entry in machine.journal(GATEWAY)), what="it in the journal")


def test_the_kernel_has_what_the_export_asks_for(gateway):
    table, counters, services = machine.kernel_state()
    kinds = [next(iter(entry)) for entry in table]
    assert "table" in kinds and "chain" in kinds and "rule" in kinds
    elements = {entry["set"]["name"]: entry["set"].get("elem") for entry in table if "set" in entry}
    assert {"concat": ["198.51.100.36", "tcp", 80]} in elements["ports4"]
    for service, server in (("-t 198.51.100.36:80", "10.1.0.11:8080"), ("-t [2001:db8:0:1::36]:443", "[fd00:1::13]:8443"),
                            ("-f 256", "10.1.0.14:0"), ("-f 256 -6", "[fd00:1::14]:0")):
        assert f"-A {service} -s wlc\n" in services
        assert f"-a {service} -r {server} -m -w 100\n" in services
    assert re.search(r"TCP  198\.51\.100\.36:80 +1 +[1-9]", counters), counters


def test_the_journal_has_priorities_and_fields(gateway):
    eventually(lambda: any(entry.get("PORTCULLIS_EVENT") == "applied" for entry in machine.journal(GATEWAY)),
               what="the agreement in the journal")
    entries = machine.journal(GATEWAY)
    for entry in entries:
        assert entry["PRIORITY"] in set("01234567"), entry
        assert entry["SYSLOG_IDENTIFIER"] == "portcullis-gateway"
        assert not re.match(r"<\d>", entry["MESSAGE"]), entry
    assert {entry["PRIORITY"] for entry in entries} == {"6"}, [entry["MESSAGE"] for entry in entries]
    applied = next(entry for entry in entries if entry.get("PORTCULLIS_EVENT") == "applied")
    assert applied["MESSAGE"].startswith("in agreement with export")
    assert int(applied["PORTCULLIS_CHANGES"]) > 0
    etag = json.loads((RUN / "status.json").read_text())["applied"]["etag"]
    assert applied["PORTCULLIS_ETAG"] == etag


def test_nothing_listens_on_the_gateway_s_behalf(gateway):
    sockets = machine.run("ss", "--no-header", "--listening", "--tcp", "--udp", "--sctp", "--processes", "--numeric")
    assert "portcullis-admi" in sockets
    assert "portcullis-gate" not in sockets


def test_everybody_may_see_the_status_and_nobody_the_secrets(gateway):
    assert re.match(r"gw1 follows tcn.*: synchronized\n", machine.run("portcullis-gateway", "status", user="nobody"))
    status = json.loads(machine.run("portcullis-gateway", "status", "--output", "json", user="nobody"))
    assert status["process"] == Process(GATEWAY).id
    eventually((RUN / "metrics.prom").exists, what="metrics.prom")
    assert {"status.json", "lock"} <= {path.name for path in RUN.iterdir()}
    # One that is just being written has its name only later.
    for path in (path for path in RUN.iterdir() if path.suffix != ".new" and not path.is_socket()):
        assert path.owner() == "portcullis-gateway"
        machine.run("cat", path, user="nobody")
    for path in ("/etc/portcullis/gateway.token", "/var/lib/portcullis/state.json", "/var/lib/portcullis-admin/registry.sqlite"):
        machine.run("test", "-e", path)
        machine.run("cat", path, user="nobody", status=1)


def test_a_restart_with_admin_away_leaves_the_kernel_alone(gateway):
    before, process = machine.kernel_state(), Process(GATEWAY)
    machine.run("systemctl", "stop", ADMIN)
    machine.run("systemctl", "restart", GATEWAY)
    assert Process(GATEWAY).id != process.id
    eventually(lambda: any(entry.get("PORTCULLIS_EVENT") == "poll-failed" for entry in machine.journal(GATEWAY)),
               what="the failed poll in the journal")
    assert machine.kernel_state() == before
    assert machine.show(GATEWAY, "ActiveState") == "active"
    machine.run("systemctl", "start", ADMIN)


def test_a_daemon_that_hangs_is_started_again_and_the_kernel_stays_whole(gateway):
    # Sooner than shipped
    settings = pathlib.Path(f"/run/systemd/system/{GATEWAY}.d/watchdog.conf")
    settings.parent.mkdir(parents=True)
    settings.write_text("[Service]\nWatchdogSec=15\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", GATEWAY)
    before, process = machine.kernel_state(), Process(GATEWAY)
    os.kill(process.id, signal.SIGSTOP)
    eventually(lambda: machine.show(GATEWAY, "NRestarts") != "0", timeout=180, what="the watchdog's restart")
    eventually(lambda: machine.show(GATEWAY, "ActiveState") == "active", what="the daemon being back")
    assert Process(GATEWAY).id != process.id

    def told():
        return machine.run("journalctl", "--no-pager", "--unit", GATEWAY)

    eventually(lambda: "Watchdog timeout" in told() and "status=6/ABRT" in told(), what="the watchdog in the journal")
    assert "timed out. Killing" not in told()
    assert machine.kernel_state() == before


def test_the_prober_runs_beside_the_gateway_without_any_capability(gateway):
    machine.run("systemctl", "enable", "--now", "--quiet", CHECKS)
    process = Process(CHECKS)
    assert process.user == "portcullis-checks"
    assert process.status["Groups"] in ("", process.status["Gid"].split()[0])
    assert set(process.capabilities.values()) == {0}
    assert (process.status["NoNewPrivs"], process.status["Seccomp"]) == ("1", "2")
    assert os.readlink(process.folder / "ns/user") != os.readlink("/proc/1/ns/user")
    assert os.readlink(process.folder / "ns/net") == os.readlink("/proc/1/ns/net")
    for path in ("/", "/etc", "/run", "/run/portcullis", "/usr/bin", "/sys"):
        assert "ro" in process.mount_options(path), path
    assert not (process.folder / "root/proc/sys").exists()
    limit = re.search(r"Max open files +(\d+)", (process.folder / "limits").read_text())
    assert int(limit[1]) >= 65_536
    # A restart of the gateway is one of the prober, and the prober's is its own.
    before = Process(GATEWAY).id
    machine.run("systemctl", "restart", CHECKS)
    assert Process(GATEWAY).id == before
    before = Process(CHECKS).id
    machine.run("systemctl", "restart", GATEWAY)
    eventually(lambda: machine.show(CHECKS, "ActiveState") == "active", what="the prober being back")
    assert Process(CHECKS).id != before
    unit = machine.show(CHECKS, "Type", "NRestarts", "WatchdogUSec")
    assert unit == {"Type": "notify", "NRestarts": "0", "WatchdogUSec": "30s"}


def test_the_prober_probes_under_its_unit_s_rules(gateway):
    shipped = pathlib.Path("/etc/systemd/system", CHECKS).read_text()
    kept = re.sub(r"(?m)^(?:Type|NotifyAccess|WatchdogSec|ExecStart|Restart|RestartSec|PartOf|After)=.*\n", "", shipped)

    def probe(name, *words):
        """What a probe prints in the shipped unit's sandbox."""
        unit = f"probe-{name}.service"
        words = " ".join(f"'{word}'" for word in words)
        command = f"Type=oneshot\nSuccessExitStatus=1 3\nExecStart=/usr/bin/portcullis-checks probe {words}\n"
        pathlib.Path("/run/systemd/system", unit).write_text(kept.replace("[Service]\n", f"[Service]\n{command}"))
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", unit)
        return eventually(lambda: "\n".join(entry["MESSAGE"] for entry in machine.journal(unit)), what=f"what {name} prints")

    groups = pathlib.Path("/proc/sys/net/ipv4/ping_group_range")
    groups.write_text("1 0")
    assert "net.ipv4.ping_group_range" in probe("forbidden", "ping", "198.51.100.36")
    groups.write_text("0 2147483647")
    assert probe("ping", "ping", "198.51.100.36").startswith("up in ")
    assert probe("http", "http path=/healthz", "127.0.0.1:8080").startswith("up in ")
    assert "connection refused" in probe("tcp", "tcp", "127.0.0.1:1")
    assert probe("command", "command arg=/usr/bin/id arg=-un", "127.0.0.1").endswith(": portcullis-checks")


def test_it_never_gives_up(gateway):
    for unit in (ADMIN, CHECKS, GATEWAY):
        assert machine.show(unit, "StartLimitIntervalUSec") == "0", unit


def test_stopping_leaves_the_kernel_alone(gateway):
    before = machine.kernel_state()
    machine.run("systemctl", "stop", GATEWAY, ADMIN)
    for unit in (ADMIN, CHECKS, GATEWAY):
        state = machine.show(unit, "ActiveState", "Result", "ExecMainStatus")
        assert state == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}, unit
    assert machine.kernel_state() == before
