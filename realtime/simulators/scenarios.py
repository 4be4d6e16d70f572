"""What can be made to happen in the demo's field: a leak, an overfill, a runaway, a broken detector, a lost line, a storm."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from gis_assets.sites.demo.instruments import Device, devices

#: Seconds in which a value goes from where it is to where the scenario wants it.
RAMP = 40.0


@dataclass(frozen=True)
class Scenario:
    """A scenario: the points that it drives and where to (NaN: the device says nothing usable); or a line that is cut."""

    key: str
    targets: Mapping[str, float]
    cuts_gas_line: bool = False


def _beyond(device: Device) -> float:
    """A value beyond the highest limit, inside the range."""
    top = max((limit for limit in device.limits[2:] if limit is not None), default=device.low)
    return top + 0.4 * (device.high - top)


@cache
def scenarios() -> Mapping[str, Scenario]:
    """All scenarios by key, on the demo's own points."""
    by_tag = {device.tag: device for device in devices()}
    gas = [d for d in devices() if d.kind.kind == "gas_combustible"][:3]
    level = next(d for d in devices() if d.kind.kind == "level" and d.tag.startswith("LI-42"))
    hot = by_tag["TI-3207"]  # second reforming reactor
    return {
        s.key: s
        for s in (
            # The nearest detector smells it most.
            Scenario("leak", {d.tag: d.limits[2] + (_beyond(d) - d.limits[2]) / (n + 1) for n, d in enumerate(gas) if d.limits[2]}),
            Scenario("overfill", {level.tag: _beyond(level)}),
            Scenario("runaway", {hot.tag: _beyond(hot)}),
            Scenario("detector_fault", {gas[-1].tag: math.nan}),
            Scenario("comms_loss", {}, cuts_gas_line=True),
            Scenario("storm", {d.tag: _beyond(d) for d in devices() if d.kind.kind == "wind"}),
        )
    }  # fmt: skip


def driven(keys: frozenset[str]) -> dict[str, float]:
    """Where the tripped scenarios drive the points; a broken device tells nothing, whatever else happens."""
    found: dict[str, float] = {}
    for key in sorted(keys & scenarios().keys()):
        for tag, target in scenarios()[key].targets.items():
            if tag not in found or math.isnan(target):
                found[tag] = target
    return found
