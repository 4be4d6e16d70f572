"""The surface of a site's current survey, for features that come without heights (``twin/spatial/clamp.py``)."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from tiles.tiles3d import store, surveys
from tiles.tiles3d.errors import BrokenFile, TileNotFound, TilesetNotFound
from twin.settings import get_settings

log = structlog.get_logger("tiles.tiles3d.terrain")


def heights(site: str, points: Sequence[tuple[float, float]]) -> list[float | None]:
    """The model's highest surface at (longitude, latitude), ellipsoidal metres; None beside it. A site without a model, or
    whose model cannot be read, has no surface: nobody may be kept from writing down a fact by that.
    """
    try:
        return store.sample(surveys.folder_of(get_settings().sites_dir, site, ""), points)
    except TilesetNotFound:
        pass
    except (BrokenFile, TileNotFound, OSError) as error:
        log.warning("terrain.unreadable", site=site, error=str(error))
    return [None] * len(points)


HEIGHTS = heights
