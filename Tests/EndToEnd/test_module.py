"""IPVS' module is taken out and loaded again under the daemon. First of all tests with traffic: connections keep the module in use."""

import pathlib

from portcullis_testing import exports, witnesses
from portcullis_testing.exports import TG4, WWW4
from portcullis_testing.waiting import eventually


def modules():
    """IPVS' modules that are loaded, those that use others first."""
    found = [line.split()[0] for line in pathlib.Path("/proc/modules").read_text().splitlines()]
    return [name for name in found if name.startswith("ip_vs_")] + [name for name in found if name == "ip_vs"]


def test_ipvs_that_is_loaded_again_is_filled_again(daemons, scripted, network, client):
    """Its generic netlink family has another number then, and the sysctls are the kernel's own again."""
    daemon = daemons.start_anew({"admin-url": scripted.url, "audit-interval": 1})
    scripted.give(daemon, exports.cloud())
    before, log = witnesses.content(network.gateway), len(daemon.text)
    with daemon.halted():
        network.gateway.run("ipvsadm", "--clear")
        # Namespaces of tests before this one may still be on their way out.
        eventually(lambda: network.gateway.result("modprobe", "-r", *modules()).returncode == 0 and not modules(),
                   what="the module being out")
    eventually(lambda: witnesses.content(network.gateway) == before, what="IPVS being as before")
    eventually(lambda: daemon.run("check").returncode == 0, what="a healthy daemon")
    assert client.http(WWW4, 80).port == 8080
    assert client.datagram(TG4, 20000).port == 20000
    assert network.gateway.run("sysctl", "-n", "net.ipv4.vs.expire_nodest_conn") == "1\n"
    assert "warning others have changed what is ours: " in daemon.text[log:]
