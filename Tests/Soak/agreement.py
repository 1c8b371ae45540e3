"""Whether the kernel is what the export says, by ipvsadm, nft and Python's csv."""

import collections
import http.client
import json
import time

import expectation
from portcullis_testing import witnesses
from portcullis_testing.waiting import eventually


def check_agreement(stage, registry, when, others=None, down=None, within=180):
    """Waits until they agree. `others`: what is not ours there. `down`: the types and addresses of a server that is down."""
    seen = {}

    def agrees():
        try:
            services, admitted = expectation.kernel(registry.request("GET", "/v1/locations/tcn/services.csv")[1])
            if down:
                services = expectation.without(services, *down)
            seen["ipvs"] = (witnesses.ipvs(stage.network.gateway), {**services, **(others or {})})
            seen["nft"] = (table_elements(stage.network.gateway), covered(admitted))
        except (OSError, http.client.HTTPException, RuntimeError) as failure:
            # ADMIN on its way up, our table not there again
            seen["failure"] = failure
            return False
        return all(found == wanted for found, wanted in (seen["ipvs"], seen["nft"]))

    start = time.monotonic()
    try:
        eventually(agrees, timeout=within)
    except AssertionError:
        raise AssertionError(f"{when}: kernel and export differ: {seen}\nstatus: {json.dumps(stage.status)}") from None
    services, servers = len(seen["ipvs"][1]), sum(map(len, seen["ipvs"][1].values()))
    print(f"soak: {when} the kernel is what the export says after {time.monotonic() - start:.1f} s: "
          f"{services} virtual services, {servers} real servers", flush=True)


def covered(admitted):
    """Port by port, as ranges may stand in the kernel in pieces: {(address, protocol): merged ranges}."""
    found = collections.defaultdict(list)
    for address, protocol, ports in admitted:
        first, _, last = ports.partition("-")
        found[address, protocol].append((int(first), int(last or first)))
    return {key: merge(ranges) for key, ranges in found.items()}


def merge(ranges):
    merged = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def table_elements(namespace):
    """What `nft -j` says is admitted, in the form of `covered`."""
    admitted = set()
    for name, found in witnesses.table(namespace).get("set", {}).items():
        if name.rstrip("46") not in ("ports", "ranges"):
            continue
        for element in found.get("elem", []):
            address, protocol, ports = element["concat"]
            if isinstance(ports, dict):
                ports = "-".join(map(str, ports["range"]))
            admitted.add((address, protocol, str(ports)))
    return covered(admitted)
