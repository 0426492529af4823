"""A PostgreSQL server for one test class: a cluster in a directory of its own, reached over loopback and gone with it.

PostgreSQL refuses to run as root; then it runs as the user `postgres`, whom Debian's package makes.
"""

import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

BINARIES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
MISSING = "" if BINARIES else "no PostgreSQL server is installed (scripts/setup installs one)"


def _free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresServer:
    """A running server. `standby_of` makes it a copy of another one that follows its log."""

    def __init__(self, standby_of=None):
        self.binaries = BINARIES[-1].parent
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="dossier-pg-"))
        self.port = _free_port()
        self.databases = 0
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            self.as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(self.dir, user.pw_uid, user.pw_gid)
        else:
            self.as_user = {}
        data = str(self.dir / "data")
        if standby_of:
            self.run("pg_basebackup", "-h", "127.0.0.1", "-p", standby_of.port, "-U", "dossier", "-D", data, "-R",
                     "-X", "stream", "-c", "fast", "--no-sync")
        else:
            self.run("initdb", "-D", data, "-U", "dossier", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        with open(self.dir / "data/postgresql.conf", "a") as settings:
            settings.write(f"\nlisten_addresses='127.0.0.1'\nport={self.port}\nunix_socket_directories='{self.dir}'\n"
                           "fsync=off\nmax_connections=100\nshared_buffers=32MB\n")
        self.start()

    def run(self, program, *arguments, env=None):
        done = subprocess.run([self.binaries / program, *map(str, arguments)], cwd="/", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                              env={**os.environ, **(env or {})}, **self.as_user)
        if done.returncode != 0:
            raise AssertionError(f"{program} failed: {done.stdout}")
        return done.stdout

    def control(self, *words):
        # A server that inherited the pipe would hold it open; its own output goes to a file.
        return subprocess.run([self.binaries / "pg_ctl", "-D", self.dir / "data", "-l", self.dir / "log", "-w",
                               *words], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=120, check=True, **self.as_user)

    def start(self):
        self.control("start")

    def stop(self, mode="immediate"):
        """`immediate` is a crash: no checkpoint, connections cut, recovery at the next start."""
        self.control("stop", "-m", mode)

    def restart(self, mode="immediate"):
        self.control("restart", "-m", mode)

    def promote(self):
        self.control("promote")

    def sql(self, statement, database="postgres"):
        """What psql prints: rows, a `|` between columns. Also while the server takes no writes by default."""
        return self.run("psql", "-h", "127.0.0.1", "-p", self.port, "-U", "dossier", "-d", database, "-AtXqc", statement,
                        env={"PGOPTIONS": "-c default_transaction_read_only=off"}).strip()

    def set(self, name, value):
        self.sql(f"ALTER SYSTEM SET {name} = {value}")
        self.sql("SELECT pg_reload_conf()")

    def new_database(self):
        self.databases += 1
        name = f"replicas_{self.databases}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return name

    def url(self, database, *others):
        """@param others servers that may become the primary"""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in (self, *others))
        return f"postgresql://dossier@{hosts}/{database}"

    def close(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
