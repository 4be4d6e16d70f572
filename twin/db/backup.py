"""Backup and restore: a ``pg_dump`` archive, the attachments, the archived days and a manifest with checksums, in one
folder."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from twin import __version__, clock
from twin.db.audit import heads_file
from twin.db.cluster import Cluster, ClusterError, binaries, owner_url
from twin.db.rls import LEAKPROOF
from twin.errors import Conflict, Invalid
from twin.settings import Settings

#: Parts of every backup; backups from before there were archived days lack the last.
_PARTS = ("database.dump", "files.tar")
_ARCHIVE = "archive.tar"
#: Everything goes, also tables that are newer than the backup; schemas that belong to an extension go with it.
_EMPTY = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT nspname FROM pg_namespace n WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        AND NOT EXISTS (
            SELECT FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND objid = n.oid AND deptype = 'e'
        )
    LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
END $$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


class BackupDamaged(Invalid):
    """A file of the backup is missing or is not what was written; ``params['reason']``: ``missing`` or ``changed``."""

    code = "backup_damaged"


def backup(settings: Settings, target: Path) -> Path:
    """Write a backup into a new folder below ``target`` (mode 0700: it holds everything) and return it.

    The dump is one consistent snapshot; attachments are content-addressed and archived files are written once and stay a
    day after the database has forgotten them, so what changes meanwhile does no harm.

    Raises:
        ClusterError: there is no database, or ``pg_dump`` failed; no folder is left behind.
    """
    folder = target / f"twin-{clock.now():%Y%m%dT%H%M%SZ}"
    part = folder.with_suffix(".part")
    target.mkdir(parents=True, exist_ok=True)
    part.mkdir(mode=0o700)
    try:
        owner_url(settings)  # there is one: a backup never creates a database
        with _database(settings):
            wanted = ("--format=custom", "--compress=6", f"--file={part / 'database.dump'}")
            command, env = _tool(settings, "pg_dump", *wanted)
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            if done.returncode:
                raise ClusterError(reason="tool_failed", tool="pg_dump", tail=done.stderr.strip()[-400:])
        with tarfile.open(part / "files.tar", "w") as archive:
            for path in _attachments(settings):
                archive.add(path, arcname=str(path.relative_to(settings.files_dir)))
        with tarfile.open(part / _ARCHIVE, "w") as archive:
            for path in _archived(settings):
                with contextlib.suppress(FileNotFoundError):  # given up by the retention a moment ago
                    archive.add(path, arcname=str(path.relative_to(settings.archive_dir)))
        sums = {name: _sha256(part / name) for name in (*_PARTS, _ARCHIVE)}
        manifest = {"version": __version__, "at": clock.now().isoformat(), "sha256": sums}
        (part / "manifest.json").write_text(json.dumps(manifest, indent=2))
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return folder


def restore(settings: Settings, source: Path, *, replace: bool) -> None:
    """Put a backup in the place of the database and add its files. The database changes wholly or not at all.

    Raises:
        BackupDamaged: a file is missing or its checksum differs; nothing is touched.
        Conflict: the database holds data and ``replace`` is false (``database_not_empty``), or the platform runs on it
            (``platform_runs``).
        ClusterError: the database's tools failed; the database is as it was.
    """
    _check(source)
    with _database(settings):
        with psycopg.connect(owner_url(settings), autocommit=True) as connection:
            if not replace and _holds_data(connection):
                raise Conflict(reason="database_not_empty")
            if _in_use(connection, settings):
                raise Conflict(reason="platform_runs")
        # First: whatever fails here leaves the database alone.
        _add_files(settings, source / "files.tar", settings.files_dir)
        if (source / _ARCHIVE).is_file():
            _add_files(settings, source / _ARCHIVE, settings.archive_dir)
        _replace_database(settings, source / "database.dump")
    # The chain of the restored audit trail ends earlier than what was noted; the note stays as evidence beside it.
    with contextlib.suppress(FileNotFoundError):
        heads_file(settings).rename(settings.var_dir / f"audit-heads-before-{clock.now():%Y%m%dT%H%M%SZ}.jsonl")


def _check(source: Path) -> None:
    path = source / "manifest.json"
    try:
        sums = json.loads(path.read_text())["sha256"]
        wanted = {name: str(sums[name]) for name in (*_PARTS, *({_ARCHIVE} & set(sums)))}
    except FileNotFoundError as error:
        raise BackupDamaged(reason="missing", file=str(path)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BackupDamaged(reason="changed", file=str(path)) from error
    for name, digest in wanted.items():
        if not (source / name).is_file():
            raise BackupDamaged(reason="missing", file=str(source / name))
        if _sha256(source / name) != digest:
            raise BackupDamaged(reason="changed", file=str(source / name))


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[None]:
    """A private cluster that is stopped runs for the length of the block."""
    cluster = Cluster(settings) if settings.database_url is None else None
    ran = cluster is None or cluster.running() is not None
    if cluster is not None:
        cluster.start()
    try:
        yield
    finally:
        if cluster is not None and not ran:
            cluster.stop()


def _holds_data(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT to_regclass('public.enterprise')").fetchone()
    return row != (None,) and connection.execute("SELECT FROM enterprise LIMIT 1").fetchone() is not None


def _in_use(connection: psycopg.Connection, settings: Settings) -> bool:
    """Whether processes of the platform are connected: they hold in memory what the restore takes away."""
    query = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = %s LIMIT 1"
    return connection.execute(query, [settings.app_role]).fetchone() is not None


def _replace_database(settings: Settings, dump: Path) -> None:
    """Empty and fill the database in one transaction, which is committed only when the whole dump has been read."""
    command, env = _tool(settings, "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
    with tempfile.TemporaryFile() as said:
        psql = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said)
        assert psql.stdin is not None
        done: subprocess.CompletedProcess[str] | None = None
        with contextlib.suppress(BrokenPipeError):  # psql gave up: its exit status says so
            psql.stdin.write(b"SET client_min_messages = warning; BEGIN;" + _EMPTY.encode())
            psql.stdin.flush()
            reader = [str(_binary("pg_restore")), "--no-owner", "--file=-", str(dump)]
            done = subprocess.run(reader, stdout=psql.stdin, stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode == 0:
                psql.stdin.write(f"RESET search_path; {LEAKPROOF} COMMIT;\n".encode())
        with contextlib.suppress(BrokenPipeError):
            psql.stdin.close()
        psql.wait()
        said.seek(0)
        if psql.returncode:
            tail = said.read().decode(errors="replace").strip()[-400:]
            raise ClusterError(reason="tool_failed", tool="psql", tail=tail)
        if done is not None and done.returncode:
            raise ClusterError(reason="tool_failed", tool="pg_restore", tail=done.stderr.strip()[-400:])


def _attachments(settings: Settings) -> list[Path]:
    """Complete files of the store; uploads that are under way are not."""
    return sorted(settings.files_dir.glob("[0-9a-f][0-9a-f]/*"))


def _archived(settings: Settings) -> list[Path]:
    """Complete files of the archive; folders that are being written end in ``.part``."""
    return sorted(
        path
        for path in settings.archive_dir.rglob("*")
        if path.is_file() and not any(parent.name.endswith(".part") for parent in path.parents)
    )


def _add_files(settings: Settings, archive: Path, into: Path) -> None:
    """Unpack beside the store, then move every file to its name: none is ever half there."""
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.var_dir, prefix="restore-") as folder:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
            target = into / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.chmod(0o440)
            path.replace(target)


def _tool(settings: Settings, name: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Command line and environment of a tool of PostgreSQL; a password in the former would show in the list of processes."""
    address = {key: str(value) for key, value in conninfo_to_dict(owner_url(settings)).items()}
    env = {**os.environ, "PGPASSWORD": address.pop("password", "")}
    return [str(_binary(name)), *arguments, f"--dbname={make_conninfo(**address)}"], env


def _binary(name: str) -> Path:
    try:
        return binaries() / name
    except ClusterError:
        found = shutil.which(name)
        if found is None:
            raise
        return Path(found)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
