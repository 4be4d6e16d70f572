"""Records that enter and leave the engine, and the settings that every run shares."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Records = NDArray[np.void]


class Kind(IntEnum):
    """What a measurement says."""

    RANGE = 1  #: distance to ``anchor`` in metres (two-way ranging)
    TDOA = 2  #: distance to ``anchor`` minus distance to ``anchor2`` in metres
    FIX = 3  #: a finished position ``x``, ``y`` (GNSS, RTK, vendor gateway), 1-sigma ``sigma``
    RSSI = 4  #: ``value`` dBm between the badge and ``anchor`` (fixed receiver or fixed beacon alike)
    PRESSURE = 5  #: badge barometer, hPa
    REFERENCE = 6  #: fixed reference barometer ``anchor``, hPa; ``badge`` is ignored
    MOTION = 7  #: badge accelerometer: 0 still, 1 moving


class Source(IntEnum):
    """Where a published position comes from."""

    NONE = 0
    UWB = 1
    GNSS = 2
    VENDOR = 3
    BLE = 4


class State(IntEnum):
    """How far a published position can be trusted.

    ``GOOD``: measured just now and r95 within the limit. ``DEGRADED``: measured just now, but r95 beyond the limit or
    too few anchors. ``HELD``: nothing measured just now, the position is kept on purpose (short gap, or a still badge
    that sleeps). ``STALE``: the position is old. ``LOST``: so old that only "last seen there" is true.
    """

    GOOD = 1
    DEGRADED = 2
    HELD = 3
    STALE = 4
    LOST = 5


class Role(IntEnum):
    """Who or what carries the badge; it decides the speed limit."""

    PERSON = 0
    VEHICLE = 1
    FORKLIFT = 2


#: Top speed in m/s per :class:`Role`: a runner, a lorry on the plant road, a forklift.
SPEED_LIMIT: tuple[float, ...] = (4.0, 17.0, 6.0)
#: Process noise per :class:`Role`, as a multiple of a person's: what brakes and turns harder is smoothed less.
AGILITY: tuple[float, ...] = (1.0, 8.0, 4.0)

#: One measurement. ``sigma`` 0 means the default of its kind; ``source`` only matters for fixes.
MEASUREMENT = np.dtype(
    [
        ("badge", np.int32),
        ("kind", np.uint8),
        ("source", np.uint8),
        ("anchor", np.int32),
        ("anchor2", np.int32),
        ("time", np.float64),
        ("value", np.float64),
        ("x", np.float64),
        ("y", np.float64),
        ("sigma", np.float64),
        ("floor", np.int16),
    ]
)

#: One published fix. ``floor`` 0 is outdoors or unknown; ``event_time`` is that of the last accepted measurement,
#: ``age`` = ``published`` - ``event_time``.
FIX = np.dtype(
    [
        ("badge", np.int32),
        ("x", np.float64),
        ("y", np.float64),
        ("z", np.float64),
        ("floor", np.int16),
        ("r95", np.float64),
        ("speed", np.float64),
        ("source", np.uint8),
        ("event_time", np.float64),
        ("published", np.float64),
        ("age", np.float64),
        ("state", np.uint8),
    ]
)


class Model(NamedTuple):
    """Numbers of the range filter; one set for everything, never tuned per recording. Lengths in m, times in s.

    Attributes:
        range_sigma, tdoa_sigma: 1-sigma of a measurement without its own.
        spectral_density: of the white acceleration noise, m^2/s^3 (filterpy ``Q_continuous_white_noise``).
        gate: normalised innovation squared beyond which a measurement is rejected (chi-square, 1 degree of freedom).
        huber: normalised innovation from which weights fall.
        coast: time without an accepted measurement up to which the velocity is kept in full.
        fade: time constant of the velocity's decay after that.
        still_density: spectral density while the accelerometer says still.
        reject_limit: leaky count of rejects (one up, one down) that starts a re-acquisition.
        acquire_window: age up to which ranges take part in an acquisition.
        acquire_count: ranges that an acquisition needs at least (of three anchors at least).
        acquire_drift: how far a badge at top speed may get within an acquisition; it narrows the window of vehicles.
        acquire_rms: largest robust residual of an accepted acquisition.
        restart_gap: silence after which the filter starts from new ranges instead of its prediction.
        max_range: longest believable range.
        spread, doubt: share of the covariance's r95 that errors show while ranges come; it rises to all of it within
            ``doubt`` of silence. body: r95 of what the body that wears the badge adds.
        anchor_bias: 1-sigma of what stays wrong with an anchor (survey, antenna delay), which the geometry multiplies;
            carried: 1-sigma of a place along a direction that the anchors leave open.
    """

    range_sigma: float = 0.13
    tdoa_sigma: float = 0.20
    spectral_density: float = 0.4
    gate: float = 9.0
    huber: float = 2.0
    coast: float = 1.0
    fade: float = 1.0
    still_density: float = 1e-7
    reject_limit: int = 8
    acquire_window: float = 3.0
    acquire_count: int = 4
    acquire_drift: float = 6.0
    acquire_rms: float = 0.8
    restart_gap: float = 10.0
    max_range: float = 500.0
    spread: float = 0.42
    doubt: float = 5.0
    body: float = 0.5
    anchor_bias: float = 0.04
    carried: float = 3.0


class Publishing(NamedTuple):
    """How estimates become published fixes. Lengths in m, times in s.

    Attributes:
        hold: how long a measurement waits in the reorder buffer after its arrival.
        future: how far a measurement may be ahead of its arrival.
        fresh, held, stale: ages at which a fix stops being good, held and stale.
        sleep: silence of a still badge that is normal (heartbeats come more rarely than that).
        r95_limit: beyond it a fix is degraded (clause S2: 5 m).
        r95_floor: survey and body offset that no covariance knows.
        min_anchors: distinct anchors within ``anchor_window`` below which a range fix is degraded.
        switch_gain, switch_time: another source takes over when its r95 is below ``gain`` times the active one's for
            ``time``, or at once when the active one is silent for ``held``.
        conflict, conflict_time: ranges and a fix that are further apart than ``conflict`` times the sum of their r95
        contradict each other; when they do so for that long the ranges start anew around the fix.
        still_time, still_radius, still_share: a dot that stayed within max(radius, share * r95) for that time is
        pinned.
        pin_release, pin_share: the pin lets go at max(release, share * r95) from the estimate.
    """

    hold: float = 0.5
    future: float = 1.0
    fresh: float = 1.5
    held: float = 5.0
    stale: float = 60.0
    sleep: float = 30.0
    r95_limit: float = 5.0
    r95_floor: float = 0.2
    min_anchors: int = 3
    anchor_window: float = 2.0
    switch_gain: float = 0.6
    switch_time: float = 2.0
    conflict: float = 1.5
    conflict_time: float = 2.0
    still_time: float = 3.0
    still_radius: float = 0.3
    still_share: float = 0.1
    pin_release: float = 0.6
    pin_share: float = 0.25


def measurements(count: int, **columns: Any) -> Records:
    """``count`` zeroed measurements with the given columns filled; ``anchor2`` starts at -1."""
    out = np.zeros(count, MEASUREMENT)
    out["anchor2"] = -1
    for name, values in columns.items():
        out[name] = values
    return out
