"""Backup and restore: a ``pg_dump`` archive, the attachments and a manifest with checksums, in one folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from twin import __version__, clock
from twin.db.cluster import DATABASE, Cluster, ClusterError, binaries, owner_url
from twin.errors import Conflict, Invalid
from twin.settings import Settings


def backup(settings: Settings, target: Path) -> Path:
    """Write a backup into a new folder below ``target`` and return it.

    The dump is one consistent snapshot; attachments are content-addressed, so files added meanwhile do no harm.
    """
    folder = target / f"twin-{clock.now():%Y%m%dT%H%M%SZ}"
    part = folder.with_suffix(".part")
    part.mkdir(parents=True)
    _tool(settings, "pg_dump", ["--format=custom", "--compress=6", f"--file={part / 'database.dump'}"])
    with tarfile.open(part / "files.tar", "w") as archive:
        if settings.files_dir.is_dir():
            archive.add(settings.files_dir, arcname="files")
    sums = {name: _sha256(part / name) for name in ("database.dump", "files.tar")}
    manifest = {"version": __version__, "at": clock.now().isoformat(), "sha256": sums}
    (part / "manifest.json").write_text(json.dumps(manifest, indent=2))
    part.rename(folder)
    return folder


def restore(settings: Settings, source: Path, *, replace: bool) -> None:
    """Put a backup in the place of the database and add its files.

    Raises:
        Invalid: a file is missing or its checksum differs; nothing is touched.
        Conflict: the database holds data and ``replace`` is false.
    """
    try:
        manifest = json.loads((source / "manifest.json").read_text())
    except (FileNotFoundError, ValueError) as error:
        raise Invalid(errors=[{"where": str(source / "manifest.json"), "message": str(error)}]) from error
    for name, digest in manifest["sha256"].items():
        if not (source / name).is_file() or _sha256(source / name) != digest:
            raise Invalid(errors=[{"where": str(source / name), "message": "sha256"}])
    cluster = Cluster(settings)
    if settings.database_url is None:
        cluster.start(detached=True)
    with psycopg.connect(owner_url(settings), autocommit=True) as connection:
        row = connection.execute("SELECT to_regclass('public.enterprise')").fetchone()
        full = row is not None and row[0] is not None and connection.execute("SELECT 1 FROM enterprise LIMIT 1").fetchone() is not None
    if full and not replace:
        raise Conflict(reason="database_not_empty")
    _tool(settings, "pg_restore", ["--clean", "--if-exists", "--no-owner", "--single-transaction", str(source / "database.dump")])
    with tarfile.open(source / "files.tar") as archive:
        archive.extractall(settings.var_dir, filter="data")


def _tool(settings: Settings, name: str, arguments: list[str]) -> None:
    url = urlsplit(owner_url(settings))
    # The password goes by the environment, so that it never shows in the list of processes.
    env = {**os.environ, "PGPASSWORD": url.password or ""}
    database = url.path.lstrip("/") or DATABASE
    command = [str(_binary(name)), "-h", url.hostname or "", "-p", str(url.port or 5432), "-U", url.username or "", "-d", database]
    done = subprocess.run([*command, *arguments], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(reason="tool_failed", tool=name, tail=done.stderr.strip()[-400:])


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
