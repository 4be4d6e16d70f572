"""Paved surfaces and vehicles of the demo plant: what only the 3D model shows."""

from __future__ import annotations

from gis_assets.sites.demo.shapes import Pad, Rect, Vehicle

PADS: tuple[Pad, ...] = (
    Pad(Rect(-256, -204, -162, -156), "tiles"),
    Pad(Rect(-196, -204, -162, -156), "asphalt"),
    Pad(Rect(-144, -204, -82, -176), "asphalt"),
    Pad(Rect(-82, -204, -12, -178), "tiles"),
    Pad(Rect(-277, -62, -160, -40), "concrete"),
    Pad(Rect(-214, -88, -160, -40), "gravel"),
    Pad(Rect(-277, -40, -160, 17), "concrete"),
    Pad(Rect(-142, -86, -90, -46), "concrete"),
    Pad(Rect(-72, -58, -22, -46), "gravel"),
    Pad(Rect(-142, -40, -70, -10), "concrete"),
    Pad(Rect(-68, -28, -26, -2), "concrete"),
    Pad(Rect(12, -50, 92, -2), "concrete"),
    Pad(Rect(96, -86, 142, -40), "concrete"),
    Pad(Rect(158, -86, 277, 17), "concrete"),
    Pad(Rect(12, -203, 142, -106), "concrete"),
    Pad(Rect(158, -203, 277, -134), "asphalt"),
    Pad(Rect(158, -134, 277, -105), "concrete"),
    Pad(Rect(-142, 32, -10, 118), "concrete"),
    Pad(Rect(10, 32, 142, 118), "concrete"),
    Pad(Rect(158, 44, 277, 118), "concrete"),
    Pad(Rect(158, 144, 224, 203), "concrete"),
    Pad(Rect(228, 168, 277, 203), "gravel"),
)


def _vehicles() -> tuple[Vehicle, ...]:
    bays = [
        (174, -18.5),
        (188, -11.5),
        (202, -18.5),
        (234, -11.5),
        (258, -18.5),
        (178, -54.5),
        (198, -47.5),
        (240, -54.5),
        (256, -47.5),
    ]
    tankers = [
        Vehicle("tanker", x, y, 0 if (y < -15 and y > -30) or y < -50 else 180, i) for i, (x, y) in enumerate(bays)
    ]
    parked = [
        Vehicle("tanker" if i % 3 else "truck", 166 + 5.2 * i, -150 - (i * 7 % 3) * 0.6, 90, i)
        for i in range(13)
        if i not in (4, 9)
    ]
    parked += [
        Vehicle("truck" if i % 2 else "tanker", 166 + 5.2 * i, -186 + (i * 5 % 3) * 0.5, 270, i + 3)
        for i in range(16)
        if i not in (2, 7, 8, 13)
    ]
    cars = [
        Vehicle("car", -192 + 2.9 * (i % 10), (-200, -186, -180, -166)[i // 10], 90 if i // 10 % 2 else 270, i)
        for i in range(40)
        if i * 37 % 11 > 2
    ]
    cars += [Vehicle("car", -140 + 2.9 * i, -182, 90, i * 3) for i in range(18) if i * 29 % 7 > 1]
    fire = [Vehicle("fire", -264 + 10 * i, -58, 90, 0) for i in range(3)] + [Vehicle("fire", 252, -106, 0, 0)]
    moving = [
        Vehicle("tanker", 120, -97.5, 0, 2),
        Vehicle("truck", -60, -92.4, 180, 1),
        Vehicle("car", 2.6, 66, 90, 4),
        Vehicle("car", -2.8, -150, 270, 7),
        Vehicle("tanker", 218, -214, 90, 5),
        Vehicle("truck", 210, -249, 0, 6),
        Vehicle("car", -120, -255, 180, 1),
        Vehicle("car", 40, -249, 0, 3),
        Vehicle("truck", -300, -249, 0, 2),
        Vehicle("truck", 112, -156, 90, 0),
        Vehicle("truck", 68, -155, 0, 4),
    ]
    return (*tankers, *parked, *cars, *fire, *moving)


VEHICLES: tuple[Vehicle, ...] = _vehicles()
