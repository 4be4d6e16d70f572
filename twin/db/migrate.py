"""Migrations: Alembic without an ini file; each package may bring a branch in ``<package>/migrations/versions``."""

from __future__ import annotations

import hashlib
from pathlib import Path

import psycopg

from twin.registry import discover
from twin.settings import get_settings


def _folders() -> list[Path]:
    return [folder / "versions" for folder in discover.folders("migrations") if (folder / "versions").is_dir()]


def signature() -> str:
    """Digest of all migration files: what a database is compared with at start, without importing Alembic."""
    digest = hashlib.sha256()
    for folder in _folders():
        for path in sorted(folder.glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def current(url: str) -> bool:
    """Whether the database was migrated by exactly these files."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('public.migration_signature')").fetchone() == (None,):
            return False
        return connection.execute("SELECT digest FROM migration_signature").fetchone() == (signature(),)


def upgrade(url: str) -> None:
    """Bring the database to the newest state of every branch. ``url`` is the owner's."""
    # Imported here: a start that finds the schema current does without them.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from twin.db.uow import async_url

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.set_main_option("version_locations", "\n".join(str(f) for f in _folders()))
    config.set_main_option("path_separator", "newline")
    engine = create_engine(async_url(url))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7465110)")
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS migration_signature (digest text NOT NULL)")
            # Default privileges let the app role write into every new table; these decide what is migrated.
            rights = "INSERT, UPDATE, DELETE, TRUNCATE ON migration_signature, alembic_version"
            connection.exec_driver_sql(f'REVOKE {rights} FROM "{get_settings().app_role}"')
            connection.exec_driver_sql("DELETE FROM migration_signature")
            connection.exec_driver_sql("INSERT INTO migration_signature VALUES (%s)", (signature(),))
    finally:
        engine.dispose()
