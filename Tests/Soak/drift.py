"""What others do to nftables and IPVS."""

from portcullis_testing import topology, witnesses


def drift(namespace, chance):
    """Something of ours changed by somebody else, and of theirs, none of which stands in a client's way."""
    found = witnesses.ipvs(namespace)
    what = chance.choice(["weight", "server", "element", "service", "chain", "foreign"])
    if what == "weight":
        services = [name for name, servers in found.items() if sum(weight > 0 for weight in servers.values()) > 1]
        if services:
            name = chance.choice(services)
            server = chance.choice([server for server, weight in found[name].items() if weight > 0])
            namespace.run("ipvsadm", "-e", *option(name), "-r", server, "-m", "-w", chance.randint(1, 9), status=None)
    elif what == "server":
        name = chance.choice([name for name, servers in found.items() if servers])
        host = "[fd00:1::99]" if "IPv6" in name or "[" in name else "10.1.0.99"
        namespace.run("ipvsadm", "-a", *option(name), "-r", f"{host}:{chance.choice([0, 8080])}", "-m", "-w", 0, status=None)
    elif what == "element":
        namespace.run("nft", "add", "element", "inet", "portcullis", "ports4",
                      f"{{ {topology.PUBLIC4[0]} . tcp . {chance.randint(40000, 49999)} }}", status=None)
    elif what == "service":
        namespace.run("ipvsadm", "-A", "-f", chance.randint(1000, 2000), "-s", "wlc", status=None)
    elif what == "chain":
        namespace.run("nft", "add", "chain", "inet", "portcullis", "stray", status=None)
    else:
        namespace.run("nft", "add", "table", "ip", f"others{chance.randint(0, 9)}", status=None)
    return what


def option(name):
    """The words by which ipvsadm knows a service of `witnesses.ipvs`."""
    kind, identity, *family = name.split()
    return {"TCP": ["-t", identity], "UDP": ["-u", identity]}.get(kind, ["-f", identity] + (["-6"] if family else []))


def destroy(namespace):
    """Everything of ours taken away at once."""
    namespace.run("nft", "flush", "ruleset")
    namespace.run("ipvsadm", "-C")
