"""What a subscription wants to see of a topic: box, floor, property values.

Clients with the same filter form one group and share its frames (``Filter`` is hashable for that).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from realtime.hub.codec import Item

Box = tuple[float, float, float, float]
#: A value that a property may be compared with.
Scalar = str | int | float | bool


@dataclass(frozen=True)
class Filter:
    """All given conditions must hold.

    Attributes:
        bbox: west, south, east, north in degrees (EPSG:4326); the item's bounding box must touch it. West > east
            crosses 180 degrees.
        floor: the item's ``floor_code`` or ``floor`` must be this.
        where: property name and the values it may have, each marked whether it is a flag (in Python True equals 1, in
            a plant it does not).
    """

    bbox: Box | None = None
    floor: str | None = None
    where: tuple[tuple[str, frozenset[tuple[bool, Scalar | None]]], ...] = ()

    def __bool__(self) -> bool:
        return self.bbox is not None or self.floor is not None or bool(self.where)

    @property
    def tag(self) -> str:
        """Short name of this filter in frames; empty for no filter."""
        if not self:
            return ""
        where = sorted((name, sorted(map(repr, values))) for name, values in self.where)
        return hashlib.sha256(repr((self.bbox, self.floor, where)).encode()).hexdigest()[:12]

    @cached_property
    def keys(self) -> frozenset[Scalar | None] | None:
        """The only keys that can match, because ``where`` names ids (an item's ``id`` is its key); None: any."""
        named = [values for name, values in self.where if name == "id"]
        return frozenset(value for flag, value in named[0] if not flag) if named else None

    def matches(self, item: Item) -> bool:
        """Whether the item is seen. A deleted item never is."""
        value = item.value
        if value is None:
            return False
        if self.floor is not None or self.where:
            properties = value.get("properties")
            if not isinstance(properties, dict):
                properties = value
            if self.floor is not None and self.floor not in (properties.get("floor_code"), properties.get("floor")):
                return False
            for name, values in self.where:
                have = properties.get(name)
                if not isinstance(have, str | int | float | None) or (isinstance(have, bool), have) not in values:
                    return False
        return self.bbox is None or self._touches(item)

    def _touches(self, item: Item) -> bool:
        if item.box is False:
            item.box = bounding_box(item.value)
        if item.box is None or self.bbox is None:
            return False
        west, south, east, north = item.box
        w, s, e, n = self.bbox
        if north < s or south > n:
            return False
        if w <= e:
            return bool(west <= e and east >= w)
        return bool(east >= w or west <= e)


def bounding_box(value: dict[str, Any] | None) -> Box | None:
    """West, south, east, north of a feature (degrees), or of a stream value with ``lon`` and ``lat``; None when it has
    no place."""
    if value is None:
        return None
    geometry = value.get("geometry")
    if geometry is None:
        lon, lat = value.get("lon"), value.get("lat")
        if isinstance(lon, int | float) and isinstance(lat, int | float):
            return (lon, lat, lon, lat)
        return None
    points: list[Any] = []
    _collect(geometry.get("coordinates"), points)
    for part in geometry.get("geometries") or ():
        _collect(part.get("coordinates"), points)
    if not points:
        return None
    lons = [p[0] for p in points]
    lats = [p[1] for p in points]
    return (min(lons), min(lats), max(lons), max(lats))


def _collect(coordinates: Any, points: list[Any]) -> None:
    if not coordinates:
        return
    if isinstance(coordinates[0], int | float):
        points.append(coordinates)
        return
    for part in coordinates:
        _collect(part, points)
