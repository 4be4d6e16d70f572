"""Fences, and what the engine says about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from realtime.fences.schedule import ALWAYS, Schedule


class Rule(IntEnum):
    """What a fence watches (clause M10.2). The first group concerns each badge inside, the second all of them."""

    NONE = 0  #: membership only
    TRESPASS = 1  #: nobody but ``allowed`` may be inside
    OVER_COUNT = 2  #: at most ``limit_count`` persons
    STATIC_TIMEOUT = 3  #: nobody may rest inside for ``limit_seconds``
    CALL = 4  #: whoever comes in is called
    UNDER_COUNT = 5  #: at least ``limit_count`` persons, or for ``limit_seconds`` too few
    LEAVE_POST = 6  #: at least ``limit_count`` of ``allowed``, or for ``limit_seconds`` too few
    GATHERING = 7  #: ``limit_count`` persons stand within ``radius`` of one of them for ``limit_seconds``
    STAY = 8  #: nobody may be inside for ``limit_seconds``
    SPEEDING = 9  #: nobody may be faster than ``limit_speed``
    PARKING = 10  #: no vehicle may rest inside for ``limit_seconds``; those ``allowed`` may


#: Rules about each badge, and about all.
EACH = (Rule.TRESPASS, Rule.STATIC_TIMEOUT, Rule.CALL, Rule.STAY, Rule.SPEEDING, Rule.PARKING)
TOGETHER = (Rule.OVER_COUNT, Rule.UNDER_COUNT, Rule.LEAVE_POST, Rule.GATHERING)


class Happening(IntEnum):
    """Kinds of events."""

    ENTER = 1
    LEAVE = 2
    ALARM = 3
    CLEAR = 4


@dataclass(frozen=True)
class Fence:
    """One fence.

    Attributes:
        id: its name. outline: corners in m, plant frame. z_min, z_max: height range in m. rules: what it watches.
        allowed: badge rows that may be inside (trespass, parking) or must be (leave post).
        limit_count, limit_seconds, limit_speed (m/s), radius (m): see :class:`Rule`.
        groups: bits of the groups of badges that it concerns; others are never members.
        schedule: when its rules hold; members are kept all the time.
        enabled: a disabled fence has no members.
    """

    id: str
    outline: tuple[tuple[float, float], ...]
    z_min: float = -1000.0
    z_max: float = 10000.0
    rules: tuple[Rule, ...] = ()
    allowed: frozenset[int] = field(default_factory=frozenset)
    limit_count: int = 0
    limit_seconds: float = 300.0
    enabled: bool = True
    limit_speed: float = 0.0
    radius: float = 10.0
    groups: int = 255
    schedule: Schedule = ALWAYS

    @property
    def shape(self) -> tuple[object, ...]:
        """What membership depends on: a change of anything else keeps the members and their times."""
        return self.outline, self.z_min, self.z_max, self.enabled, self.groups


class Manner(NamedTuple):
    """How changes are confirmed, so that nothing flaps. Lengths in m, times in s.

    Attributes:
        enter_dwell, leave_dwell: how long a badge must be in or out. hysteresis: how far out counts as out.
        r95_limit: a fix with a wider circle changes nothing. level_slack: tolerance of heights.
        rest_radius: a badge that stays within it rests. clear_dwell: how long a count must be right again.
        speed_dwell: how long a speed must be too high; it is right again below ``speed_share`` of the limit.
    """

    enter_dwell: float = 2.0
    leave_dwell: float = 3.0
    hysteresis: float = 1.0
    r95_limit: float = 5.0
    level_slack: float = 1.5
    rest_radius: float = 2.0
    clear_dwell: float = 5.0
    speed_dwell: float = 3.0
    speed_share: float = 0.9


#: One event. ``badge`` is -1 where a rule concerns all members; ``count`` is the number of persons inside afterwards;
#: ``initial`` marks what was already so at start or after an edit.
EVENT = np.dtype(
    [
        ("time", np.float64),
        ("happening", np.uint8),
        ("rule", np.uint8),
        ("fence", np.int32),
        ("badge", np.int32),
        ("count", np.int32),
        ("initial", np.bool_),
    ]
)
