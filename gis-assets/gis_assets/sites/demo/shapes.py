"""Plain records of what stands in the plant: local metres, angles in degrees counter-clockwise from east."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, radians, sin

CIRCLE_SIDES = 48

Point = tuple[float, float]


@dataclass(frozen=True)
class Rect:
    """Axis-parallel rectangle."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def center(self) -> Point:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def depth(self) -> float:
        return self.y1 - self.y0

    def inset(self, by: float) -> Rect:
        return Rect(self.x0 + by, self.y0 + by, self.x1 - by, self.y1 - by)

    def outline(self) -> list[Point]:
        """Corners counter-clockwise from the south-west, open."""
        return [(self.x0, self.y0), (self.x1, self.y0), (self.x1, self.y1), (self.x0, self.y1)]


def circle(x: float, y: float, diameter: float, sides: int = CIRCLE_SIDES) -> list[Point]:
    """Regular polygon with its vertices on the circle, counter-clockwise, open; the 3D model uses the same."""
    r = diameter / 2
    return [(x + r * cos(2 * pi * i / sides), y + r * sin(2 * pi * i / sides)) for i in range(sides)]


@dataclass(frozen=True)
class Tank:
    """Storage tank; ``height`` is the shell height or a ball's top. ``length`` and ``heading`` are for bullets."""

    code: str
    name: str
    name_en: str
    kind: str  # fixed_roof, floating_roof, sphere, vessel
    x: float
    y: float
    diameter: float
    height: float
    medium: str
    medium_en: str
    volume: float
    length: float = 0.0
    heading: float = 0.0

    def outline(self) -> list[Point]:
        if self.length == 0:
            return circle(self.x, self.y, self.diameter)
        c, s = cos(radians(self.heading)), sin(radians(self.heading))
        a, b = self.length / 2, self.diameter / 2
        return [(self.x + u * c - v * s, self.y + u * s + v * c) for u, v in ((-a, -b), (a, -b), (a, b), (-a, b))]

    @property
    def top(self) -> float:
        """Highest point of the body above ground: roof apex, ball top, or rim of a floating roof tank."""
        return self.height + (self.diameter / 12 if self.kind == "fixed_roof" else 0.0)


@dataclass(frozen=True)
class Building:
    """``roof``: flat, gable, shed (open sided, roof only). ``wall``: panel, brick, tile, steel, concrete."""

    code: str
    name: str
    name_en: str
    kind: str
    rect: Rect
    height: float
    storeys: int = 1
    wall: str = "panel"
    roof: str = "flat"
    goods: str = ""


@dataclass(frozen=True)
class Column:
    """Vertical vessel on a skirt: tower, reactor or vertical drum. ``platforms`` are heights of its ring platforms."""

    code: str
    name: str
    name_en: str
    x: float
    y: float
    diameter: float
    height: float
    kind: str = "column"  # column, reactor, drum, coldbox
    platforms: tuple[float, ...] = ()


@dataclass(frozen=True)
class Drum:
    """Horizontal cylinder: exchanger or drum; ``z`` is the axis height."""

    code: str
    name: str
    name_en: str
    x: float
    y: float
    z: float
    diameter: float
    length: float
    heading: float
    kind: str = "exchanger"  # exchanger, drum


@dataclass(frozen=True)
class Pump:
    code: str
    name: str
    name_en: str
    x: float
    y: float
    heading: float = 90.0
    size: float = 1.0


@dataclass(frozen=True)
class Furnace:
    """Fired heater: box on legs with convection section and stack."""

    code: str
    name: str
    name_en: str
    rect: Rect
    height: float
    stack_height: float
    stack_diameter: float = 1.8


@dataclass(frozen=True)
class Frame:
    """Open steel structure with grating decks at ``levels``."""

    code: str
    rect: Rect
    levels: tuple[float, ...]
    bay: float = 6.0
    stair: bool = True


@dataclass(frozen=True)
class Rack:
    """Pipe rack along an axis-parallel line: (x0,y0)-(x1,y1), deck heights, pipe count per deck, air coolers on top."""

    code: str
    start: Point
    end: Point
    width: float
    levels: tuple[float, ...]
    pipes: int
    coolers: int = 0
    bay: float = 6.0


@dataclass(frozen=True)
class Stack:
    """Chimney or flare. ``kind``: chimney, flare."""

    code: str
    name: str
    name_en: str
    kind: str
    x: float
    y: float
    diameter: float
    height: float


@dataclass(frozen=True)
class Basin:
    """Open water basin of concrete; ``fill`` water, sludge or empty. Circular where ``diameter`` is given."""

    code: str
    name: str
    name_en: str
    rect: Rect
    height: float
    fill: str = "water"
    round: bool = False


@dataclass(frozen=True)
class Dike:
    """Bund wall round a tank group with partition walls at x or y positions; ``paved`` concrete or gravel."""

    code: str
    rect: Rect
    height: float
    split_x: tuple[float, ...] = ()
    split_y: tuple[float, ...] = ()


@dataclass(frozen=True)
class Pad:
    """Ground surface: concrete, asphalt, gravel, soil, lawn, tiles."""

    rect: Rect
    kind: str


@dataclass(frozen=True)
class Road:
    code: str
    name: str
    name_en: str
    kind: str  # main, secondary, fire
    points: tuple[Point, ...]
    width: float


@dataclass(frozen=True)
class Gate:
    code: str
    name: str
    name_en: str
    kind: str  # people, vehicles, both
    x: float
    y: float
    width: float
    direction: float  # degrees clockwise from north of the way in


@dataclass(frozen=True)
class Vehicle:
    kind: str  # tanker, truck, car, fire
    x: float
    y: float
    heading: float
    colour: int = 0


@dataclass(frozen=True)
class Place:
    """A named point: assembly point and the like."""

    code: str
    name: str
    name_en: str
    x: float
    y: float
    capacity: int = 0


@dataclass(frozen=True)
class Zone:
    code: str
    name: str
    name_en: str
    kind: str
    parent: str | None
    outline: tuple[Point, ...]
    z_min: float
    z_max: float
    risk: int
    department: str
    owner: str
    hazards: str


@dataclass(frozen=True)
class Fence:
    """Electronic geofence."""

    code: str
    name: str
    name_en: str
    kind: str
    outline: tuple[Point, ...]
    z_min: float
    z_max: float
    limit_count: int | None = None
    limit_seconds: int | None = None
