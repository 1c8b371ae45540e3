"""What cluster-config prints, as crmsh, pcs and crm_verify take it: with the agents as shipped, into a CIB in a file."""

import os
import pathlib
import re

import pytest

import agents
import exports
import programs
import topology

FENCES = [word for node in ("gw1", "gw2") for word in ("--fence", f"{node}=fence_lab,pipe=/run/{node}")]
# A fence agent is a program with meta-data; this one is only ever described.
FENCE_AGENT = """#!/bin/sh
cat <<END
<?xml version="1.0"?>
<resource-agent name="fence_lab" shortdesc="Fence agent of a test">
<longdesc>Of a test</longdesc>
<parameters>
<parameter name="pipe" unique="0" required="0"><getopt mixed="--pipe"/><content type="string"/><shortdesc lang="en">Pipe</shortdesc></parameter>
<parameter name="action" unique="0" required="0"><getopt mixed="--action"/><content type="string" default="reboot"/><shortdesc lang="en">Action</shortdesc></parameter>
</parameters>
<actions><action name="on"/><action name="off"/><action name="reboot"/><action name="status"/><action name="monitor"/><action name="metadata"/></actions>
</resource-agent>
END
"""


@pytest.fixture(scope="module")
def export(node, tmp_path_factory):
    agent = pathlib.Path("/usr/sbin/fence_lab")
    agent.write_text(FENCE_AGENT)
    agent.chmod(0o755)
    path = tmp_path_factory.mktemp("export") / "services.csv"
    path.write_bytes(exports.cloud())
    return path


@pytest.fixture
def cib(tmp_path):
    """An empty CIB in a file."""
    path = tmp_path / "cib.xml"
    path.write_text(agents.run("cibadmin", "--empty").stdout)
    return path


def configuration(export, tool, *words):
    result = agents.run(programs.binary("portcullis-gateway"), "cluster-config", "--format", tool, "--file", export, "--node", "gw1",
                        "--node", "gw2", "--interface", "public0", "--inside", "10.1.0.1/24", "--inside-interface", "inside", *words)
    assert result.returncode == 0, result.stderr
    return result


def crm(cib, *words):
    return agents.run("crm", *words, env={**os.environ, "CIB_file": str(cib), "HOME": str(cib.parent)})


def verify(cib):
    return agents.run("crm_verify", "--xml-file", cib, "--verbose")


@pytest.mark.parametrize("agent", ["portcullis", "IPaddr2"])
def test_crmsh_takes_it_and_crm_verify_finds_nothing_wrong(agent, export, cib, tmp_path):
    printed = configuration(export, "crm", "--address-agent", agent, *FENCES)
    assert printed.stderr == ""
    (tmp_path / "pair.crm").write_text(printed.stdout)
    loaded = crm(cib, "configure", "load", "update", tmp_path / "pair.crm")
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    assert "ERROR" not in loaded.stdout + loaded.stderr
    verified = verify(cib)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    text = cib.read_text()
    for address in topology.PUBLIC4 + topology.PUBLIC6 + ["10.1.0.1"]:
        assert re.search(rf'value="([^"]* )?{re.escape(address)}[/"]', text), address
    resource = {"portcullis": "addresses", "IPaddr2": "address-198.51.100.36"}[agent]
    assert re.search(rf'<rsc_colocation [^>]*rsc="{resource}"[^>]*with-rsc="gateways"', text)


def test_pcs_takes_the_same(export, cib, tmp_path):
    # Of two addresses: each command takes its time in the emulated machine.
    small = tmp_path / "services.csv"
    small.write_bytes(exports.export(exports.www()))
    script = configuration(small, "pcs", *FENCES).stdout
    # pcs gets its file from the cluster, and gives it back; here there is none.
    commands = [line for line in script.splitlines() if line.startswith("pcs -f portcullis.xml ")]
    # Three properties and defaults, fencing, gateway and addresses, and what binds them
    assert len(commands) == 14, commands
    (tmp_path / "pair.sh").write_text("set -e\n" + "\n".join(commands))
    (tmp_path / "portcullis.xml").write_text(cib.read_text())
    made = agents.run("sh", tmp_path / "pair.sh", cwd=tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr
    verified = verify(tmp_path / "portcullis.xml")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_without_fencing_it_warns_and_neither_tool_takes_it(export, cib, tmp_path):
    printed = configuration(export, "crm")
    assert [line.split(":")[0] for line in printed.stderr.splitlines()] == ["warning", "warning"]
    assert "both would claim the public addresses" in printed.stderr
    (tmp_path / "pair.crm").write_text(printed.stdout)
    loaded = crm(cib, "configure", "load", "update", tmp_path / "pair.crm")
    assert loaded.returncode != 0
    assert "CHOOSE-A-FENCE-AGENT" in loaded.stdout + loaded.stderr

    script = configuration(export, "pcs").stdout
    command = next(line for line in script.splitlines() if "stonith create" in line)
    (tmp_path / "portcullis.xml").write_text(cib.read_text())
    made = agents.run("sh", "-c", command, cwd=tmp_path)
    assert made.returncode != 0
    assert "CHOOSE-A-FENCE-AGENT" in made.stdout + made.stderr


def test_the_agent_s_validation_warns_where_fencing_is_switched_off(gateway, cib, monkeypatch):
    monkeypatch.setenv("CIB_file", str(cib))
    for value, is_warned in (("true", False), ("false", True)):
        assert agents.run("crm_attribute", "--type", "crm_config", "--name", "stonith-enabled", "--update", value).returncode == 0
        answer = gateway.call("validate-all", level=10)
        assert (answer.status, "stonith-enabled is false" in answer.output) == (agents.OK, is_warned), answer.output
