"""Fences, and what the engine says about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np


class Rule(IntEnum):
    """What a fence watches (clause M10.2)."""

    NONE = 0  #: membership only
    TRESPASS = 1  #: nobody but ``allowed`` may be inside
    OVER_COUNT = 2  #: at most ``limit_count`` persons
    STATIC_TIMEOUT = 3  #: nobody may rest inside for ``limit_seconds``
    CALL = 4  #: whoever comes in is called


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
        allowed: badge rows that may be inside (trespass). limit_count, limit_seconds: see :class:`Rule`.
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


class Manner(NamedTuple):
    """How changes are confirmed, so that nothing flaps. Lengths in m, times in s.

    Attributes:
        enter_dwell, leave_dwell: how long a badge must be in or out. hysteresis: how far out counts as out.
        r95_limit: a fix with a wider circle changes nothing. level_slack: tolerance of heights.
        rest_radius: a badge that stays within it rests. clear_dwell: how long a count must be right again.
    """

    enter_dwell: float = 2.0
    leave_dwell: float = 3.0
    hysteresis: float = 1.0
    r95_limit: float = 5.0
    level_slack: float = 1.5
    rest_radius: float = 2.0
    clear_dwell: float = 5.0


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
