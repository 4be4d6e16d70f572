"""Fixtures for every test: a private PostGIS cluster per worker, a fresh migrated database per module, a client over the real application.

The cluster is started once per pytest worker in a temporary folder and dies with it. ``database`` copies a migrated template, which takes
a fraction of a second, so each module starts from nothing and none sees another's rows.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from pydantic import SecretStr

from twin.db import cluster as pg
from twin.db import migrate
from twin.settings import Settings, child_environment, get_settings

_TEMPLATE = "twin_template"

# Compiled code is compiled with its first example, and machines differ: how long an example takes says nothing here.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Settings]:
    """A running private cluster with a migrated template database; its settings."""
    folder = Path(tempfile.mkdtemp(prefix="twin-test-"))
    folder.chmod(0o755)
    settings = Settings(var_dir=folder / "var", _env_file=None)
    settings.var_dir.mkdir(parents=True)
    server = pg.Cluster(settings)
    server.start()
    with psycopg.connect(pg.owner_url(settings, "postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # what a power cut would take is nobody's here
        connection.execute("SELECT pg_reload_conf()")
    migrate.upgrade(pg.owner_url(settings))
    with psycopg.connect(pg.owner_url(settings, "postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {pg.DATABASE} RENAME TO {_TEMPLATE}")
    yield settings
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


_number = 0


def _fresh(cluster: Settings, folder: Path) -> Settings:
    global _number
    _number += 1
    name = f"twin_{os.getpid()}_{_number}"
    with psycopg.connect(pg.owner_url(cluster, "postgres"), autocommit=True) as connection:
        # The default strategy writes all of it to the log as well, which takes twice to three times as long.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY file_copy")
    access = pg.read_access(cluster)
    base = f"127.0.0.1:{access.port}/{name}"
    return Settings(
        var_dir=folder,
        database_url=SecretStr(f"postgresql://{pg.OWNER}:{access.owner_password}@{base}"),
        app_database_url=SecretStr(f"postgresql://twin_app:{access.app_password}@{base}"),
        _env_file=None,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(cluster: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Settings]:
    """Settings of a fresh, migrated, empty database; the process's own settings point to it for the length of the module."""
    from twin.db import uow

    settings = _fresh(cluster, tmp_path_factory.mktemp("var"))
    before = dict(os.environ)
    os.environ.update(child_environment(settings))
    get_settings.cache_clear()
    await uow.dispose()
    yield settings
    await uow.dispose()
    os.environ.clear()
    os.environ.update(before)
    get_settings.cache_clear()
    assert settings.database_url is not None
    name = settings.database_url.get_secret_value().rsplit("/", 1)[1]
    with psycopg.connect(pg.owner_url(cluster, "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True)
class Enterprise:
    """An enterprise with one account per role; the password of all of them is ``password``."""

    id: UUID
    code: str
    password: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def enterprise(database: Settings) -> Enterprise:
    """The enterprise ``demo`` with an account named after each role."""
    from tests.support import make_enterprise

    return await make_enterprise("demo")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(database: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client over the real application, without a signed-in account."""
    from twin.app import create_app

    transport = httpx.ASGITransport(app=create_app(database), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://twin.test", headers={"X-Twin": "1"}) as http:
        yield http


SignIn = Callable[[str], Awaitable[httpx.AsyncClient]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sign_in(database: Settings, enterprise: Enterprise) -> AsyncIterator[SignIn]:
    """Gives a client signed in as the account named like a role: ``await sign_in("manager")``."""
    from twin.app import create_app

    app, made = create_app(database), []

    async def run(username: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        http = httpx.AsyncClient(transport=transport, base_url="http://twin.test", headers={"X-Twin": "1"})
        made.append(http)
        answer = await http.post("/api/auth/login", json={"username": username, "password": enterprise.password})
        assert answer.status_code == 200, answer.text
        return http

    yield run
    for http in made:
        await http.aclose()


#: Folders whose files tell a story: a test goes on from what the one before it left in the module's database. Files come in random order,
#: the tests in these keep theirs.
_STORIES = frozenset(
    (
        "alarms", "dual", "early_warning", "exchange", "fences", "hazards", "history", "ingest", "inspections", "people", "push", "risk",
        "risks", "signature", "tracking", "chemicals",
    )
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of stories back into the order in which they are written, at the places that chance gave their file."""
    places: dict[Path, list[int]] = {}
    for n, item in enumerate(items):
        if item.path.parent.name in _STORIES:
            places.setdefault(item.path, []).append(n)
    for found in places.values():
        told = sorted((items[n] for n in found), key=_line)
        for n, item in zip(found, told, strict=True):
            items[n] = item


def _line(item: pytest.Item) -> tuple[int, str]:
    return (item.reportinfo()[1] or 0, item.name)
