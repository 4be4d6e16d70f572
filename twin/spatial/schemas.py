"""Bodies of the spatial API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class GeometryIn(BaseModel):
    """A GeoJSON geometry, EPSG:4326 (checked by twin.spatial.validate, which names vertices)."""

    model_config = ConfigDict(extra="ignore")

    type: str = Field(max_length=40)
    coordinates: list[Any]


class FeatureIn(BaseModel):
    """A new feature. ``type: Feature`` may stand there, as in GeoJSON."""

    model_config = ConfigDict(extra="ignore")

    geometry: GeometryIn
    properties: dict[str, Any]


class FeatureChange(BaseModel):
    """What is to change; what is left out stays. ``version`` may stand here instead of ``If-Match``."""

    model_config = ConfigDict(extra="ignore")

    geometry: GeometryIn | None = None
    properties: dict[str, Any] = {}
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)


class FeatureOut(BaseModel):
    """A feature as the OGC API shows it."""

    type: Literal["Feature"]
    id: UUID
    geometry: dict[str, Any]
    properties: dict[str, Any]


class RestoreIn(BaseModel):
    """Which version to go back to."""

    version: int = Field(ge=1, le=2**31 - 1)


class HistoryEntry(BaseModel):
    """A version of a feature."""

    version: int
    action: Literal["create", "update", "delete"]
    at: datetime
    by: UUID | None
    by_name: str | None
    feature: FeatureOut


class HistoryOut(BaseModel):
    """All versions, newest first."""

    items: list[HistoryEntry]


class SiteOut(BaseModel):
    """The site's frame. ``center`` is its origin (degrees, metres), ``bounds`` are west, south, east, north."""

    code: str
    name: str
    name_en: str
    center: tuple[float, float, float]
    crs: str
    timezone: str
    bounds: tuple[float, float, float, float]


class ViewOut(BaseModel):
    """A saved camera view."""

    key: str
    name: str
    name_en: str
    lon: float
    lat: float
    height: float
    heading: float
    pitch: float


class ConfigOut(BaseModel):
    """What a client needs to know before anything else. ``site`` is null before one is loaded."""

    site: SiteOut | None
    hub: str
    tilesets: str
    views: list[ViewOut]
    version: str
    languages: list[str]
    demo: bool
