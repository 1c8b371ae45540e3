"""corosync of the two nodes, with its default timing and with those that docs/cluster.md gives."""

DEFAULT = {}
# Of docs/cluster.md: test_documents.py compares them.
TUNED = {"token": 500, "consensus": 150, "join": 50}
SHORT_CONSENSUS = {"consensus": 150}


def configuration(timing):
    settings = "".join(f"    {name}: {value}\n" for name, value in timing.items())
    return f"""totem {{
    version: 2
    cluster_name: portcullis
    transport: knet
{settings}}}
nodelist {{
    node {{
        name: gw1
        nodeid: 1
        ring0_addr: 10.9.0.2
    }}
    node {{
        name: gw2
        nodeid: 2
        ring0_addr: 10.9.0.3
    }}
}}
quorum {{
    provider: corosync_votequorum
    two_node: 1
}}
logging {{
    to_stderr: no
    to_syslog: no
    to_logfile: yes
    logfile: /var/log/corosync.log
    timestamp: hires
}}
"""
