"""The network of the scenarios: a client, a gateway and four servers, each a network namespace.

    client 203.0.113.10-249 ── public0 ┐         ┌ inside ── app1 10.1.0.11
           2001:db8:ffff::10-29        gateway ──┤           ...
                                                 └           app4 10.1.0.14

The public addresses are local on the gateway, which is the servers' default route. Traffic stays in
these namespaces: nothing is joined to the machine that runs them.
"""

import pathlib

from portcullis_testing.namespaces import HERE, Namespace

SERVERS = {"app1": 11, "app2": 12, "app3": 13, "app4": 14}
PUBLIC4 = ["198.51.100.36", "198.51.100.37", "198.51.100.38"]
PUBLIC6 = ["2001:db8:0:1::36", "2001:db8:0:1::37", "2001:db8:0:1::38"]
CLIENTS4 = [f"203.0.113.{host}" for host in range(10, 30)]
CLIENTS6 = [f"2001:db8:ffff::{host}" for host in range(10, 30)]
FRESH4 = [f"203.0.113.{host}" for host in range(30, 250)]


class Topology:
    """Makes the namespaces and connects them; `close` removes everything."""

    def __init__(self):
        self.namespaces = {}
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def __getattr__(self, role):
        try:
            return self.__dict__["namespaces"][role]
        except KeyError:
            raise AttributeError(role) from None

    @property
    def servers(self):
        return {name: self.namespaces[name] for name in SERVERS}

    def _build(self):
        for role in ["gateway", "client", *SERVERS]:
            self.namespaces[role] = Namespace(role)
        gateway, client = self.gateway, self.client
        gateway.batch(
            "link set lo up",
            f"link add public0 type veth peer name public0 netns {client.name}",
            # A bridge without a link-layer address of its own has that of a port, and another one when the port goes (test_pair).
            "link add inside address 02:00:0a:01:00:01 type bridge",
            *(f"link add {name} master inside type veth peer name inside netns {self.namespaces[name].name}"
              for name in SERVERS),
            *(f"link set {name} up" for name in ["public0", "inside", *SERVERS]),
            "addr add 203.0.113.1/24 dev public0",
            "addr add 2001:db8:ffff::1/64 dev public0 nodad",
            *(f"addr add {address}/32 dev public0" for address in PUBLIC4),
            *(f"addr add {address}/128 dev public0 nodad" for address in PUBLIC6),
            *(f"addr add 10.1.0.{host}/24 dev inside" for host in (1, 2)),
            *(f"addr add fd00:1::{host}/64 dev inside nodad" for host in (1, 2)),
        )
        gateway.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
        client.batch(
            "link set lo up",
            "link set public0 up",
            *(f"addr add {address}/24 dev public0" for address in CLIENTS4 + FRESH4),
            *(f"addr add {address}/64 dev public0 nodad" for address in CLIENTS6),
            "route add default via 203.0.113.1",
            "route add ::/0 via 2001:db8:ffff::1",
        )
        for name, host in SERVERS.items():
            self.namespaces[name].batch(
                "link set lo up",
                "link set inside up",
                f"addr add 10.1.0.{host}/24 dev inside",
                f"addr add fd00:1::{host}/64 dev inside nodad",
                "route add default via 10.1.0.1",
                "route add ::/0 via fd00:1::1",
            )

    def close(self):
        for namespace in reversed(list(self.namespaces.values())):
            namespace.delete()
        self.namespaces.clear()


# Loaded beforehand: the kernel would load them on demand, but slowly, during the tests.
_MODULES = ["ip_vs", "nf_conntrack_netlink", "ip_vs_wlc", "ip_vs_mh", "ip_vs_sh", "nf_tables", "nft_ct", "nft_log",
            "nf_log_syslog", "nft_limit", "nft_nat", "nft_masq", "nft_connlimit", "nft_chain_nat", "nft_objref", "veth", "bridge"]


def have_ipvs():
    """Whether this kernel has IPVS, after loading its modules if there are any."""
    HERE.result("modprobe", "--all", *_MODULES)
    return pathlib.Path("/proc/net/ip_vs").exists()
