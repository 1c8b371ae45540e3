"""Fills an ADMIN with the fixtures: seed.py URL TOKEN fixtures/cloud.yaml"""

import json
import pathlib
import sys
import urllib.request

import yaml


def apply_request(path: pathlib.Path) -> dict:
    cloud = yaml.safe_load(path.read_text())
    types = [path.parent / name for name in cloud["types"]]
    request = {"locations": [], "pools": [], "servers": [], "types": [], "services": []}
    for name, location in cloud["locations"].items():
        request["locations"].append({"name": name, "description": location.get("description")})
        for pool, addresses in location["pools"].items():
            request["pools"].append({"location": name, "name": pool, "addresses": addresses})
        for server, values in location["servers"].items():
            request["servers"].append({"name": server, "location": name, **values})
    for source in types:
        request["types"].append({"name": source.stem, "source": source.read_text()})
    for name, service in cloud["services"].items():
        values = {"server": service} if isinstance(service, str) else service
        request["services"].append({"name": name, **values})
    return request


def main() -> None:
    url, token, fixtures = sys.argv[1:]
    request = urllib.request.Request(
        f"{url}/v1/apply",
        data=json.dumps(apply_request(pathlib.Path(fixtures))).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request) as answer:
            changes = json.load(answer)["changes"]
    except urllib.error.HTTPError as error:
        sys.exit(f"the fixtures were refused: {error.read().decode()}")
    print(f"seeded with {len(changes)} objects")


main()
