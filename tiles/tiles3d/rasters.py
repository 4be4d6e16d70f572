"""Rasters in step with PostGIS.

A question first compares the ids and versions in the database with those that the raster was cut from (a few
milliseconds for 2,000 zones) and reads and cuts only what differs. So an answer is never older than the last committed
edit, whichever process asked and whatever was restarted, and nothing has to be told or remembered between processes.
"""

from __future__ import annotations

import asyncio
import gzip
import io
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image

from tiles.tiles3d import repository
from tiles.tiles3d.errors import RasterNotFound, SiteNotFound
from tiles.tiles3d.georef import ecef, enu_frame
from tiles.tiles3d.mesh import F64
from tiles.tiles3d.raster import Area, Raster

#: Name of a raster: the layers it is cut from, and whether the viewer draws their rims.
KINDS: dict[str, tuple[tuple[str, ...], bool]] = {
    "zone": (("zone",), True),
    "object": (repository.OBJECT_LAYERS, False),
}


@dataclass(frozen=True)
class Card:
    """What a raster is at one moment."""

    version: str
    origin: tuple[float, float, float]
    box: tuple[float, float, float, float] | None
    texels: int
    areas: tuple[Area, ...]


@dataclass
class _Kept:
    raster: Raster
    origin: tuple[float, float, float]
    versions: dict[str, str] = field(default_factory=dict)
    areas: dict[str, Area] = field(default_factory=dict)
    card: Card | None = None
    packed: dict[str, bytes] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


_kept: dict[tuple[asyncio.AbstractEventLoop, UUID, str, str], _Kept] = {}


async def card(enterprise_id: UUID, site: str, kind: str) -> Card:
    """The raster as of now.

    Raises:
        SiteNotFound: not a site of the enterprise. RasterNotFound: no raster of that name.
    """
    kept = await _get(enterprise_id, site, kind)

    async def ask() -> Card:
        async with kept.lock:
            return await _refresh(kept, enterprise_id, site, kind)

    # Shielded: a client that goes away must not free the lock while a thread is still cutting.
    return await asyncio.shield(asyncio.ensure_future(ask()))


async def texels(enterprise_id: UUID, site: str, kind: str, version: str, what: str) -> bytes:
    """A raster's texels, packed; ``what`` is ``ids``, ``edges`` or ``ids.png``.

    Raises:
        RasterNotFound: that version is no more: ask for the card again.
    """
    kept = await _get(enterprise_id, site, kind)

    async def ask() -> bytes:
        async with kept.lock:
            if kept.card is None or kept.card.version != version:
                await _refresh(kept, enterprise_id, site, kind)
            if kept.card is None or kept.card.version != version or (what == "edges" and not kept.raster.reach):
                raise RasterNotFound(site=site, raster=kind)
            if what not in kept.packed:
                kept.packed[what] = await asyncio.to_thread(pack, kept.raster, what)
            return kept.packed[what]

    return await asyncio.shield(asyncio.ensure_future(ask()))


async def _get(enterprise_id: UUID, site: str, kind: str) -> _Kept:
    if kind not in KINDS:
        raise RasterNotFound(site=site, raster=kind)
    frame = await repository.site_frame(enterprise_id, site)
    if frame is None:
        raise SiteNotFound(site=site)
    key = (asyncio.get_running_loop(), enterprise_id, frame.id, kind)
    kept = _kept.get(key)
    if kept is None or kept.origin != frame.origin:
        for old in [k for k in _kept if k[0].is_closed()]:
            del _kept[old]
        kept = _kept[key] = _Kept(Raster(edges=KINDS[kind][1]), frame.origin)
    return kept


async def _refresh(kept: _Kept, enterprise_id: UUID, site: str, kind: str) -> Card:
    frame = await repository.site_frame(enterprise_id, site)
    if frame is None:
        raise SiteNotFound(site=site)
    heads = await repository.heads(enterprise_id, frame.id, KINDS[kind][0])
    versions = {key: version for key, (_, version) in heads.items()}
    if kept.card is not None and versions == kept.versions:
        return kept.card
    areas = {key: area for key, area in kept.areas.items() if key in versions}
    for layer in KINDS[kind][0]:
        asked = [k for k, (own, version) in heads.items() if own == layer and kept.versions.get(k) != version]
        rows = await repository.footprints(enterprise_id, layer, asked) if asked else []
        areas |= {a.id: a for a in await asyncio.to_thread(_areas, layer, rows, kept.origin)}
    await asyncio.to_thread(kept.raster.update, areas)
    kept.areas, kept.versions = areas, versions
    raster = kept.raster
    fresh = Card(raster.version, kept.origin, raster.box, raster.texels, tuple(raster.order))
    if kept.card is None or fresh.version != kept.card.version:
        kept.packed.clear()
    kept.card = fresh
    return fresh


def _areas(
    layer: str, rows: list[tuple[str, bytes, float | None, float | None]], origin: tuple[float, float, float]
) -> list[Area]:
    ground = origin[2]
    inverse = np.asarray(np.linalg.inv(enu_frame(*origin)), np.float64)
    found = []
    for key, wkb, low, high in rows:
        rings = [
            local(np.asarray(shapely.get_coordinates(ring, include_z=True)), ground, inverse)
            for ring in shapely.get_rings(shapely.from_wkb(wkb))
        ]
        if rings:
            found.append(Area.of(key, layer, rings, ground if low is None else low, ground if high is None else high))
    return found


def local(lonlath: F64, ground: float, inverse: F64) -> F64:
    """(N, 3) degrees and ellipsoidal metres (NaN: on the ground) to (N, 2) metres east and north."""
    height = np.where(np.isnan(lonlath[:, 2]), ground, lonlath[:, 2])
    return np.asarray((ecef(lonlath[:, 0], lonlath[:, 1], height) @ inverse[:3, :3].T + inverse[:3, 3])[:, :2])


def pack(raster: Raster, what: str) -> bytes:
    """A raster's texels as they are sent; ``what`` is ``ids``, ``edges`` or ``ids.png``."""
    if what == "ids.png":
        return png(raster.ids)
    data: NDArray[np.generic] = raster.ids.astype("<u2") if what == "ids" else raster.edges
    return gzip.compress(data.tobytes(), 1, mtime=0)


def png(ids: NDArray[np.uint16]) -> bytes:
    """Both slots as one opaque picture, slot A above slot B: red is the low byte, green the high one. Opaque, because
    browsers multiply colours by alpha when they decode a picture, which would destroy numbers.
    """
    rows, columns, _ = ids.shape
    picture = np.zeros((2, rows, columns, 3), np.uint8)
    for slot in (0, 1):
        picture[slot, ..., 0], picture[slot, ..., 1] = ids[..., slot] & 255, ids[..., slot] >> 8
    out = io.BytesIO()
    Image.fromarray(picture.reshape(2 * rows, columns, 3)).save(out, "PNG", compress_level=1)
    return out.getvalue()


def plain(packed: bytes) -> bytes:
    """Texels for a client that takes no compression."""
    return gzip.decompress(packed)
