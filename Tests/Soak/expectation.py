"""What the kernel should hold for a services.csv, worked out from the contract alone: none of our code takes part."""

import csv
import io
import ipaddress

FALLBACK = {"mh", "sh"}


def kernel(text):
    """The export as (IPVS services with their real servers and weights, admitted (address, protocol, ports))."""
    services, admitted = {}, set()
    for row in csv.DictReader(io.StringIO(text)):
        addresses = row["addresses"].split()
        for address in addresses:
            for ports in row["ports"].split():
                admitted.add((address, row["protocol"], ports))
        if row["method"] == "dnat":
            continue
        for name in _services(row, addresses):
            servers = services.setdefault(name, {})
            weight = int(row["weight"])
            # Of a service that UDP alone comes to, a server of weight 0 is none.
            if weight or row["protocol"] != "udp" or row["fwmark"]:
                servers[_endpoint(row["backend_address"], row["backend_port"] or "0")] = weight
    return services, admitted


def _services(row, addresses):
    if row["fwmark"]:
        family = "" if ipaddress.ip_address(addresses[0]).version == 4 else " IPv6"
        return [f"FWM {row['fwmark']}{family}"]
    return [f"{row['protocol'].upper()} {_endpoint(address, row['ports'])}" for address in addresses]


def _endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
