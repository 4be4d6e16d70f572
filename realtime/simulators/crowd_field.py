"""What gateways would measure of the crowd: ranges with bodies and walls in the way, RSSI, pressure, GNSS, batteries.

Noise is what devices of these kinds show: UWB 0.1 m with every tenth range late by a few metres and spikes now and then,
BLE 4 dB, a barometer 0.03 hPa with an offset of its own under drifting weather, RTK-corrected GNSS that wanders by half
a metre.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import orjson
from gis_assets.sites.demo.watch import anchors

from realtime.positioning.types import Floats
from realtime.simulators.crowd import Crowd
from realtime.simulators.crowd_plan import CONTROL
from realtime.tracking.frame import SiteFrame

#: m that ranges reach indoors and outdoors; badge height above the floor.
REACH, TAG = 45.0, 1.0
_RANGE, _RSSI, _BARO, _GNSS = 0.1, 4.0, 0.03, 0.5
_GNSS_TAU = 30.0
#: hPa per metre near the ground.
_LAPSE = 0.12
#: s between two words of a badge that lies still.
_STILL_EVERY = 5


class Field:
    """The measuring of one crowd, second by second."""

    def __init__(self, crowd: Crowd, frame: SiteFrame, seed: int = 2) -> None:
        self._crowd, self._frame = crowd, frame
        self._rng = np.random.default_rng(seed)
        spots = [a for a in anchors() if a.kind in ("uwb", "ble")]
        self._codes = [a.code for a in spots]
        self._ble = np.array([a.kind == "ble" for a in spots])
        self._place: Floats = np.array([(a.x, a.y, a.z) for a in spots])
        self._level = np.array([int(a.floor[-1]) if a.floor else 0 for a in spots])
        count = len(crowd.walkers)
        self._offset: Floats = self._rng.normal(0.0, 0.5, count)
        self._wander: Floats = self._rng.normal(0.0, _GNSS, (count, 2))
        self._reference = next(i for i, a in enumerate(spots) if a.floor == "BD-04-F1")
        self._second = 0
        self._moved = [True] * count

    def messages(self, now: float) -> list[bytes]:
        """The reports (JSON) of all gateways for this second, one per gateway."""
        walkers = self._crowd.walkers
        self._second += 1
        keep = np.exp(-1.0 / _GNSS_TAU)
        noise = self._rng.normal(0.0, _GNSS * np.sqrt(1 - keep * keep), self._wander.shape)
        self._wander = self._wander * keep + noise
        place: Floats = np.array([(w.x, w.y, w.z) for w in walkers])
        level = np.array([w.level for w in walkers])
        ranges, heard = self._ranges(place, level)
        lon, lat = self._frame.to_lonlat(place[:, 0] + self._wander[:, 0], place[:, 1] + self._wander[:, 1])
        pressure = self._weather(now) - _LAPSE * (place[:, 2] + TAG) + self._offset
        pressure = pressure + self._rng.normal(0.0, _BARO, len(walkers))
        gateways: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for i, walker in enumerate(walkers):
            stopped = self._moved[i] and not walker.moving  # its accelerometer wakes it: it says so at once
            self._moved[i] = walker.moving or not walker.on
            still = not walker.moving and not walker.vehicle and not stopped
            if not walker.on or (still and not walker.sos and (self._second + i) % _STILL_EVERY):
                continue
            seen: dict[str, Any] = {"badge": walker.code}
            near = np.flatnonzero(heard[i])
            if near.size and not walker.vehicle:
                uwb, ble = near[~self._ble[near]], near[self._ble[near]]
                if uwb.size:
                    seen["ranges"] = [[self._codes[a], round(float(ranges[i, a]), 3)] for a in uwb.tolist()]
                if ble.size:
                    seen["rssi"] = [[self._codes[a], round(self._rssi(float(ranges[i, a])), 1)] for a in ble.tolist()]
            if not walker.level:
                seen["fix"] = {"lon": float(lon[i]), "lat": float(lat[i]), "sigma": 0.8, "source": "gnss"}
            if not walker.vehicle:
                seen["pressure"], seen["moving"] = round(float(pressure[i]), 3), walker.moving
            if (self._second + i) % 60 == 0:
                seen["battery"] = round(walker.battery, 1)
            if walker.sos > 0.0:
                seen["sos"] = True
            gateways[self._gateway(walker.x, walker.y, walker.level)].append(seen)
        reference = self._weather(now) - _LAPSE * float(self._place[self._reference, 2])
        out = []
        for name, badges in sorted(gateways.items()):
            report: dict[str, Any] = {"gateway": name, "t": now, "badges": badges}
            if name == "GW-BD04":
                report["references"] = [[self._codes[self._reference], round(reference, 3)]]
            out.append(orjson.dumps(report))
        if "GW-BD04" not in gateways:
            spare = {"gateway": "GW-BD04", "t": now, "references": [[self._codes[self._reference], reference]]}
            out.append(orjson.dumps(spare))
        return out

    def _ranges(self, place: Floats, level: np.ndarray) -> tuple[Floats, np.ndarray]:
        """(n, m) measured distances, and which anchors hear whom: those on the same floor, or outdoors both."""
        delta = place[:, None, :] + [0.0, 0.0, TAG] - self._place[None]
        true = np.sqrt(np.square(delta).sum(axis=-1))
        heard = (level[:, None] == self._level[None]) & (true <= REACH) & (self._rng.random(true.shape) < 0.92)
        for dead in self._crowd.dead_levels:
            heard[:, self._level == dead] = False
        late = np.where(self._rng.random(true.shape) < 0.1, self._rng.exponential(1.5, true.shape), 0.0)
        spike = np.where(self._rng.random(true.shape) < 0.005, self._rng.uniform(-15.0, 30.0, true.shape), 0.0)
        found = true + self._rng.normal(0.0, _RANGE, true.shape) + late + spike
        return np.asarray(np.maximum(0.05, found)), heard

    def _rssi(self, distance: float) -> float:
        return -58.0 - 18.0 * float(np.log10(max(0.3, distance))) + float(self._rng.normal(0.0, _RSSI))

    @staticmethod
    def _weather(now: float) -> float:
        """Pressure at the ground in hPa; it drifts by some hPa over the day."""
        return 1013.0 + 4.0 * float(np.sin(now / 7000.0))

    @staticmethod
    def _gateway(x: float, y: float, level: int) -> str:
        if level and CONTROL.x0 - 1 <= x <= CONTROL.x1 + 1:
            return "GW-BD04"
        return f"GW-{'W' if x < -75 else 'E' if x > 75 else 'C'}{'S' if y < -40 else 'N' if y > 80 else 'M'}"
