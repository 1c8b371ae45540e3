"""What a schema cannot say: that a name refers to something there is, that text is a network, or YAML of a type. Data that
follow the schema get such names and texts here, so that they reach what stands behind the checks; data that do not are left
as they are."""

import re

import schemathesis

from crash import CRASH

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
VARIANT = re.compile(r"[0-9a-z][0-9a-z-]{0,31}")
VERSION = re.compile(r"sha256:[0-9a-f]{64}|[0-9A-Za-z][0-9A-Za-z._+-]{0,63}(/[0-9a-z][0-9a-z-]{0,31})?")
SERVICE = re.compile(r"[a-z0-9][a-z0-9_-]{0,51}\.[1-9][0-9]{0,8}")
NETWORK = re.compile(r"[0-9a-f:.]+/(0|[1-9][0-9]{0,2})")
REFERENCES = {"location": "tcn", "pool": "www-ip", "server": "app1", "type": "tg"}
# Parameters of a path that must be there for a request to mean something.
PRESENT = {"/v1/locations/{location}/pools/{pool}": {"location": "tcn"},
           "/v1/locations/{location}/egress/{egress}": {"location": "tcn"},
           "/v1/gateways/{location}/{gateway}": {"location": "tcn", "gateway": "gw1"},
           "/v1/gateways/{location}/{gateway}/report": {"location": "tcn", "gateway": "gw1"},
           "/v1/crashes/{fingerprint}": {"fingerprint": CRASH["fingerprint"]},
           "/v1/crashes/{fingerprint}/reports/{crash}": {"fingerprint": CRASH["fingerprint"], "crash": CRASH["id"]},
           "/v1/crashes/{fingerprint}/reports/{crash}/dump": {"fingerprint": CRASH["fingerprint"], "crash": CRASH["id"]},
           "/v1/servers/{server}/crashes": {"server": "app2"},
           "/v1/servers/{server}/assignments": {"server": "app1"},
           "/v1/servers/{server}/join": {"server": "app1"},
           "/v1/servers/{server}/node": {"server": "app1"},
           "/v1/servers/{server}/report": {"server": "app1"},
           "/v1/services/{service}/link": {"service": "tg.1"},
           "/v1/services/{service}/orders": {"service": "tg.1"},
           "/v1/services/{service}/report": {"service": "tg.1"},
           "/v1/services/{service}/variant": {"service": "tg.1"},
           "/v1/types/{type}/scale": {"type": "tg"}} | {
           f"/v1/rollouts/{{rollout}}{order}": {"rollout": "1"} for order in ("", "/pause", "/resume", "/abort", "/revert")}


def is_name(value):
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def is_version(value):
    return isinstance(value, str) and VERSION.fullmatch(value) is not None


def is_variant(value):
    return isinstance(value, str) and VARIANT.fullmatch(value) is not None


def is_service(value):
    return isinstance(value, str) and SERVICE.fullmatch(value) is not None


def is_networks(value):
    return isinstance(value, list) and all(isinstance(item, str) and NETWORK.fullmatch(item) for item in value)


def reference(name, value):
    if name in REFERENCES and is_name(value):
        return REFERENCES[name]
    if name in ("from", "except") and is_networks(value):
        return [f"10.{number // 256}.{number % 256}.0/24" for number in range(len(value))]
    return value


def in_rollout(name, value):
    """The version and the instances that api.py has made."""
    if name == "version" and is_version(value):
        return "2.0"
    if name == "services" and isinstance(value, list) and all(is_service(item) for item in value):
        return ["tg.1"]
    return reference(name, value)


@schemathesis.hook
def map_path_parameters(context, parameters):
    # The gateway stays: without polls it would not be back. So does the crash.
    if context.operation.path.startswith(("/v1/gateways/", "/v1/crashes/")) and context.operation.method.upper() == "DELETE":
        return parameters
    for name, value in PRESENT.get(context.operation.path, {}).items():
        if parameters and is_name(parameters.get(name)):
            parameters[name] = value
    return parameters


@schemathesis.hook
def map_body(context, body):
    if context.operation.method.upper() not in ("POST", "PUT", "PATCH") or context.operation.path == "/v1/apply":
        return body
    if isinstance(body, dict) and context.operation.path == "/v1/rollouts":
        return {name: in_rollout(name, value) for name, value in body.items()}
    if isinstance(body, dict) and context.operation.path == "/v1/services/{service}/variant":
        return {name: "debug" if name == "variant" and is_variant(value) else value for name, value in body.items()}
    if isinstance(body, dict) and context.operation.path == "/v1/servers/{server}/crashes":
        return {name: "tg.1" if name == "service" and is_service(value) else value for name, value in body.items()}
    if isinstance(body, dict):
        return {name: reference(name, value) for name, value in body.items()}
    return body


@schemathesis.hook
def map_case(context, case):
    """The YAML of a type names the type that the path names."""
    if context.operation.path == "/v1/types/{type}" and isinstance(case.body, str) and (case.path_parameters or {}).get("type"):
        case.body = f"type: {case.path_parameters['type']}\n"
    return case
