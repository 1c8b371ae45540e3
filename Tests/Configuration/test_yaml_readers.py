"""What ADMIN writes as YAML is the same to a reader of YAML 1.1 (PyYAML) and of YAML 1.2 (ruamel.yaml), and the same as JSON."""

import json
import math

import ruamel.yaml
import yaml

from portcullis_testing.processes import run
from portcullis_testing.repository import binary

READERS = {
    "1.1": lambda text: yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)),
    "1.2": lambda text: ruamel.yaml.YAML(typ="safe", pure=True).load(text),
}


def same(a, b):
    """Equal in kind and value, keys and order of lists included; -0.0 is not 0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(type(key) is str and same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b and (not isinstance(a, float) or math.copysign(1, a) == math.copysign(1, b))


def assert_same(text, expected):
    for version, read in READERS.items():
        value = read(text)
        assert same(value, expected), f"YAML {version}: {value!r}\nis not {expected!r}\nin {text}"


def test_random_configurations_read_the_same_in_yaml_1_1_and_1_2():
    printed = run(binary("portcullis-fuzz"), "yaml-pairs", "--count", "1500")
    pairs = [json.loads(line) for line in printed.split("\n") if line]
    assert len(pairs) == 1500
    for pair in pairs:
        assert_same(pair["yaml"], json.loads(pair["json"]))


TYPE = """\ufefftype: mdb
config:
  - sort-order: 100
    values: &values
      a: no
      on: 'yes'
      date: 2001-12-14
      thousand: 1_000
      binary: 0b101
      exponent: 1e3
      octal: '0644'
      hex: 0x1F
      12: "~"
      null: "null"
      "<<": "="
      nested: {<<: &more {y: 1.50, n: [.5, 1., -0]}, n: [true, "true"]}
      again: *more
"""

EXPECTED = {
    "a": "no", "on": "yes", "date": "2001-12-14", "thousand": "1_000", "binary": "0b101", "exponent": 1000.0, "octal": "0644",
    "hex": 31, "12": "~", "null": "null", "<<": "=", "nested": {"y": 1.5, "n": [True, "true"]},
    "again": {"y": 1.5, "n": [0.5, 1.0, 0]},
}


def test_a_configuration_from_admin_reads_the_same_in_both_and_as_json(admin, tmp_path):
    for name in ("default", "logger"):
        admin.portcullis("types", "put", emptied(tmp_path, name))
    path = tmp_path / "mdb.yaml"
    path.write_text(TYPE)
    admin.portcullis("types", "put", path)
    _, _, text = admin.curl("/v1/services/mdb.1/config", "-H", "Accept: application/yaml")
    assert same(admin.configuration("mdb.1"), EXPECTED)
    assert_same(text, EXPECTED)
    assert admin.portcullis("types", "show", "mdb") == TYPE


def emptied(folder, name):
    """A type file without blocks for others."""
    path = folder / f"{name}.yaml"
    path.write_text(f"type: {name}\n" + ("fake: true\n" if name == "default" else "unique: true\n"))
    return path


def test_what_readers_do_not_agree_on_is_refused_with_its_place(admin, tmp_path):
    path = tmp_path / "mdb.yaml"
    for value in ("0644", "12345678901234567890", "3.14159265358979323846"):
        path.write_text(f"type: mdb\nconfig:\n  - sort-order: 1\n    values:\n      id: {value}\n")
        assert f"{path}:5:11: {value} " in admin.portcullis("types", "put", path, status=1)
