"""Handwritten exports in the form that ADMIN writes, for tests in which a script plays ADMIN (scripted.py)."""

import base64
import hashlib

from portcullis_testing import topology

COLUMNS = ("service,section,protocol,address_name,addresses,ports,fwmark,method,scheduler,persistence,drain_time,sources,"
           "backend_address,backend_port,weight").split(",")
# Of version 2, beside those of version 1, with what they have where nothing is asked for.
OPTIONS = {"max_connections": 0, "max_rate": 0, "limit": "", "one_packet": 0, "persistence_mask": "", "hairpin": "",
           "check": "", "slow_start": 0, "minimum": 0, "sorry": "", "except": ""}
COLUMNS_2 = [*COLUMNS[:-3], *OPTIONS, *COLUMNS[-3:]]
WWW4, TG4, OTHER4 = topology.PUBLIC4
WWW6, TG6, OTHER6 = topology.PUBLIC6
ALL = {"app1": 100, "app2": 100, "app3": 100}


def export(*groups):
    """The bytes of the rows, sorted, since equal clouds give equal bytes."""
    lines = sorted(line for group in groups for line in group)
    columns = COLUMNS_2 if lines and lines[0].count(",") == len(COLUMNS_2) - 1 else COLUMNS
    return "".join(f"{line}\n" for line in [",".join(columns), *lines]).encode()


def section(name, addresses, ports, weights=None, protocols=("tcp",), **cells):
    """The rows of one external connection: real servers by name, with their weights. With one of `OPTIONS` they are version 2's."""
    fixed = {"section": name, "address_name": f"{name}-ip", "addresses": " ".join(addresses), "ports": ports,
             "fwmark": "", "method": "masq", "scheduler": "wlc", "persistence": 0, "drain_time": "", "sources": "",
             "backend_port": "", **OPTIONS, **cells}
    columns = COLUMNS_2 if OPTIONS.keys() & cells.keys() else COLUMNS
    rows = []
    for server, weight in (ALL if weights is None else weights).items():
        host = topology.SERVERS[server]
        inside = f"fd00:1::{host}" if ":" in addresses[0] else f"10.1.0.{host}"
        for protocol in protocols:
            row = {**fixed, "service": f"{name}.{host - 10}", "protocol": protocol, "backend_address": inside,
                   "weight": weight}
            rows.append(",".join(str(row[column]) for column in columns))
    return rows


def egress(name, addresses, networks, exceptions=()):
    """The row of an egress rule: networks of one family leave by the addresses."""
    cells = {"service": "egress", "section": name, "protocol": "any", "address_name": f"{name}-ip", "method": "snat",
             "addresses": " ".join(addresses), "sources": " ".join(networks), "except": " ".join(exceptions)}
    return [",".join(cells.get(column, "") for column in COLUMNS_2)]


def www(weights=None, port=80, **cells):
    """HTTP by address and port, for both families."""
    inside = {80: 8080, 443: 8443}.get(port, port)
    return [row for address in (WWW4, WWW6)
            for row in section("www", [address], port, weights, backend_port=inside, **cells)]


def devices(weights=None, ports="20000-29999", mark=257, protocols=("tcp", "udp"), **cells):
    """A range of ports with a mark on two addresses, for both families."""
    return [row for addresses in ((TG4, OTHER4), (TG6, OTHER6))
            for row in section("devices", addresses, ports, weights, protocols, fwmark=mark, **cells)]


def cloud(weights=None):
    """The cloud with which most tests begin: 12 public endpoints, each with 3 real servers."""
    return export(www(weights), www(weights, 443), devices(weights))


def digest(data):
    return hashlib.sha256(data)


def etag(data):
    return f'"{digest(data).hexdigest()}"'


def content_digest(data):
    """RFC 9530"""
    return f"sha-256=:{base64.b64encode(digest(data).digest()).decode()}:"
