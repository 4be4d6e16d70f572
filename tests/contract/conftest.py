"""The demo site in a fresh database, people of two enterprises, and helpers that read a layer whole."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio
from gis_assets.sites.demo.accounts import views
from gis_assets.sites.demo.build import features

from tests.conftest import Enterprise, SignIn
from tests.support import make_enterprise
from twin.db.uow import unit_of_work
from twin.settings import Settings
from twin.spatial.site import load_site


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(database: Settings, enterprise: Enterprise) -> Enterprise:
    """The demo enterprise with its site loaded."""
    async with unit_of_work(enterprise.id) as uow:
        await load_site(uow, features(), views())
    return enterprise


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def manager(site: Enterprise, sign_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    """A manager of the demo enterprise."""
    yield await sign_in("manager")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stranger(site: Enterprise, sign_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    """A manager of another enterprise, which has nothing yet."""
    await make_enterprise("other")
    yield await sign_in("other-manager")


async def get(http: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """A document under ``/ogc/collections/``."""
    answer = await http.get(f"/ogc/collections/{path}", params={k.replace("_", "-"): v for k, v in query.items()})
    assert answer.status_code == 200, f"{path} {query}: {answer.text[:400]}"
    return answer.json()


async def everything(http: httpx.AsyncClient, layer: str, **query: Any) -> list[dict[str, Any]]:
    """All features of a layer in one page."""
    page = await get(http, f"{layer}/items", limit=10_000, **query)
    assert page["numberReturned"] == page["numberMatched"] == len(page["features"])
    found: list[dict[str, Any]] = page["features"]
    return found


async def walk(http: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """All features by following ``next`` links."""
    found: list[dict[str, Any]] = []
    page = await get(http, path, **query)
    while True:
        found += page["features"]
        assert page["numberReturned"] == len(page["features"])
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            return found
        answer = await http.get(following[0])
        assert answer.status_code == 200, answer.text
        page = answer.json()


def ids(rows: list[dict[str, Any]]) -> set[str]:
    """The ids of features, each of which must be there once."""
    found = {row["id"] for row in rows}
    assert len(found) == len(rows)
    return found


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    """Column and row of the tile that holds a place."""
    n = 1 << z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * n), int(y * n)
