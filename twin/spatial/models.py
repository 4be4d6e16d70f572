"""Tables of the spatial core: the site and everything that stands in it (ARCHITECTURE.md, "Spatial layers")."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Base, Identified, SpatialRow, Tenant


class _Heights:
    """A height range in metres above the ellipsoid."""

    z_min: Mapped[float | None]
    z_max: Mapped[float | None]


class _InZone:
    """Stands in a zone, named by its code."""

    zone_code: Mapped[str | None]


class Site(SpatialRow, Base):
    """The plant's boundary and local frame: metric CRS, origin and time zone. ``site_id`` is its own id."""

    __tablename__ = "site"
    geometry_kind = "POLYGONZ"

    crs: Mapped[int]
    timezone: Mapped[str] = mapped_column(default="Asia/Shanghai")
    origin_lon: Mapped[float]
    origin_lat: Mapped[float]
    origin_h: Mapped[float]
    address: Mapped[str] = mapped_column(default="")


class Zone(_Heights, SpatialRow, Base):
    """An area with a risk level; zones form a tree plant - area - unit - place by ``parent_code``."""

    __tablename__ = "zone"
    geometry_kind = "POLYGONZ"

    kind: Mapped[str]
    parent_code: Mapped[str | None]
    control_level: Mapped[int]
    static_risk: Mapped[int]
    risk: Mapped[int]
    department: Mapped[str | None]
    owner: Mapped[str | None]
    owner_phone: Mapped[str | None]
    hazards: Mapped[str | None]


class Building(_Heights, _InZone, SpatialRow, Base):
    """A building with its storeys."""

    __tablename__ = "building"
    geometry_kind = "POLYGONZ"

    kind: Mapped[str]
    storeys: Mapped[int | None]


class Floor(_Heights, SpatialRow, Base):
    """A storey of a building; level 1 is the ground floor, -1 the first basement."""

    __tablename__ = "floor"
    geometry_kind = "POLYGONZ"

    building_code: Mapped[str]
    level: Mapped[int]


class Passage(_Heights, SpatialRow, Base):
    """Where people change the storey of a building: stairs, a lift, a ramp."""

    __tablename__ = "passage"
    geometry_kind = "POLYGONZ"

    building_code: Mapped[str]
    kind: Mapped[str]


class Unit(_Heights, _InZone, SpatialRow, Base):
    """A process unit or utility unit."""

    __tablename__ = "unit"
    geometry_kind = "POLYGONZ"

    kind: Mapped[str]
    process: Mapped[str | None]


class Tank(_Heights, _InZone, SpatialRow, Base):
    """A tank, sphere or vessel with what it holds."""

    __tablename__ = "tank"
    geometry_kind = "POLYGONZ"

    kind: Mapped[str]
    medium: Mapped[str | None]
    medium_en: Mapped[str | None]
    volume_m3: Mapped[float | None]
    diameter_m: Mapped[float | None]
    height_m: Mapped[float | None]


class Warehouse(_Heights, _InZone, SpatialRow, Base):
    """A store of goods or chemicals."""

    __tablename__ = "warehouse"
    geometry_kind = "POLYGONZ"

    kind: Mapped[str]
    goods: Mapped[str | None]


class Road(SpatialRow, Base):
    """A road by its centre line."""

    __tablename__ = "road"
    geometry_kind = "LINESTRINGZ"

    kind: Mapped[str]
    width_m: Mapped[float | None]


class Gate(SpatialRow, Base):
    """A gate for people or vehicles."""

    __tablename__ = "gate"
    geometry_kind = "POINTZ"

    kind: Mapped[str]
    direction_deg: Mapped[float | None]


class Device(_InZone, SpatialRow, Base):
    """A measuring point (监测点): its tag, range and alarm limits, at the place where it measures."""

    __tablename__ = "device"
    geometry_kind = "POINTZ"

    tag: Mapped[str]
    kind: Mapped[str]
    measurand: Mapped[str | None]
    unit_text: Mapped[str | None]
    range_low: Mapped[float | None]
    range_high: Mapped[float | None]
    limit_ll: Mapped[float | None]
    limit_l: Mapped[float | None]
    limit_h: Mapped[float | None]
    limit_hh: Mapped[float | None]
    safety: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str | None]


class Camera(_InZone, SpatialRow, Base):
    """A camera: heading clockwise from north, tilt (negative looks down), horizontal field of view, range."""

    __tablename__ = "camera"
    geometry_kind = "POINTZ"

    kind: Mapped[str]
    heading_deg: Mapped[float | None]
    tilt_deg: Mapped[float | None]
    fov_deg: Mapped[float | None]
    range_m: Mapped[float | None]
    mount_m: Mapped[float | None]
    stream: Mapped[str | None]


class Geofence(_Heights, _InZone, SpatialRow, Base):
    """An electronic fence: a polygon with a rule for people or vehicles (twin/spatial/fence_rules.py)."""

    __tablename__ = "geofence"
    geometry_kind = "POLYGONZ"

    kind: Mapped[str]
    floor_code: Mapped[str | None]
    limit_count: Mapped[int | None]
    limit_seconds: Mapped[float | None]
    limit_speed_kmh: Mapped[float | None]
    radius_m: Mapped[float | None]
    classes: Mapped[str | None]
    allowed: Mapped[str | None]
    schedule: Mapped[str | None]
    grade: Mapped[int | None]
    enabled: Mapped[bool] = mapped_column(default=True)


class AssemblyPoint(SpatialRow, Base):
    """Where people gather in an emergency."""

    __tablename__ = "assembly_point"
    geometry_kind = "POINTZ"

    capacity: Mapped[int | None]


class Anchor(_InZone, SpatialRow, Base):
    """A positioning anchor."""

    __tablename__ = "anchor"
    geometry_kind = "POINTZ"

    kind: Mapped[str]
    floor_code: Mapped[str | None]
    mount_m: Mapped[float | None]


class FeatureHistory(Tenant, Base):
    """Every version that a feature ever had, with who made it."""

    __tablename__ = "feature_history"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    layer: Mapped[str]
    feature_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer)
    action: Mapped[str]
    feature: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    by: Mapped[UUID | None]


class SavedView(Identified, Tenant, Base):
    """A camera view of a site, for everybody: EPSG:4326 position, metres above the ellipsoid, degrees."""

    __tablename__ = "saved_view"

    site_id: Mapped[UUID]
    key: Mapped[str]
    position: Mapped[int]
    name: Mapped[str]
    name_en: Mapped[str]
    lon: Mapped[float]
    lat: Mapped[float]
    height: Mapped[float]
    heading: Mapped[float]
    pitch: Mapped[float]
