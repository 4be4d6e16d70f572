"""Errors of the tiles."""

from __future__ import annotations

from twin.errors import NotFound


class TileNotFound(NotFound):
    """Outside of the tile matrix."""

    code = "tile_not_found"


class TileMatrixSetNotFound(NotFound):
    """Only WebMercatorQuad is served."""

    code = "tile_matrix_set_not_found"
