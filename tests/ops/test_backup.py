"""The recovery drill: the demo plant is backed up, damaged and brought back; a backup that is not whole is never used."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from gis_assets import demo_steps
from psycopg import sql

from tests.ops.tools import open_folder
from twin.db import audit, migrate, uow
from twin.db import cluster as pg
from twin.db.backup import BackupDamaged, restore
from twin.errors import Conflict
from twin.files.store import Store
from twin.settings import Settings, child_environment, get_settings

TWIN = Path(sys.executable).parent / "twin"


@dataclass(frozen=True)
class Installation:
    """The demo plant, its backup, and what was in it then."""

    settings: Settings
    backup: Path
    rows: dict[str, str]
    files: dict[str, bytes]


def cli(settings: Settings, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as an operator does."""
    return subprocess.run(
        [TWIN, *arguments], env=child_environment(settings), capture_output=True, text=True, check=False
    )


def owner(settings: Settings) -> psycopg.Connection:
    return psycopg.connect(pg.owner_url(settings), autocommit=True)


def app(settings: Settings) -> psycopg.Connection:
    return psycopg.connect(pg.app_url(settings), autocommit=True)


def rows(settings: Settings) -> dict[str, str]:
    """A digest of the content of every table."""
    found = {}
    with owner(settings) as connection:
        for schema, table in connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'jobs')"
        ).fetchall():
            query = sql.SQL("SELECT md5(COALESCE(string_agg(t::text, '' ORDER BY t::text), '')) FROM {} t")
            row = connection.execute(query.format(sql.Identifier(schema, table))).fetchone()
            assert row is not None
            found[f"{schema}.{table}"] = str(row[0])
    return found


def files(settings: Settings) -> dict[str, bytes]:
    """The attachments and the archived days by their path in the store."""
    folder, archive = settings.files_dir, settings.archive_dir
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.glob("??/*")}
    return found | {str(p.relative_to(archive)): p.read_bytes() for p in archive.rglob("*.parquet")}


async def _put(settings: Settings, *contents: bytes) -> None:
    async def stream(content: bytes) -> AsyncIterator[bytes]:
        yield content

    store = Store(settings.files_dir, settings.upload_limit_mb)
    for content in contents:
        await store.put(stream(content))


async def _seal(settings: Settings) -> None:
    await audit.seal(settings)
    await uow.dispose()


async def _verify(settings: Settings) -> audit.Report:
    try:
        return await audit.verify(settings=settings)
    finally:
        await uow.dispose()


@pytest.fixture(scope="module")
def plant() -> Iterator[Installation]:
    """A private cluster with the demo site and two attachments, backed up by the command."""
    before = dict(os.environ)
    with open_folder("backup") as folder:
        settings = Settings(var_dir=folder / "var", _env_file=None)
        server = pg.Cluster(settings)
        try:
            os.environ.update(child_environment(settings))
            get_settings.cache_clear()
            server.start()
            migrate.upgrade(pg.owner_url(settings))
            for step in demo_steps.STEPS:
                step.run(settings, lambda *_: None)
            asyncio.run(_put(settings, b"%PDF-1.4 permit", b"%PDF-1.4 drawing"))
            asyncio.run(_seal(settings))
            day = settings.archive_dir / "history" / "2026-01-01" / "g1"
            day.mkdir(parents=True)
            (day / "t000000.parquet").write_bytes(b"PAR1 a day of samples PAR1")
            made = cli(settings, "db", "backup", folder / "backups")
            assert made.returncode == 0, made.stderr
            yield Installation(settings, Path(made.stdout.strip()), rows(settings), files(settings))
        finally:
            server.stop()
            os.environ.clear()
            os.environ.update(before)
            get_settings.cache_clear()


def untouched(plant: Installation) -> bool:
    return rows(plant.settings) == plant.rows and files(plant.settings) == plant.files


def index_used(settings: Settings) -> bool:
    """Whether the spatial index serves the app role, which row-level security binds."""
    with app(settings) as connection:
        connection.execute("SET enable_seqscan = off")
        connection.execute("SELECT set_config('twin.enterprise', %s, false)", [str(uuid4())])
        query = "EXPLAIN SELECT count(*) FROM device WHERE ST_Intersects(geom, ST_MakeEnvelope(117, 38, 118, 39, 4326))"
        return "ix_device_geom" in "\n".join(row[0] for row in connection.execute(query).fetchall())


@pytest.mark.req("S5", "S7.19")
def test_lost_rows_files_rights_and_indexes_come_back(plant: Installation) -> None:
    settings = plant.settings
    with owner(settings) as connection:
        connection.execute("DELETE FROM device")
        connection.execute("UPDATE zone SET name = 'wrong', geom = ST_Translate(geom, 1, 0)")
        connection.execute("ALTER TABLE account DISABLE ROW LEVEL SECURITY")
        connection.execute("ALTER FUNCTION st_intersects(geometry, geometry) NOT LEAKPROOF")
        connection.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
        connection.execute("CREATE TABLE newer_than_the_backup (geom geometry(Point, 4326))")
    assert not index_used(settings)
    lost, damaged = sorted(settings.files_dir.glob("??/*"))
    lost.unlink()
    shutil.rmtree(settings.archive_dir)
    damaged.chmod(0o640)
    damaged.write_bytes(b"not a drawing")
    audit.heads_file(settings).write_text(  # as if more had been sealed after the backup
        "".join(
            json.dumps({**json.loads(line), "n": 9999}) + "\n"
            for line in audit.heads_file(settings).read_text().splitlines()
        )
    )

    done = cli(settings, "db", "restore", plant.backup, "--yes")

    assert done.returncode == 0, done.stderr
    assert untouched(plant)
    assert index_used(settings)
    with app(settings) as connection:
        count = "SELECT count(*) FROM account"
        assert connection.execute(count).fetchone() == (0,)
        connection.execute("SELECT set_config('twin.enterprise', '*', false)")
        assert connection.execute(count).fetchone() == (len(demo_steps.ACCOUNTS),)
        for denied in (
            "DELETE FROM audit",
            "UPDATE migration_signature SET digest = ''",
            "DELETE FROM alembic_version",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(denied)
    assert migrate.current(pg.owner_url(settings))
    assert asyncio.run(_verify(settings)).ok


@pytest.mark.req("S5", "S7.19")
def test_a_new_machine_gets_all_of_it(plant: Installation) -> None:
    with open_folder("new") as folder:
        new = Settings(var_dir=folder / "var", _env_file=None)
        done = cli(new, "db", "restore", plant.backup)
        assert done.returncode == 0, done.stderr
        server = pg.Cluster(new)
        assert server.running() is None  # it ran for the restore only
        server.start()
        try:
            assert rows(new) == plant.rows
            assert files(new) == plant.files
            assert index_used(new)
        finally:
            server.stop()


@pytest.mark.req("S5", "S7.19")
def test_data_is_replaced_only_when_asked_for_and_with_the_platform_stopped(plant: Installation) -> None:
    done = cli(plant.settings, "db", "restore", plant.backup)
    assert done.returncode == 1
    assert "--yes" in done.stderr and "数据库中已有数据" in done.stderr
    with app(plant.settings), pytest.raises(Conflict) as caught:
        restore(plant.settings, plant.backup, replace=True)
    assert caught.value.params["reason"] == "platform_runs"
    assert untouched(plant)


@pytest.mark.req("S5", "S7.19")
@pytest.mark.parametrize("name", ["database.dump", "files.tar", "manifest.json"])
@pytest.mark.parametrize("harm", ["missing", "changed"])
def test_a_damaged_backup_is_refused(plant: Installation, tmp_path: Path, name: str, harm: str) -> None:
    copy = shutil.copytree(plant.backup, tmp_path / "copy")
    if harm == "missing":
        (copy / name).unlink()
    else:
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1  # in the manifest this is inside of a checksum
        (copy / name).write_bytes(content)
    with pytest.raises(BackupDamaged) as caught:
        restore(plant.settings, copy, replace=True)
    assert caught.value.params["reason"] == harm
    assert untouched(plant)


@pytest.mark.req("S7.19")
def test_a_restore_that_fails_midway_changes_nothing(plant: Installation, tmp_path: Path) -> None:
    """A dump that was cut off when it was written has a right checksum."""
    copy = shutil.copytree(plant.backup, tmp_path / "copy")
    dump = copy / "database.dump"
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size * 2 // 3])
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["sha256"][dump.name] = subprocess.check_output(["sha256sum", dump], text=True).split()[0]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(pg.ClusterError) as caught:
        restore(plant.settings, copy, replace=True)
    assert caught.value.params["reason"] == "tool_failed"
    assert untouched(plant)


@pytest.mark.req("S5")
def test_a_backup_is_for_its_owner_only(plant: Installation) -> None:
    assert plant.backup.stat().st_mode & 0o077 == 0
    assert not list(plant.backup.parent.glob("*.part"))
