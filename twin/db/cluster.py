"""The private PostGIS cluster: PostgreSQL from the installed binaries, run as our own child under ``var/pg``.

It listens on a loopback port with scram passwords that only this installation knows (``var/pg.json``, mode 0600). PostgreSQL refuses
root, so as root it runs as the packaged ``postgres`` account. ``TWIN_DATABASE_URL`` uses an outside server instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql

from twin.errors import TwinError
from twin.ops.lifeline import die_with_parent
from twin.settings import Settings

DATABASE = "twin"
OWNER = "twin"
MINIMUM_POSTGIS = (3, 3)
#: Where Debian and Ubuntu put each major version.
INSTALLED = Path("/usr/lib/postgresql")
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
}


class ClusterError(TwinError):
    """The database cannot be started or used; ``params['reason']`` is one of the keys ``error.cluster_*``."""

    code = "cluster"
    status = 503


@dataclass(frozen=True)
class Access:
    """How to reach the private cluster."""

    port: int
    owner_password: str
    app_password: str


def binaries(major: int | None = None) -> Path:
    """Folder of PostgreSQL binaries that have PostGIS; the newest, or those of ``major``.

    Raises:
        ClusterError: ``no_binaries`` or ``other_major`` (a data folder of another major version).
    """
    found: list[tuple[int, Path]] = []
    for folder in INSTALLED.glob("*/bin"):
        share = Path("/usr/share/postgresql") / folder.parent.name / "extension" / "postgis.control"
        if (folder / "postgres").exists() and share.exists() and folder.parent.name.isdigit():
            found.append((int(folder.parent.name), folder))
    if extra := os.environ.get("TWIN_PG_BIN"):
        found.append((_major(Path(extra)), Path(extra)))
    if not found:
        raise ClusterError(reason="no_binaries")
    if major is None:
        return max(found)[1]
    for version, folder in found:
        if version == major:
            return folder
    raise ClusterError(reason="other_major", data=major, installed=", ".join(str(v) for v, _ in sorted(found)))


def _major(folder: Path) -> int:
    out = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return int(out.split()[2].split(".")[0])


def _access_file(settings: Settings) -> Path:
    return settings.var_dir / "pg.json"


def read_access(settings: Settings) -> Access:
    """Port and passwords of the private cluster.

    Raises:
        ClusterError: ``not_created`` before the first start.
    """
    try:
        return Access(**json.loads(_access_file(settings).read_text()))
    except FileNotFoundError as error:
        raise ClusterError(reason="not_created", folder=str(settings.pg_dir)) from error


def _write_access(settings: Settings, access: Access) -> None:
    path = _access_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(access.__dict__, out)
    path.with_suffix(".new").replace(path)


def owner_url(settings: Settings, database: str = DATABASE) -> str:
    """Address for migrations, backup and other work of the owner."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    access = read_access(settings)
    return f"postgresql://{OWNER}:{access.owner_password}@127.0.0.1:{access.port}/{database}"


def app_url(settings: Settings) -> str:
    """Address for the running product: the app role, which row-level security binds."""
    if settings.app_database_url is not None:
        return settings.app_database_url.get_secret_value()
    access = read_access(settings)
    return f"postgresql://{settings.app_role}:{access.app_password}@127.0.0.1:{access.port}/{DATABASE}"


class Cluster:
    """The private cluster of an installation. Start it from the main thread: the child dies with the thread that made it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())

    @property
    def data(self) -> Path:
        """The data folder. Where the database account cannot reach ``var`` (a root-only home), it lies under /var/lib."""
        wanted = self.settings.pg_dir
        if os.geteuid() != 0 or all(_others_may_pass(p) for p in wanted.absolute().parents):
            return wanted
        return Path("/var/lib/plant-twin") / wanted.absolute().as_posix().strip("/").replace("/", "_")

    def exists(self) -> bool:
        """Whether the cluster has been created."""
        return (self.data / "PG_VERSION").exists()

    def create(self) -> None:
        """Make the data folder (initdb, about a second)."""
        folder = binaries()
        access = Access(free_port(), secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        self.data.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        os.chown(self.data, self.user.pw_uid, self.user.pw_gid)
        password = self.data.parent / f".pw{os.getpid()}"
        password.write_text(access.owner_password)
        password.chmod(0o600)
        os.chown(password, self.user.pw_uid, self.user.pw_gid)
        command: list[str | Path] = [
            folder / "initdb",
            "-D",
            self.data,
            "-U",
            OWNER,
            "-A",
            "scram-sha-256",
            "--pwfile",
            password,
        ]
        try:
            self._run([*command, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], "initdb_failed")
        finally:
            password.unlink(missing_ok=True)
        _write_access(self.settings, access)

    def start(self, *, detached: bool = False, timeout: float = 60.0) -> None:
        """Start PostgreSQL and wait until it answers. Creates the cluster, recovers from a stale pid file and a taken port.

        Raises:
            ClusterError: with the reason and what to do.
        """
        if not self.exists():
            self.create()
        if self.running():
            return
        folder = binaries(int((self.data / "PG_VERSION").read_text()))
        self._clear_crash(timeout)
        access = read_access(self.settings)
        if not _port_free(access.port):
            access = Access(free_port(), access.owner_password, access.app_password)
            _write_access(self.settings, access)
        log = self.settings.var_dir / "log" / "postgres.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [folder / "postgres", "-D", self.data]
        for name, value in {**_OPTIONS, "port": str(access.port)}.items():
            command += ["-c", f"{name}={value}"]
        with log.open("ab") as out:
            # SIGINT is PostgreSQL's fast shutdown. A detached cluster (twin db start) is meant to outlive the command.
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.data, start_new_session=True,
                preexec_fn=None if detached else partial(die_with_parent, signal.SIGINT), **self._as_user(),  # type: ignore[call-overload]
            )  # fmt: skip
        self._wait(timeout, log)
        self._ensure_database(access)

    def _clear_crash(self, timeout: float) -> None:
        """After a crash of the postmaster its backends end by themselves; a new one beside them would destroy the data."""
        stale = self.data / "postmaster.pid"
        if not stale.exists():
            return
        deadline = time.monotonic() + timeout
        while any(_is_postgres(int(p.name), self.data) for p in Path("/proc").glob("[0-9]*")):
            if time.monotonic() > deadline:
                raise ClusterError(reason="leftovers", folder=str(self.data))
            time.sleep(0.05)
        stale.unlink(missing_ok=True)  # its number may belong to any other process by now

    def _wait(self, timeout: float, log: Path) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() is not None:
                tail = log.read_text(errors="replace").strip().splitlines()[-3:]
                raise ClusterError(reason="start_failed", log=str(log), tail=" | ".join(tail))
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(owner_url(self.settings, "postgres"), connect_timeout=2).close()
                return
            time.sleep(0.05)
        raise ClusterError(reason="start_timeout", log=str(log), seconds=timeout)

    def _ensure_database(self, access: Access) -> None:
        with psycopg.connect(owner_url(self.settings, "postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [self.settings.app_role]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                        sql.Identifier(self.settings.app_role), sql.Literal(access.app_password)
                    )
                )
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
                with psycopg.connect(owner_url(self.settings), autocommit=True) as inside:
                    inside.execute("CREATE EXTENSION IF NOT EXISTS postgis")

    def running(self) -> int | None:
        """Pid of the postmaster that runs on this data folder; None for a pid file left by a crash."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if _is_postgres(pid, self.data) else None

    def lives(self) -> bool:
        """Whether the database's process runs, also one that another command started."""
        if self.process is not None:
            return self.process.poll() is None
        return self.running() is not None

    def stop(self, timeout: float = 30.0) -> None:
        """Fast shutdown; waits until the postmaster is gone."""
        pid = self.running()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + timeout
        while self.running() is not None and time.monotonic() < deadline:
            if self.process is not None:
                self.process.poll()
            time.sleep(0.05)
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            self.process = None

    def _as_user(self) -> dict[str, int | list[int]]:
        if os.geteuid() != 0:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _run(self, command: list[Path | str], reason: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **self._as_user())  # type: ignore[call-overload]
        if done.returncode:
            raise ClusterError(reason=reason, tail=(done.stderr or done.stdout).strip()[-400:])


def _is_postgres(pid: int, data: Path) -> bool:
    """Whether the process is a PostgreSQL that works on this data folder."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        return name == "postgres" and Path(f"/proc/{pid}/cwd").resolve() == data.resolve()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False


def check_server(url: str) -> str:
    """The PostGIS version of a server.

    Raises:
        ClusterError: ``unreachable``, ``no_postgis`` or ``old_postgis``.
    """
    try:
        with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
            row = connection.execute(
                "SELECT default_version FROM pg_available_extensions WHERE name = 'postgis'"
            ).fetchone()
    except psycopg.OperationalError as error:
        raise ClusterError(reason="unreachable", tail=str(error).strip().splitlines()[0]) from error
    if row is None:
        raise ClusterError(reason="no_postgis")
    version = str(row[0])
    if tuple(int(x) for x in version.split(".")[:2]) < MINIMUM_POSTGIS:
        raise ClusterError(reason="old_postgis", found=version, needed=".".join(map(str, MINIMUM_POSTGIS)))
    return version


def free_port() -> int:
    """A TCP port on the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _port_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _others_may_pass(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & 0o001)
    except FileNotFoundError:
        return True
