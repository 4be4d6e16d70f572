"""GeoJSON features of the demo plant per spatial layer, made from the layout: nothing here is drawn by hand.

Coordinates are EPSG:4326 longitude, latitude in degrees with ellipsoidal height in metres. Codes are stable.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from gis_assets.sites.demo import layout, layout_process
from gis_assets.sites.demo.fences import MORE, said
from gis_assets.sites.demo.frame import CRS_EPSG, ORIGIN_H, ring, to_lonlat, to_position
from gis_assets.sites.demo.instruments import devices
from gis_assets.sites.demo.locate import zone_at
from gis_assets.sites.demo.shapes import Building, Point, Rect
from gis_assets.sites.demo.watch import anchors, cameras
from gis_assets.sites.demo.zones import GEOFENCES, ZONES


class Feature(TypedDict):
    """One row of a layer. ``geometry`` is GeoJSON in EPSG:4326 with ellipsoidal height."""

    code: str
    properties: dict[str, Any]
    geometry: dict[str, Any]


def _polygon(points: Iterable[Point], z: float = 0.0) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring(points, z)]}


def _point(x: float, y: float, z: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": to_position(x, y, z)}


def _feature(code: str, name: str, name_en: str, geometry: dict[str, Any], **properties: Any) -> Feature:
    return {"code": code, "properties": {"name": name, "name_en": name_en, **properties}, "geometry": geometry}


def _h(z: float) -> float:
    """Ellipsoidal height of a local height."""
    return round(ORIGIN_H + z, 3)


def _site() -> list[Feature]:
    lon, lat = to_lonlat(0, 0)
    place = {"crs": CRS_EPSG, "timezone": "Asia/Shanghai", "origin_lon": lon, "origin_lat": lat, "origin_h": ORIGIN_H}
    address = "河北省沧州市渤海新区(虚构)"
    return [
        _feature(
            "demo",
            "渤海示范化工",
            "Bohai Demonstration Chemical",
            _polygon(layout.SITE.outline()),
            **place,
            address=address,
        )
    ]


def _zones() -> list[Feature]:
    return [
        _feature(
            z.code,
            z.name,
            z.name_en,
            _polygon(z.outline),
            kind=z.kind,
            parent_code=z.parent,
            z_min=_h(z.z_min),
            z_max=_h(z.z_max),
            control_level=z.risk,
            static_risk=z.risk,
            risk=z.risk,
            department=z.department,
            owner=z.owner,
            owner_phone=f"0317-5550{100 + i}",
            hazards=z.hazards,
        )
        for i, z in enumerate(ZONES)
    ]


def _house(b: Building, **more: Any) -> Feature:
    where = {"z_min": _h(0), "z_max": _h(b.height), "zone_code": zone_at(*b.rect.center)}
    return _feature(b.code, b.name, b.name_en, _polygon(b.rect.outline()), kind=b.kind, **where, **more)


def _buildings() -> list[Feature]:
    return [_house(b, storeys=b.storeys) for b in (*layout.BUILDINGS, *layout.SHEDS)]


_CONTROL_FLOORS = (
    ("一层 机柜间与值班室", "Ground floor: cabinets"),
    ("二层 中央控制室", "First floor: control room"),
    ("三层 应急指挥中心", "Second floor: emergency centre"),
)


def _floors() -> list[Feature]:
    control = next(b for b in layout.BUILDINGS if b.code == "BD-04")
    step = layout.CONTROL_FLOOR_HEIGHT
    return [
        _feature(
            f"{control.code}-F{i + 1}",
            name,
            name_en,
            _polygon(control.rect.inset(0.3).outline(), i * step),
            building_code=control.code,
            level=i + 1,
            z_min=_h(i * step),
            z_max=_h((i + 1) * step),
        )
        for i, (name, name_en) in enumerate(_CONTROL_FLOORS)
    ]


def _passages() -> list[Feature]:
    """The stairs of the control building, where the crowd's people climb."""
    control = next(b for b in layout.BUILDINGS if b.code == "BD-04")
    x, y = control.rect.x0 + layout.CONTROL_STAIRS, control.rect.center[1]
    top = len(_CONTROL_FLOORS) * layout.CONTROL_FLOOR_HEIGHT
    return [
        _feature(
            f"{control.code}-ST1", "中央控制楼楼梯", "Control building stairs", _polygon(Rect(x - 2.5, y - 3, x + 2.5, y + 3).outline()),
            building_code=control.code, kind="stairs", z_min=_h(0), z_max=_h(top),
        )
    ]  # fmt: skip


def _units() -> list[Feature]:
    rows: list[Feature] = []

    def add(code: str, name: str, name_en: str, rect: Rect, top: float, kind: str, process: str) -> None:
        where = {"z_min": _h(0), "z_max": _h(top), "zone_code": zone_at(*rect.center)}
        rows.append(_feature(code, name, name_en, _polygon(rect.outline()), kind=kind, process=process, **where))

    add(
        "U-100",
        "石脑油加氢重整装置",
        "Naphtha hydrotreating and reforming unit 100",
        layout.BLOCKS["B32"].inset(1),
        50,
        "process",
        "加氢、催化重整",
    )
    add(
        "U-200",
        "气体分馏及MTBE装置",
        "Gas fractionation and MTBE unit 200",
        layout.BLOCKS["B33"].inset(1),
        70,
        "process",
        "加压精馏、醚化",
    )
    add(
        "U-300",
        "氢气压缩及空分",
        "Hydrogen compression and air separation",
        layout.BLOCKS["B34"].inset(1),
        35,
        "process",
        "压缩、深冷分离",
    )
    add(
        "CT-701",
        "循环水凉水塔",
        "Cooling towers",
        layout.COOLING_TOWER,
        layout.COOLING_TOWER_HEIGHT + 4,
        "utility",
        "循环冷却水",
    )
    for f in layout_process.FURNACES:
        add(f.code, f.name, f.name_en, f.rect, f.stack_height, "furnace", "加热")
    for b in layout.BASINS:
        add(b.code, b.name, b.name_en, b.rect, b.height, "basin", "水处理")
    for s in layout.STACKS:
        r = s.diameter / 2 + 1.0
        add(s.code, s.name, s.name_en, Rect(s.x - r, s.y - r, s.x + r, s.y + r), s.height, s.kind, "排放")
    return rows


def _tanks() -> list[Feature]:
    return [
        _feature(
            t.code,
            t.name,
            t.name_en,
            _polygon(t.outline()),
            kind=t.kind,
            medium=t.medium,
            medium_en=t.medium_en,
            volume_m3=t.volume,
            diameter_m=t.diameter,
            height_m=t.height,
            z_min=_h(0),
            z_max=_h(round(t.top, 2)),
            zone_code=zone_at(t.x, t.y),
        )
        for t in layout.TANKS
    ]


def _roads() -> list[Feature]:
    rows = []
    for r in layout.ROADS:
        line = {"type": "LineString", "coordinates": [to_position(x, max(y, -224.9), 0) for x, y in r.points]}
        rows.append(_feature(r.code, r.name, r.name_en, line, kind=r.kind, width_m=float(r.width)))
    return rows


def _devices() -> list[Feature]:
    rows = []
    for d in devices():
        low_low, low, high, high_high = d.limits
        rows.append(
            _feature(
                d.tag,
                d.name,
                d.name_en,
                _point(d.x, d.y, d.z),
                tag=d.tag,
                kind=d.kind.kind,
                measurand=d.kind.measurand,
                unit_text=d.kind.unit,
                range_low=float(d.low),
                range_high=float(d.high),
                limit_ll=low_low,
                limit_l=low,
                limit_h=high,
                limit_hh=high_high,
                zone_code=zone_at(d.x, d.y, d.z),
                safety=d.safety,
                source="GDS" if d.tag.startswith("GT") else "SIS" if d.safety else "DCS",
            )
        )
    return rows


def _cameras() -> list[Feature]:
    return [
        _feature(
            c.code,
            c.name,
            c.name_en,
            _point(c.x, c.y, c.z),
            kind=c.kind,
            heading_deg=c.heading,
            tilt_deg=c.tilt,
            fov_deg=c.fov,
            range_m=c.range,
            mount_m=round(c.z % layout.CONTROL_FLOOR_HEIGHT if c.indoor else c.z, 2),
            zone_code=zone_at(c.x, c.y, c.z),
            stream=f"rtsp://cameras.demo.invalid/{c.code.lower()}",
        )
        for c in cameras()
    ]


def _anchors() -> list[Feature]:
    return [
        _feature(
            a.code,
            a.name,
            a.name_en,
            _point(a.x, a.y, a.z),
            kind=a.kind,
            floor_code=a.floor,
            mount_m=round(a.z % layout.CONTROL_FLOOR_HEIGHT if a.floor else a.z, 2),
            zone_code=zone_at(a.x, a.y, a.z),
        )
        for a in anchors()
    ]


def _geofences() -> list[Feature]:
    rows = []
    for f in (*GEOFENCES, *MORE):
        x, y = Rect(*f.outline[0], *f.outline[2]).center
        limits = {
            "z_min": _h(f.z_min),
            "z_max": _h(f.z_max),
            "limit_count": f.limit_count,
            "limit_seconds": f.limit_seconds,
        }
        zone = "Z-00" if f.kind in ("call", "speeding") else zone_at(x, y)
        rows.append(
            _feature(
                f.code, f.name, f.name_en, _polygon(f.outline), kind=f.kind, **limits, zone_code=zone, **said(f.code)
            )
        )
    return rows


def features() -> dict[str, list[Feature]]:
    """All features by layer key; parents come before children (site, zone, building, floor first)."""
    return {
        "site": _site(),
        "zone": _zones(),
        "building": _buildings(),
        "floor": _floors(),
        "passage": _passages(),
        "unit": _units(),
        "tank": _tanks(),
        "warehouse": [_house(b, goods=b.goods) for b in layout.WAREHOUSES],
        "road": _roads(),
        "gate": [
            _feature(g.code, g.name, g.name_en, _point(g.x, g.y, 0), kind=g.kind, direction_deg=float(g.direction))
            for g in layout.GATES
        ],
        "device": _devices(),
        "camera": _cameras(),
        "geofence": _geofences(),
        "assembly_point": [
            _feature(p.code, p.name, p.name_en, _point(p.x, p.y, 0), capacity=p.capacity) for p in layout.ASSEMBLY
        ],
        "anchor": _anchors(),
    }
