"""What the kernel should hold for a services.csv, worked out from the contract alone: none of our code takes part."""

import csv
import io
import ipaddress


def kernel(text):
    """The export as (IPVS services with their real servers and weights, admitted (address, protocol, ports))."""
    services, admitted, undrained = {}, set(), {}
    for row in csv.DictReader(io.StringIO(text)):
        addresses = row["addresses"].split()
        for address in addresses:
            for ports in row["ports"].split():
                admitted.add((address, row["protocol"], ports))
        if row["method"] == "dnat":
            continue
        for name in _services(row, addresses):
            endpoint = _endpoint(row["backend_address"], row["backend_port"] or "0")
            services.setdefault(name, {})[endpoint] = int(row["weight"])
            undrained.setdefault(name, set()).add((row["protocol"], row["scheduler"]))
    # Where UDP alone comes to, and where dh refuses who would come there, a server of weight 0 is none.
    for name, servers in services.items():
        by_hash = any(servers.values()) and {scheduler for _, scheduler in undrained[name]} == {"dh"}
        if by_hash or {protocol for protocol, _ in undrained[name]} == {"udp"}:
            services[name] = {endpoint: weight for endpoint, weight in servers.items() if weight}
    return services, admitted


def without(services, types, address_of_down):
    """The services as verdicts lay over them: the servers at an address that is down, of these types, are out.

    `address_of_down` has the server's two addresses. A server of weight 0 is drained by hand: a verdict changes nothing.
    """
    return {name: {endpoint: weight for endpoint, weight in servers.items()
                   if not weight or type_of(name) not in types or endpoint.rpartition(":")[0] not in address_of_down}
            for name, servers in services.items()}


def type_of(name):
    """The type behind one of our virtual services: only tg's have marks."""
    return "tg" if name.startswith("FWM") else "pgw"


def _services(row, addresses):
    if row["fwmark"]:
        family = "" if ipaddress.ip_address(addresses[0]).version == 4 else " IPv6"
        return [f"FWM {row['fwmark']}{family}"]
    return [f"{row['protocol'].upper()} {_endpoint(address, row['ports'])}" for address in addresses]


def _endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
