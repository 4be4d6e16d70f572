"""Raw connections for tests that go around the product."""

from __future__ import annotations

from typing import Any

import psycopg

from twin.settings import Settings


def owner(settings: Settings) -> psycopg.Connection[Any]:
    """A connection as the owner: an attacker with the keys, or the database administrator."""
    assert settings.database_url is not None
    return psycopg.connect(settings.database_url.get_secret_value(), autocommit=True)


def app(settings: Settings) -> psycopg.Connection[Any]:
    """A connection as the product's own role, outside any unit of work."""
    assert settings.app_database_url is not None
    return psycopg.connect(settings.app_database_url.get_secret_value(), autocommit=True)
