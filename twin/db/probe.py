"""A quick look into the database from outside the application (start-up checks), without SQLAlchemy."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from twin.db.cluster import owner_url
from twin.settings import Settings


def count(settings: Settings, table: str, column: str, values: Sequence[str]) -> int:
    """How many rows of a table hold one of these values (as the owner, over all enterprises)."""
    query = sql.SQL("SELECT count(*) FROM {} WHERE {} = ANY(%s)").format(sql.Identifier(table), sql.Identifier(column))
    with psycopg.connect(owner_url(settings), autocommit=True) as connection:
        row = connection.execute(query, [list(values)]).fetchone()
    return int(row[0]) if row else 0
