"""Heights for positions that come without one: most drawings and tables have none.

The site's surveyed surface comes from modules (submodule ``terrain``, attribute ``HEIGHTS``); the kernel knows none of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

from twin.db.uow import UnitOfWork
from twin.registry import discover
from twin.registry.layer import layers
from twin.spatial import repository
from twin.spatial.repository import SiteRow
from twin.spatial.validate import with_height

#: Code of a site; (longitude, latitude) in degrees -> metres above the ellipsoid, None where nothing was surveyed. Runs in a thread.
Heights = Callable[[str, Sequence[tuple[float, float]]], list[float | None]]

Geometry = dict[str, Any]


@cache
def _sources() -> tuple[Heights, ...]:
    return tuple(module.HEIGHTS for module in discover.submodules("terrain"))


async def placed(uow: UnitOfWork, site: SiteRow, given: Sequence[tuple[Geometry, Mapping[str, Any]]]) -> list[Geometry]:
    """GeoJSON geometries (EPSG:4326) with a height for every position that has none: the bottom (``z_min``) that the feature's
    own properties state or that of the storey that they name, else the surveyed surface there, else the site's flat ground.
    """
    lacking = [
        i for i, (geometry, _) in enumerate(given) if any(len(p) < 3 for p in _positions(geometry["coordinates"]))
    ]
    if not lacking:
        return [geometry for geometry, _ in given]
    storeys = {str(p["floor_code"]) for i in lacking if (p := given[i][1]).get("floor_code") and p.get("z_min") is None}
    floors = await repository.footprints(uow.session, layers()["floor"], site.id, storeys) if storeys else {}
    bottoms: dict[int, float | None] = {}
    for i in lacking:
        properties = given[i][1]
        _, low, _ = floors.get(str(properties.get("floor_code")), (None, None, None))
        bottoms[i] = low if properties.get("z_min") is None else float(properties["z_min"])
    asked = [
        (float(p[0]), float(p[1]))
        for i in lacking
        if bottoms[i] is None
        for p in _positions(given[i][0]["coordinates"])
        if len(p) < 3
    ]
    surface = iter(await asyncio.to_thread(_surface, site.code, asked) if asked else [])
    out = [geometry for geometry, _ in given]
    for i in lacking:
        out[i] = with_height(out[i], partial(_height, site.ground, bottoms[i], surface))
    return out


def _height(ground: float, bottom: float | None, surface: Iterator[float | None]) -> float:
    """The next position's: ``surface`` answers for those without a ``bottom``, in their order."""
    found = next(surface) if bottom is None else bottom
    return ground if found is None else round(found, 3)


def _surface(site: str, points: Sequence[tuple[float, float]]) -> list[float | None]:
    """The first answer of any source for each point."""
    found: list[float | None] = [None] * len(points)
    for source in _sources():
        left = [i for i, height in enumerate(found) if height is None]
        if not left:
            break
        for i, height in zip(left, source(site, [points[i] for i in left]), strict=True):
            found[i] = height
    return found


def _positions(node: Any) -> Iterator[list[float]]:
    if node and isinstance(node[0], (int, float)):
        yield node
        return
    for child in node:
        yield from _positions(child)
