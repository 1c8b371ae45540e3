"""ADMIN inside the pair: its registry on DRBD, as docs/cluster.md has it, and writes to it that are counted."""

from machines import FOLDER
from pair import ADMIN_ADDRESS, ADMIN_URL, CONFIG
from portcullis_testing.waiting import DILATION

RESOURCE = """resource portcullis {
    net { protocol C; }
    disk { fencing resource-and-stonith; }
    handlers {
        fence-peer /usr/lib/drbd/crm-fence-peer.sh;
        after-resync-target /usr/lib/drbd/crm-unfence-peer.sh;
    }
    device /dev/drbd0;
    disk /dev/loop0;
    meta-disk internal;
    on gw1 { address 10.9.0.2:7788; }
    on gw2 { address 10.9.0.3:7788; }
}
"""
# On both nodes: a disk in memory, DRBD's metadata, the configuration of ADMIN.
PREPARE = f"""
modprobe -a loop drbd ext4
truncate -s 64M /run/registry.disk
losetup /dev/loop0 /run/registry.disk
cat >/etc/drbd.d/portcullis.res <<'END'
{RESOURCE}
END
drbdadm create-md --force portcullis
drbdadm up portcullis
mkdir -p /var/lib/portcullis-admin
printf 'listen: {ADMIN_ADDRESS}:8080\\ndatabase: /var/lib/portcullis-admin/registry.sqlite\\n' >/etc/portcullis/admin.yaml
"""
# On one of them: the file system, and the registry that was outside of the pair until then.
FILL = """
drbdadm primary --force portcullis
mkfs.ext4 -q /dev/drbd0
mount /dev/drbd0 /var/lib/portcullis-admin
install -m 600 "$LAB_RESULTS/registry.sqlite" /var/lib/portcullis-admin/
chown -R portcullis-admin: /var/lib/portcullis-admin
umount /var/lib/portcullis-admin
until drbdadm dstate portcullis | grep -q UpToDate/UpToDate; do sleep 0.5; done
drbdadm secondary portcullis
"""


def move_into(pair):
    """Ends ADMIN outside of the pair and has the pair run it, with the same registry."""
    switch, nodes = pair.switch, pair.nodes
    for machine in nodes.values():
        machine.shell(PREPARE)
    switch.shell("""
rm -f "$LAB_RESULTS/registry.sqlite"
kill -TERM $(pidof portcullis-admin)
while pidof portcullis-admin; do sleep 0.1; done
ip netns exec portcullis-lan ip address flush dev net0
# With what is in its write-ahead log
python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("VACUUM INTO ?", sys.argv[2:])' /run/registry.sqlite "$LAB_RESULTS/registry.sqlite"
""")
    (nodes["gw1"].results / "registry.sqlite").write_bytes((switch.results / "registry.sqlite").read_bytes())
    nodes["gw1"].shell(FILL)
    for machine in nodes.values():
        machine.run("drbdadm", "down", "portcullis")
    # ADMIN is away: the addresses are those of the last good export.
    export = "/var/lib/portcullis/services-*.csv"
    nodes["gw1"].shell(f"""
{' '.join(CONFIG)} --admin-address {ADMIN_ADDRESS}/24 --file $(ls -t {export} | head -n 1) >/run/registry.crm
crm --wait configure load update /run/registry.crm
""")


def is_barred(pair):
    """Whether pacemaker may promote no copy of the registry but the one in use, since the other one lacks writes."""
    active = next(machine for machine in pair.nodes.values() if machine.is_on)
    return "drbd-fence-by-handler-portcullis" in active.run("cibadmin", "--query", "--scope", "constraints")


class Writer:
    """Changes a weight again and again, from the switch machine; what was acknowledged is in a file, line by line."""

    def __init__(self, switch, operator):
        self.switch, self.operator = switch, operator

    def __enter__(self):
        self.process = self.switch.start("/usr/bin/python3", FOLDER / "writer.py", ADMIN_URL, self.operator)
        return self

    @property
    def _lines(self):
        file = self.switch.results / "acknowledged"
        return [line.split() for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def acknowledged(self):
        return [int(weight) for weight, _ in self._lines]

    @property
    def longest_wait(self):
        """Seconds from one acknowledged write to the next, by the switch machine's clock."""
        moments = [float(moment) for _, moment in self._lines]
        return max(later - earlier for earlier, later in zip(moments, moments[1:]))

    def __exit__(self, *_):
        self.switch.shell('kill -TERM "$(cat /run/writer.pid)"')
        self.process.wait(60 * DILATION)
