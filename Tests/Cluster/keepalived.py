"""keepalived in its usual two-node set-up: VRRP with the defaults (one advertisement a second), lvs_sync_daemon."""

import pathlib

from portcullis_testing.waiting import eventually
from switch import SERVERS

PRIORITIES = {"gw1": 150, "gw2": 100}
SERVICES = {"198.51.100.36 80": 8080, "198.51.100.36 443": 8443, "fwmark 257": 0}
MARKS = """table inet marks {
    chain prerouting {
        type filter hook prerouting priority mangle; policy accept;
        ip daddr 198.51.100.37 tcp dport 20000-29999 meta mark set 257
    }
}
"""


def configuration(name):
    """What /etc/keepalived/keepalived.conf says on a node."""
    parts = [f"""
global_defs {{
    router_id {name}
    lvs_sync_daemon wire VI_1 id 1
}}
vrrp_instance VI_1 {{
    state {"MASTER" if name == "gw1" else "BACKUP"}
    interface public
    virtual_router_id 51
    priority {PRIORITIES[name]}
    advert_int 1
    virtual_ipaddress {{
        198.51.100.36/32 dev public
        198.51.100.37/32 dev public
        10.1.0.1/24 dev inside
    }}
}}"""]
    for service, port in SERVICES.items():
        real = "\n".join(f"    real_server 10.1.0.{host} {port or 1} {{ weight 100 }}" for host in SERVERS.values())
        if not port:
            real = real.replace(" 1 {", " 0 {")
        parts.append(f"""
virtual_server {service} {{
    lb_algo wlc
    lb_kind NAT
    protocol TCP
{real}
}}""")
    return "\n".join(parts) + "\n"


def start(machine):
    """keepalived on a gateway; it takes the addresses where its priority is higher."""
    files = pathlib.Path("/etc/keepalived/keepalived.conf"), pathlib.Path("/etc/keepalived/marks.nft")
    machine.shell(f"""
mkdir -p /etc/keepalived
cat >{files[0]} <<'END'
{configuration(machine.name)}
END
cat >{files[1]} <<'END'
{MARKS}
END
nft -f {files[1]}
sysctl -qw net.ipv4.vs.conntrack=0
keepalived --use-file={files[0]} --pid=/run/keepalived.pid --log-console --log-detail --dont-fork >/var/log/keepalived.log 2>&1 </dev/null &
""")


def wait_until_active(machine):
    """Until it has the addresses, which is some seconds after its start."""
    eventually(lambda: "198.51.100.37/32" in machine.run("ip", "-4", "-br", "address", "show", "dev", "public"), 60, "the addresses")


def stop(machine):
    """As the service manager stops it: VRRP gives up its part at once."""
    machine.shell("kill -TERM $(cat /run/keepalived.pid)")
