"""Measuring points: tags by ISA-5.1, each mounted on the equipment it measures. Local metres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians, sin

from gis_assets.sites.demo.layout import BUILDINGS, SHEDS, TANKS, WAREHOUSES
from gis_assets.sites.demo.layout_process import COLUMNS, DRUMS, FURNACES, PUMPS
from gis_assets.sites.demo.shapes import Column, Tank


@dataclass(frozen=True)
class Kind:
    kind: str
    name: str
    name_en: str
    measurand: str
    unit: str


TEMPERATURE = Kind("temperature", "温度", "temperature", "温度", "℃")
PRESSURE = Kind("pressure", "压力", "pressure", "压力", "MPa")
LEVEL = Kind("level", "液位", "level", "液位", "%")
FLOW = Kind("flow", "流量", "flow", "流量", "m³/h")
COMBUSTIBLE = Kind("gas_combustible", "可燃气体", "combustible gas", "可燃气体", "%LEL")
H2S = Kind("gas_toxic", "硫化氢", "hydrogen sulphide", "硫化氢", "ppm")
BENZENE = Kind("gas_toxic", "苯", "benzene", "苯", "ppm")
OXYGEN = Kind("gas_oxygen", "氧含量", "oxygen", "氧气", "%VOL")
HUMIDITY = Kind("humidity", "湿度", "humidity", "相对湿度", "%RH")
VIBRATION = Kind("vibration", "振动", "vibration", "振动速度", "mm/s")
CURRENT = Kind("current", "电流", "motor current", "电机电流", "A")
VALVE = Kind("valve", "切断阀", "shut-off valve", "阀位", "%")
WIND = Kind("wind", "风速", "wind speed", "风速", "m/s")

_PREFIX = {
    "temperature": "TI",
    "pressure": "PI",
    "level": "LI",
    "flow": "FI",
    "gas_combustible": "GT",
    "gas_toxic": "GT",
}
_PREFIX |= {"gas_oxygen": "GT", "humidity": "MI", "vibration": "VI", "current": "II", "valve": "XV", "wind": "WI"}

Limits = tuple[float | None, float | None, float | None, float | None]  # LL, L, H, HH


@dataclass(frozen=True)
class Device:
    tag: str
    kind: Kind
    name: str
    name_en: str
    x: float
    y: float
    z: float
    low: float
    high: float
    limits: Limits
    safety: bool


class _Tags:
    """Gives every prefix and area its own running number: TI-1101, TI-1102, ..."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def take(self, kind: Kind, area: int) -> str:
        key = f"{_PREFIX[kind.kind]}-{area}"
        number = self._next[key] = self._next.get(key, 0) + 1
        return f"{key}{number:02d}"


def _near(c: Column, bearing: float, gap: float = 0.15) -> tuple[float, float]:
    r = c.diameter / 2 + gap
    return c.x + r * cos(radians(bearing)), c.y + r * sin(radians(bearing))


Row = tuple[Kind, str, str, float, float, float, float, float, Limits, bool]


def _on_tank(t: Tank) -> Iterator[Row]:
    r = t.diameter / 2
    names = (t.name, t.name_en)
    if t.kind == "vessel":
        yield PRESSURE, *names, t.x, t.y, t.height + 0.2, 0, 2.5, (None, 0.2, 1.6, 1.8), True
        return
    top = t.height + 0.6
    yield LEVEL, *names, t.x + r * 0.6 if t.kind != "sphere" else t.x, t.y, top, 0, 100, (5, 10, 85, 90), True
    yield (
        TEMPERATURE,
        *names,
        t.x - r - 0.1,
        t.y,
        1.5 if t.kind != "sphere" else 9.6,
        -20,
        80,
        (None, None, 40, 45),
        False,
    )
    if t.kind == "sphere":
        yield PRESSURE, *names, t.x + 1.2, t.y, top, 0, 2.5, (None, 0.1, 1.5, 1.7), True
    if t.kind == "sphere" or (t.volume >= 2000 and not t.code.startswith("T-7")):
        yield (
            VALVE,
            f"{names[0]}进出口",
            f"{names[1]} inlet",
            t.x + r + 1.2,
            t.y - 1.0,
            0.9,
            0,
            100,
            (None, None, None, None),
            True,
        )


def _on_columns() -> Iterator[Row]:
    for c in COLUMNS:
        names = (c.name, c.name_en)
        heights = [h + 1.2 for h in c.platforms[:4]] or [
            c.height * f for f in ((0.35, 0.55, 0.75) if c.kind == "reactor" else (0.5,))
        ]
        hot = c.kind == "reactor"
        for i, z in enumerate(heights):
            x, y = _near(c, 200 + 25 * i)
            base = (
                480.0
                if hot and c.code < "R-2"
                else 110.0
                if hot
                else -180.0
                if c.kind == "coldbox"
                else 60.0 + 18 * (len(heights) - i)
            )
            high = 600 if base > 300 else 200
            yield TEMPERATURE, *names, x, y, z, -200 if base < 0 else 0, high, (None, None, base + 20, base + 35), hot
        x, y = _near(c, 20)
        yield (
            PRESSURE,
            f"{names[0]}塔顶" if c.kind == "column" else names[0],
            names[1],
            x,
            y,
            c.height - 1.0,
            0,
            4.0,
            (None, 0.3, 2.4, 2.8),
            True,
        )
        if c.kind in ("column", "drum"):
            x, y = _near(c, 300)
            yield (
                LEVEL,
                f"{names[0]}底",
                f"{names[1]} sump",
                x,
                y,
                4.0 if c.kind == "column" else 2.5,
                0,
                100,
                (10, 20, 80, 90),
                True,
            )


def _on_machines() -> Iterator[Row]:
    for d in DRUMS:
        end = d.length / 2 * 0.8
        x, y = d.x + end * cos(radians(d.heading)), d.y + end * sin(radians(d.heading))
        if d.kind == "drum":
            yield LEVEL, d.name, d.name_en, x, y, d.z, 0, 100, (10, 20, 80, 90), True
            yield (
                PRESSURE,
                d.name,
                d.name_en,
                d.x,
                d.y,
                d.z + d.diameter / 2 + 0.1,
                0,
                2.5,
                (None, 0.1, 1.6, 1.8),
                False,
            )
        else:
            yield (
                TEMPERATURE,
                f"{d.name}出口",
                f"{d.name_en} outlet",
                x,
                y,
                d.z + d.diameter / 2 + 0.1,
                0,
                350,
                (None, None, 180, 200),
                False,
            )
    for f in FURNACES:
        x, y = f.rect.center
        for i, dx in enumerate((-0.25, 0.25)):
            yield (
                TEMPERATURE,
                f"{f.name}炉膛{i + 1}",
                f"{f.name_en} firebox {i + 1}",
                x + dx * f.rect.width,
                y,
                6.0,
                0,
                1100,
                (None, None, 850, 900),
                True,
            )
        yield (
            PRESSURE,
            f"{f.name}燃料气",
            f"{f.name_en} fuel gas",
            f.rect.x1 + 0.4,
            y,
            1.6,
            0,
            0.6,
            (0.03, 0.05, 0.35, 0.4),
            True,
        )
        yield (
            OXYGEN,
            f"{f.name}烟气",
            f"{f.name_en} flue gas",
            x,
            y + 0.5,
            f.height + 3.0,
            0,
            25,
            (1.0, 1.5, 6.0, 8.0),
            False,
        )
    for p in PUMPS:
        yield (
            PRESSURE,
            f"{p.name}出口",
            f"{p.name_en} discharge",
            p.x + 0.2,
            p.y + 0.9,
            1.3,
            0,
            4.0,
            (0.2, 0.4, 2.6, 3.0),
            False,
        )
        if p.code[-1] != "B" and not p.code.startswith("P-3"):
            yield VIBRATION, p.name, p.name_en, p.x, p.y, 1.0, 0, 20, (None, None, 4.5, 7.1), False
        if p.code[-1] == "A":
            yield (
                FLOW,
                f"{p.name}出口",
                f"{p.name_en} discharge",
                p.x + 0.2,
                p.y + 1.6,
                1.3,
                0,
                400,
                (20, 40, 320, 360),
                False,
            )
    for b in BUILDINGS:
        x, y = b.rect.center
        if b.kind == "compressor":
            for i in (-1, 1):
                yield (
                    CURRENT,
                    f"{b.name}{'一' if i < 0 else '二'}号机组",
                    f"{b.name_en} set {1 if i < 0 else 2}",
                    x + 6 * i,
                    y,
                    2.2,
                    0,
                    600,
                    (None, None, 480, 540),
                    False,
                )
                yield (
                    VIBRATION,
                    f"{b.name}{'一' if i < 0 else '二'}号机组",
                    f"{b.name_en} set {1 if i < 0 else 2}",
                    x + 6 * i,
                    y + 1,
                    2.4,
                    0,
                    20,
                    (None, None, 4.5, 7.1),
                    True,
                )
    for w in WAREHOUSES:
        x, y = w.rect.center
        yield TEMPERATURE, w.name, w.name_en, x - 2, y, w.height * 0.6, -20, 60, (None, None, 30, 35), False
        yield HUMIDITY, w.name, w.name_en, x + 2, y, w.height * 0.6, 0, 100, (None, None, 80, 90), False


def _gas_detectors() -> Iterator[Row]:
    lel: Limits = (None, None, 25, 50)
    for t in TANKS:  # heavier than air: 0.4 m above ground on the lee side, inside the dike
        if (t.code[0] == "T" and t.volume >= 2000 and not t.code.startswith("T-7")) or t.kind == "sphere":
            yield (
                COMBUSTIBLE,
                f"{t.name}罐根",
                f"{t.name_en} base",
                t.x + t.diameter / 2 + 1.5,
                t.y + 1.5,
                0.4,
                0,
                100,
                lel,
                True,
            )
    for c in COLUMNS:
        if c.kind in ("column", "reactor"):
            yield (
                COMBUSTIBLE,
                f"{c.name}底部",
                f"{c.name_en} base",
                c.x + c.diameter / 2 + 1.0,
                c.y - 1.5,
                0.5,
                0,
                100,
                lel,
                True,
            )
    for i, p in enumerate(PUMPS):
        if i % 3 == 0:
            yield COMBUSTIBLE, f"{p.name}密封", f"{p.name_en} seal", p.x + 1.2, p.y, 0.5, 0, 100, lel, True
    for s in (*SHEDS, *(b for b in BUILDINGS if b.kind == "compressor")):
        x, y = s.rect.center
        roof = s.height - 1.0 if s.kind == "compressor" else 0.5  # hydrogen gathers under the roof
        yield COMBUSTIBLE, s.name, s.name_en, x, y, roof, 0, 100, lel, True
    for x, y, what, en in (
        (-60, 90, "高压分离器旁", "by the HP separator"),
        (-98, 84, "反应框架南", "reactor structure south"),
        (190, 176, "生化池旁", "by the aeration basin"),
        (204, 152, "污水井口", "waste water pit"),
    ):
        yield H2S, what, en, x, y, 0.5, 0, 100, (None, None, 10, 20), True
    for x, y in ((77, 172), (50, 145.8), (104, 145.8), (188, -33)):
        yield BENZENE, "苯系物", "aromatics", x, y, 1.2, 0, 10, (None, None, 1, 2), True
    for x, y in ((221, 104), (236, 92), (257, 94)):
        yield OXYGEN, "空分氧含量", "air separation oxygen", x, y, 1.5, 0, 30, (18.0, 19.5, 23.0, 23.5), True


def _general() -> Iterator[Row]:
    yield WIND, "办公楼顶风速", "administration roof wind", -229, -143, 20.0, 0, 60, (None, None, 10.8, 17.2), False
    yield WIND, "中控楼顶风速", "control building roof wind", -108, -159, 15.5, 0, 60, (None, None, 10.8, 17.2), False
    yield PRESSURE, "仪表风总管", "instrument air header", -47, -6.5, 1.8, 0, 1.0, (0.4, 0.45, None, None), True
    yield PRESSURE, "消防水管网", "fire water main", 118, -41, 1.4, 0, 1.6, (0.5, 0.7, None, None), True
    yield PRESSURE, "蒸汽总管", "steam header", -96, -44, 5.6, 0, 6.0, (None, 2.8, 4.0, 4.2), True
    yield LEVEL, "循环水池", "cooling water basin", 21, -29, 0.9, 0, 100, (20, 40, 90, 95), False
    yield LEVEL, "事故水池", "emergency basin", 22, -68, 0.7, 0, 100, (None, None, 30, 50), True
    yield TEMPERATURE, "循环水给水", "cooling water supply", 40, -35, 1.2, 0, 60, (None, None, 32, 35), False
    yield FLOW, "火炬气", "flare gas", 244, 186, 5.6, 0, 5000, (None, None, 3000, 4500), True


def _area_no(x: float, y: float) -> int:
    """Leading number of the tag: row and column of the block, 11..44."""
    row = 1 if y < -95 else 2 if y < 25 else 3 if y < 125 else 4
    col = 1 if x < -150 else 2 if x < 0 else 3 if x < 150 else 4
    return row * 10 + col


def _rows() -> list[Row]:
    return [
        *_general(),
        *(row for t in TANKS for row in _on_tank(t)),
        *_on_columns(),
        *_gas_detectors(),
        *_on_machines(),
    ]


def devices() -> tuple[Device, ...]:
    """The measuring points in a stable order; tags are unique and stay the same as long as the layout does."""
    tags = _Tags()
    result = []
    for kind, name, name_en, x, y, z, low, high, limits, safety in _rows():
        tag = tags.take(kind, _area_no(x, y))
        result.append(
            Device(tag, kind, f"{name}{kind.name}", f"{name_en} {kind.name_en}", x, y, z, low, high, limits, safety)
        )
    return tuple(result)
