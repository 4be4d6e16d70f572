"""Values that behave like those of a process at rest: noise that is drawn back to a set-point (Ornstein-Uhlenbeck).

Set-points and swings come from the points' ranges and limits, so that a plant at rest raises no alarm.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from gis_assets.sites.demo.instruments import Device

#: Seconds in which a deviation falls to 37 %, and between two updates, by kind of point.
_PACE = {"temperature": (120.0, 4), "level": (300.0, 5), "humidity": (300.0, 5), "pressure": (30.0, 2), "flow": (15.0, 1),
         "vibration": (10.0, 2), "current": (20.0, 2), "wind": (20.0, 1), "gas_combustible": (60.0, 1),
         "gas_toxic": (60.0, 1), "gas_oxygen": (60.0, 1)}  # fmt: skip


@dataclass
class Walk:
    """One point's value.

    Attributes:
        centre: set-point in the point's unit.
        swing: it never leaves ``centre`` by more.
        step: resolution of the transmitter; smaller changes are not seen.
        every: seconds between two updates.
    """

    centre: float
    swing: float
    settle: float
    every: int
    step: float
    noise: random.Random = field(repr=False)
    value: float = math.nan
    _from: float | None = field(default=None, repr=False)  # where it was when a scenario took it
    _driven: float = field(default=0.0, repr=False)  # seconds that the scenario lasts

    def __post_init__(self) -> None:
        self.value = self._seen(self.centre + self.noise.uniform(-0.3, 0.3) * self.swing)

    def drive(self, target: float, ramp: float) -> float:
        """A second of a scenario: towards ``target`` within ``ramp`` seconds; NaN at once."""
        if self._from is None:
            self._from, self._driven = self.value, 0.0
        self._driven += 1.0
        share = min(1.0, self._driven / ramp)
        wobble = self.noise.uniform(-2.0, 2.0) * self.step
        self.value = target if math.isnan(target) else self._seen(self._from + share * (target - self._from) + wobble)
        return self.value

    def advance(self) -> float:
        """The value ``every`` seconds later."""
        if self._from is not None:  # a scenario has ended
            self.value, self._from = self._from, None
        keep = math.exp(-self.every / self.settle)
        spread = self.swing * 0.3 * math.sqrt(1 - keep * keep)
        free = self.centre + (self.value - self.centre) * keep + self.noise.gauss(0.0, spread)
        self.value = self._seen(min(max(free, self.centre - self.swing), self.centre + self.swing))
        return self.value

    def _seen(self, value: float) -> float:
        return round(round(value / self.step) * self.step, 6)


def walk(device: Device) -> Walk:
    """The behaviour of a demo point; the same every time."""
    noise = random.Random(device.tag)
    low_low, low, high, high_high = device.limits
    if device.kind.kind == "valve":  # open, and at rest
        return Walk(100.0, 0.0, 1.0, 60, 0.1, noise)
    if device.kind.kind in ("gas_combustible", "gas_toxic"):  # next to nothing, a tenth of the alarm limit at most
        top = high if high is not None else device.high
        return Walk(top * 0.05, top * 0.05, *_PACE[device.kind.kind], top / 1000, noise)
    floor = low if low is not None else low_low
    roof = high if high is not None else high_high
    bottom = floor if floor is not None else device.low
    top = roof if roof is not None else device.high
    share = 0.5 if (floor is None) == (roof is None) else 0.65 if roof is not None else 0.35
    centre = bottom + share * (top - bottom)
    settle, every = _PACE[device.kind.kind]
    swing = 0.35 * min(centre - bottom, top - centre)
    return Walk(centre, swing, settle, every, (device.high - device.low) / 4000, noise)
