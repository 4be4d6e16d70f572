"""manifest.json: what a tileset is, where it stands, how good it is, and who may use it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from tiles.tiles3d.errors import BrokenFile


class Source(BaseModel):
    """The delivery."""

    kind: str
    name: str
    files: int = 0
    bytes: int = 0


class Place(BaseModel):
    """Coordinate reference and origin. Heights are ellipsoidal metres (WGS84 / CGCS2000)."""

    srs: str
    crs: str = Field(description="WKT of the projection; empty for ENU")
    srs_origin: tuple[float, float, float]
    longitude: float
    latitude: float
    height: float
    height_offset: float = 0.0
    geoid: str = ""
    convergence_deg: float = 0.0
    grid_scale: float = 1.0


class Level(BaseModel):
    """Sums over the nodes of one level; 0 is the finest."""

    level: int
    tiles: int
    triangles: int
    points: int = 0
    texels: int
    bytes: int
    geometric_error: float


class Residual(BaseModel):
    """One control point after ``twin tiles align``: what remains, in metres."""

    name: str
    east: float
    north: float
    up: float
    distance: float


class Alignment(BaseModel):
    """Fit to control points; ``matrix`` is row-major, applied in the tileset's local frame before the root
    transform.
    """

    matrix: list[float]
    scale: float
    rotation_deg: float
    translation: tuple[float, float, float]
    rms: float
    max: float
    residuals: list[Residual]
    at: dt.datetime


class Manifest(BaseModel):
    """The tileset's card."""

    id: str
    name: str
    site: str = ""
    version: str = Field(description="content hash; part of cache keys")
    source: Source
    place: Place
    transform: list[float] = Field(description="column-major 4 x 4, local frame to EPSG:4978, alignment included")
    bounds: tuple[float, float, float, float] = Field(description="west, south, east, north in degrees")
    coverage: list[list[tuple[float, float]]] = Field(
        default=[], description="outlines of what was surveyed, each a closed ring of longitude and latitude"
    )
    heights: tuple[float, float] = Field(description="lowest and highest ellipsoidal height, metres")
    frame_low: tuple[float, float, float]
    frame_high: tuple[float, float, float]
    date: dt.date | None = None
    imported_at: dt.datetime
    seconds: float = 0.0
    accuracy_m: float | None = None
    licence: str = ""
    attribution: str = ""
    compression: str = ""
    textures: str = ""
    files: int
    bytes: int
    triangles: int = Field(description="of the finest level")
    points: int = 0
    levels: list[Level]
    alignment: Alignment | None = None
    notes: list[str] = []


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a tileset folder.

    Raises:
        BrokenFile: absent or not a manifest.
    """
    path = folder / "manifest.json"
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BrokenFile(path.name, f"manifest is not readable: {type(error).__name__}") from error


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Replace manifest.json in one step."""
    temp = folder / ".manifest.json.tmp"
    temp.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    temp.replace(folder / "manifest.json")


def as_dict(manifest: Manifest) -> dict[str, Any]:
    return manifest.model_dump(mode="json")
