"""Cameras and positioning anchors, placed from the layout. Local metres; headings clockwise from north."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import atan2, degrees, hypot

from gis_assets.sites.demo.layout import BLOCKS, BUILDINGS, CONTROL_FLOOR_HEIGHT, DIKES, FENCE, GATES, SHEDS
from gis_assets.sites.demo.layout_process import FRAMES, UNIT_RACKS


@dataclass(frozen=True)
class Camera:
    code: str
    name: str
    name_en: str
    kind: str
    x: float
    y: float
    z: float
    heading: float
    tilt: float
    fov: float
    range: float
    indoor: bool = False


@dataclass(frozen=True)
class Anchor:
    code: str
    name: str
    name_en: str
    kind: str
    x: float
    y: float
    z: float
    floor: str | None = None


_Spot = tuple[str, str, str, float, float, float, float, float, float, float, bool]


def _look(x: float, y: float, z: float, tx: float, ty: float) -> tuple[float, float]:
    """Heading and tilt from a mounting point to a spot on the ground."""
    flat = hypot(tx - x, ty - y)
    return degrees(atan2(tx - x, ty - y)) % 360, -degrees(atan2(z - 1.0, flat))


def _towards(
    name: str,
    en: str,
    kind: str,
    x: float,
    y: float,
    z: float,
    target: tuple[float, float],
    fov: float = 62.0,
    reach: float = 90.0,
) -> _Spot:
    heading, tilt = _look(x, y, z, *target)
    return name, en, kind, x, y, z, round(heading, 1), round(max(tilt, -60.0), 1), fov, reach, False


def _outdoor() -> Iterator[_Spot]:
    names = {
        "B41": "球罐区",
        "B42": "石脑油罐区",
        "B43": "芳烃罐区",
        "B31": "中间罐区",
        "B32": "加氢重整装置",
        "B33": "气分装置",
        "B34": "氢压空分",
        "B24": "装卸区",
    }
    english = {
        "B41": "Sphere farm",
        "B42": "Naphtha farm",
        "B43": "Aromatics farm",
        "B31": "Intermediate farm",
        "B32": "Unit 100",
        "B33": "Unit 200",
        "B34": "H2 and air",
        "B24": "Loading",
    }
    for key, name in names.items():  # four pole cameras per key block, at its corners
        block = BLOCKS[key]
        inner = block.inset(1.2)
        for i, (x, y) in enumerate(inner.outline()):
            thermal = i == 0 and key != "B34"
            yield _towards(
                f"{name}{'西南东南东北西北'[2 * i : 2 * i + 2]}角",
                f"{english[key]} corner {i + 1}",
                "thermal" if thermal else "ptz",
                x,
                y,
                10.0,
                block.center,
            )
    for key, name, en in (
        ("B22", "公用工程", "Utilities"),
        ("B23", "循环水场", "Cooling water"),
        ("B44", "火炬污水区", "Flare and waste water"),
        ("B13", "仓库区", "Warehouses"),
        ("B14", "物流停车场", "Truck park"),
        ("B21", "消防机修区", "Fire station"),
    ):
        block = BLOCKS[key]
        yield _towards(name, en, "ptz", block.x0 + 1.2, block.y1 - 1.2, 10.0, block.center)
    ring = [
        (FENCE.x0, -110),
        (FENCE.x0, 20),
        (FENCE.x0, 130),
        (-200, FENCE.y1),
        (-60, FENCE.y1),
        (80, FENCE.y1),
        (220, FENCE.y1),
        (FENCE.x1, 130),
        (FENCE.x1, 20),
        (FENCE.x1, -110),
    ]
    for i, (x, y) in enumerate(ring):
        inside = (x + (1.2 if x < -290 else -1.2 if x > 290 else 0), y - (1.2 if y > 220 else 0))
        along = (inside[0], inside[1] + 60) if abs(x) > 290 else (inside[0] + 60, inside[1])
        yield _towards(f"周界{i + 1:02d}", f"Perimeter {i + 1:02d}", "fixed", *inside, 6.0, along, 35.0, 120.0)
    for g in GATES:
        yield _towards(g.name, g.name_en, "fixed", g.x + g.width / 2 + 1.5, g.y + 8, 5.0, (g.x, g.y - 10), 70.0, 40.0)
        yield _towards(
            f"{g.name}内侧",
            f"{g.name_en} inside",
            "fixed",
            g.x - g.width / 2 - 1.5,
            g.y + 4,
            5.0,
            (g.x, g.y + 30),
            70.0,
            40.0,
        )
    yield _towards("火炬头", "Flare tip", "thermal", 230.0, 169.0, 12.0, (260, 186), 30.0, 120.0)


def _indoor() -> Iterator[_Spot]:
    r = next(b.rect for b in BUILDINGS if b.code == "BD-04")
    for level in range(3):
        z = level * CONTROL_FLOOR_HEIGHT + 3.2
        for x, y, heading, spot, en in (
            (r.x0 + 1, r.y0 + 1, 45.0, "西南", "south-west"),
            (r.x1 - 1, r.y1 - 1, 225.0, "东北", "north-east"),
        ):
            yield (
                f"中控楼{level + 1}层{spot}",
                f"Control building floor {level + 1} {en}",
                "fixed",
                x,
                y,
                z,
                heading,
                -15.0,
                90.0,
                30.0,
                True,
            )
    lab = next(b.rect for b in BUILDINGS if b.code == "BD-05")
    yield "化验楼大厅", "Laboratory hall", "fixed", lab.x0 + 1, lab.y0 + 1, 3.2, 45.0, -15.0, 90.0, 25.0, True


def cameras() -> tuple[Camera, ...]:
    """The 60 cameras: pole cameras at block corners, perimeter, gates, flare, and inside the control building."""
    rows = (*_outdoor(), *_indoor())
    return tuple(
        Camera(f"CAM-{i + 1:03d}", f"{row[0]}摄像机", f"{row[1]} camera", *row[2:]) for i, row in enumerate(rows)
    )


def _anchor_spots() -> Iterator[tuple[str, str, str, float, float, float, str | None]]:
    control = next(b for b in BUILDINGS if b.code == "BD-04").rect.inset(2.0)
    for level in range(3):  # four along each long wall of every floor
        for i in range(8):
            x = control.x0 + control.width * (i % 4) / 3
            y = control.y0 if i < 4 else control.y1
            yield "中控楼", "Control building", "uwb", x, y, level * CONTROL_FLOOR_HEIGHT + 3.0, f"BD-04-F{level + 1}"
    for frame in FRAMES:  # two opposite corners of every structure
        r = frame.rect
        for x, y in ((r.x0, r.y0), (r.x1, r.y1)):
            yield f"框架{frame.code}", f"Structure {frame.code}", "uwb", x, y, frame.levels[0] - 1.0, None
    for rack in UNIT_RACKS[::2]:
        for i in range(5):
            x = rack.start[0] + (rack.end[0] - rack.start[0]) * i / 4
            yield f"管廊{rack.code}", f"Pipe rack {rack.code}", "uwb", x, rack.start[1] - rack.width / 2, 4.6, None
    for dike in DIKES:
        for x, y in dike.rect.inset(-0.6).outline():
            yield f"防火堤{dike.code}", f"Dike {dike.code}", "uwb", x, y, 5.0, None
    for shed in SHEDS:
        r = shed.rect
        for x, y in ((r.x0, r.y0), (r.x1, r.y1)):
            yield shed.name, shed.name_en, "uwb", x, y, 4.5, None
    lab = next(b for b in BUILDINGS if b.code == "BD-05").rect.inset(2.0)
    for x, y in lab.outline():
        yield "化验楼", "Laboratory", "ble", x, y, 3.0, None


def anchors() -> tuple[Anchor, ...]:
    """The 80 positioning anchors: dense in explosion-hazard areas and on every floor of the control building."""
    spots = [*_anchor_spots()]
    spots += [
        (g.name, g.name_en, "ble", g.x + side * (g.width / 2 + 1.0), g.y + 2.0, 3.0, None)
        for g in GATES
        for side in (-1, 1)
    ]
    spots += [("办公楼顶差分基准站", "RTK base, administration roof", "rtk", -229.0, -146.0, 18.5, None)]
    spots += [("锅炉房顶差分基准站", "RTK base, boiler house roof", "rtk", -117.0, -66.0, 24.0, None)]
    return tuple(
        Anchor(f"AN-{i + 1:03d}", f"{n}基站{i + 1:03d}", f"{e} anchor {i + 1:03d}", k, x, y, z, f)
        for i, (n, e, k, x, y, z, f) in enumerate(spots)
    )
