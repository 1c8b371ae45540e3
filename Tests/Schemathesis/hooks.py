"""What a schema cannot say: that a name refers to something there is, that text is a network, or YAML of a type. Data that
follow the schema get such names and texts here, so that they reach what stands behind the checks; data that do not are left
as they are."""

import re

import schemathesis

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
NETWORK = re.compile(r"[0-9a-f:.]+/(0|[1-9][0-9]{0,2})")
REFERENCES = {"location": "tcn", "pool": "www-ip", "server": "app1", "type": "tg"}
# Parameters of a path that must be there for a request to mean something.
PRESENT = {"/v1/locations/{location}/pools/{pool}": {"location": "tcn"},
           "/v1/locations/{location}/egress/{egress}": {"location": "tcn"},
           "/v1/gateways/{location}/{gateway}": {"location": "tcn", "gateway": "gw1"},
           "/v1/gateways/{location}/{gateway}/report": {"location": "tcn", "gateway": "gw1"},
           "/v1/servers/{server}/assignments": {"server": "app1"},
           "/v1/servers/{server}/join": {"server": "app1"},
           "/v1/servers/{server}/node": {"server": "app1"},
           "/v1/servers/{server}/report": {"server": "app1"},
           "/v1/types/{type}/scale": {"type": "tg"}}


def is_name(value):
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def is_networks(value):
    return isinstance(value, list) and all(isinstance(item, str) and NETWORK.fullmatch(item) for item in value)


def reference(name, value):
    if name in REFERENCES and is_name(value):
        return REFERENCES[name]
    if name in ("from", "except") and is_networks(value):
        return [f"10.{number // 256}.{number % 256}.0/24" for number in range(len(value))]
    return value


@schemathesis.hook
def map_path_parameters(context, parameters):
    # The gateway stays: without polls it would not be back.
    if context.operation.path.startswith("/v1/gateways/") and context.operation.method.upper() == "DELETE":
        return parameters
    for name, value in PRESENT.get(context.operation.path, {}).items():
        if parameters and is_name(parameters.get(name)):
            parameters[name] = value
    return parameters


@schemathesis.hook
def map_body(context, body):
    if context.operation.method.upper() not in ("POST", "PUT", "PATCH") or context.operation.path == "/v1/apply":
        return body
    if isinstance(body, dict):
        return {name: reference(name, value) for name, value in body.items()}
    return body


@schemathesis.hook
def map_case(context, case):
    """The YAML of a type names the type that the path names."""
    if context.operation.path == "/v1/types/{type}" and isinstance(case.body, str) and (case.path_parameters or {}).get("type"):
        case.body = f"type: {case.path_parameters['type']}\n"
    return case
