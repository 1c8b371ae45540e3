"""What cluster-config prints, as crmsh, pcs and crm_verify take it: with the agents as shipped, into a CIB in a file."""

import os
import pathlib
import re
import xml.etree.ElementTree

import pytest

from portcullis_testing import agents, exports, processes, topology
from portcullis_testing.repository import binary

# A value with a quote is what a password may be.
FENCES = [word for node in ("gw1", "gw2") for word in ("--fence", f"{node}=fence_lab,pipe=/run/{node}'s $HOME")]
# A fence agent is a program with meta-data; this one is only ever described. It reads what it is asked first: pacemaker's tools do
# not survive an agent that has ended before they have asked (SIGPIPE).
FENCE_AGENT = """#!/bin/sh
cat >/dev/null
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


# pcs gets its file from the cluster, and gives it back; here the cluster is a file.
PCS = """#!/bin/sh
case $1:$2 in
cluster:cib) cp cib.xml "$3" ;;
cluster:cib-push) cp "$3" cib.xml ;;
*) exec /usr/sbin/pcs "$@" ;;
esac
"""


@pytest.fixture(scope="session", autouse=True)
def installed():
    """The agents of Portcullis and the fence agent, where the tools look for them."""
    agents.install()
    agent = pathlib.Path("/usr/sbin/fence_lab")
    agent.write_text(FENCE_AGENT)
    agent.chmod(0o755)


@pytest.fixture(scope="session")
def export(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "services.csv"
    path.write_bytes(exports.cloud())
    return path


@pytest.fixture
def cib(tmp_path):
    """An empty CIB in a file."""
    path = tmp_path / "cib.xml"
    path.write_text(processes.result("cibadmin", "--empty").stdout)
    return path


def configuration(export, tool, *words):
    result = processes.result(binary("portcullis-gateway"), "cluster-config", "--format", tool, "--file", export, "--node", "gw1",
                           "--node", "gw2", "--interface", "public0", "--inside", "10.1.0.1/24", "--inside-interface", "inside", *words)
    assert result.returncode == 0, result.stderr
    return result


def crm(cib, *words):
    return processes.result("crm", *words, env={**os.environ, "CIB_file": str(cib), "HOME": str(cib.parent)})


def pipes(cib):
    """The fence devices' parameters, as XML has them."""
    return [pair.get("value") for pair in xml.etree.ElementTree.parse(cib).iterfind(".//nvpair[@name='pipe']")]


def verify(cib):
    return processes.result("crm_verify", "--xml-file", cib, "--verbose")


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
    assert pipes(cib) == ["/run/gw1's $HOME", "/run/gw2's $HOME"]
    assert re.search(rf'<rsc_colocation [^>]*rsc="{resource}"[^>]*with-rsc="gateways"', text)


def test_pcs_takes_the_same_and_takes_it_again_with_an_address_more(cib, tmp_path):
    pcs = tmp_path / "bin/pcs"
    pcs.parent.mkdir()
    pcs.write_text(PCS)
    pcs.chmod(0o755)

    def load(export):
        small = tmp_path / "services.csv"
        small.write_bytes(export)
        script = configuration(small, "pcs", *FENCES).stdout
        # Three properties and defaults, fencing, gateway and addresses, and what binds them
        commands = [line for line in script.splitlines() if re.match(r"(has \S+ \|\| )?pcs -f portcullis\.xml ", line)]
        assert len(commands) == 14, commands
        (tmp_path / "pair.sh").write_text(script)
        made = processes.result("sh", tmp_path / "pair.sh", cwd=tmp_path, env={**os.environ, "PATH": f"{pcs.parent}:{os.environ['PATH']}"})
        assert made.returncode == 0, made.stdout + made.stderr
        assert "Deprecation" not in made.stdout + made.stderr
        verified = verify(cib)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        return cib.read_text()

    first = load(exports.export(exports.www()))
    # What an administrator has changed stays.
    assert 'interval="61s"' in first
    cib.write_text(first.replace('interval="61s"', 'interval="63s"'))
    second = load(exports.cloud())
    assert second.count("<primitive ") == first.count("<primitive ")
    assert [line for line in first.splitlines() if "<rsc_" in line] == [line for line in second.splitlines() if "<rsc_" in line]
    assert topology.PUBLIC4[-1] not in first and topology.PUBLIC4[-1] in second
    assert 'interval="63s"' in second and 'interval="61s"' not in second
    assert pipes(cib) == ["/run/gw1's $HOME", "/run/gw2's $HOME"]


def test_without_fencing_it_warns_and_neither_tool_takes_it(export, cib, tmp_path):
    printed = configuration(export, "crm")
    assert [line.split(":")[0] for line in printed.stderr.splitlines()] == ["warning", "warning"]
    assert "both would claim the public addresses" in printed.stderr
    (tmp_path / "pair.crm").write_text(printed.stdout)
    loaded = crm(cib, "configure", "load", "update", tmp_path / "pair.crm")
    assert loaded.returncode != 0
    assert "CHOOSE-A-FENCE-AGENT" in loaded.stdout + loaded.stderr

    script = configuration(export, "pcs").stdout
    command = next(line for line in script.splitlines() if "stonith create" in line).removeprefix("has fence-gw1 || ")
    (tmp_path / "portcullis.xml").write_text(cib.read_text())
    made = processes.result("sh", "-c", command, cwd=tmp_path)
    assert made.returncode != 0
    assert "CHOOSE-A-FENCE-AGENT" in made.stdout + made.stderr
