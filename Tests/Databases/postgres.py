"""PostgreSQL and pgbouncer as Debian has them, started for tests; psql is the witness."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from portcullis_testing.processes import Process, result, run
from portcullis_testing.waiting import eventually

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
# The server refuses to run as root.
USER = "postgres" if os.geteuid() == 0 else None
PASSWORD = "s3cret-of-tests"


def as_user(*words):
    """A command line that runs as an unprivileged user."""
    return ["setpriv", f"--reuid={USER}", f"--regid={pwd.getpwnam(USER).pw_gid}", "--clear-groups", *words] if USER else list(words)


class Server:
    """A PostgreSQL server in a directory of its own. Its superuser is `postgres`, whose password it wants over TCP."""

    def __init__(self, port):
        self.port = port
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-pg."))
        if USER:
            shutil.chown(self.folder, USER)
        self.folder.chmod(0o755)
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        run(*as_user(PROGRAMS / "initdb", "-D", self.folder / "data", "-U", "postgres", "--auth-local=trust",
                     "--auth-host=scram-sha-256", f"--pwfile={secret}", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"))
        self.start()

    def start(self):
        """Starts it, again after `kill`."""
        # Without fsync: a page that the kernel has is not lost when the server is killed.
        self.process = Process(
            *as_user(PROGRAMS / "postgres", "-D", self.folder / "data", "-k", self.folder, "-p", self.port,
                     "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "deadlock_timeout=200ms",
                     "-c", "max_connections=60"),
            log=self.folder / "log")
        eventually(lambda: self.psql("SELECT 1", check=False) == "1", 60, "PostgreSQL being ready", pause=0.05)

    def kill(self):
        """Ends all of its processes at once, as a loss of power does."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        # The others see that and end; the next start would refuse while they live.
        eventually(lambda: not any(cwd == self.folder / "data" for cwd in directories()), 60, "the end of the server's processes")

    def stop(self):
        self.process.stop(number=signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def psql(self, sql, database="postgres", check=True):
        """What psql prints of a query, without headings."""
        done = result(PROGRAMS / "psql", "-h", self.folder, "-p", self.port, "-U", "postgres", "-d", database, "-XAtq",
                      "-v", "ON_ERROR_STOP=1", "-c", sql)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def session(self, database, *statements):
        """A psql that has carried out statements, and waits."""
        process = subprocess.Popen(
            [PROGRAMS / "psql", "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-d", database, "-XAtq"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for statement in [*statements, "SELECT 'ready'"]:
            process.stdin.write(statement + ";\n")
        process.stdin.flush()
        while process.stdout.readline().strip() != "ready":
            assert process.poll() is None
        return process

    def activity(self, database, text):
        """How many sessions of the database carry out a statement with this text."""
        return int(self.psql(
            f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND query LIKE '%{text}%' "
            "AND pid <> pg_backend_pid() AND state = 'active'"))


def directories():
    """The working directories of all processes; that of a server's is its data."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cwd"):
        try:
            yield pathlib.Path(os.readlink(path))
        except OSError:
            pass


def pgbouncer(server, port, mode, pools="default_pool_size = 20"):
    """pgbouncer in front of a server."""
    folder = server.folder / f"bouncer-{port}"
    folder.mkdir()
    (folder / "users").write_text(f'"postgres" "{PASSWORD}"\n')
    (folder / "ini").write_text(f"""[databases]
* = host=127.0.0.1 port={server.port} user=postgres password={PASSWORD}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = plain
auth_file = {folder}/users
pool_mode = {mode}
unix_socket_dir =
{pools}
""")
    for path in [folder, *folder.iterdir()]:
        if USER:
            shutil.chown(path, USER)
    process = Process(*as_user("/usr/sbin/pgbouncer", folder / "ini"), log=folder / "log")
    process.wait_for("process up")
    return process
