"""Set-points of a measuring point: what the point form sets beside the limits of the ``device`` layer."""

from __future__ import annotations

import math
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from realtime.alarms.engine import TYPES, Setting, StateLimits

LEVELS = ("ll", "l", "h", "hh")
#: 1 red .. 4 blue where nothing is set: interlock values are red, alarm values orange.
GRADES = {"ll": 1, "l": 2, "h": 2, "hh": 1, "rate": 3, "switch": 2, "bad": 4, "comm": 3}
#: 2: interlock value (second grade), 1: alarm value (first grade).
STAGES = {"ll": 2, "l": 1, "h": 1, "hh": 2}
Seconds = Annotated[FiniteFloat, Field(ge=0, le=86_400)]
Grade = Annotated[int, Field(ge=1, le=4)]


class Limits(BaseModel):
    """Alarm (l, h) and interlock (ll, hh) values in the point's unit; null: none."""

    model_config = ConfigDict(extra="forbid")
    ll: FiniteFloat | None = None
    l: FiniteFloat | None = None  # noqa: E741 the name of the level
    h: FiniteFloat | None = None
    hh: FiniteFloat | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        given = [value for value in (self.ll, self.l, self.h, self.hh) if value is not None]
        if given != sorted(given):
            raise ValueError("limits must rise: ll <= l <= h <= hh")
        return self

    def row(self) -> tuple[float, float, float, float]:
        """As the engine takes them."""
        ll, l_, h, hh = (math.nan if v is None else v for v in (self.ll, self.l, self.h, self.hh))
        return ll, l_, h, hh


class StateSet(Limits):
    """Limits while the value of another point lies in [low, high]."""

    device: UUID
    low: FiniteFloat
    high: FiniteFloat


class Setpoint(BaseModel):
    """How a point is watched.

    Attributes:
        limits: null: those of the ``device`` layer hold.
        deadband: in the point's unit. rate: units per second. switch: the value (0 or 1) that is an alarm.
        grades: 1 red .. 4 blue by type where it differs from the default.
    """

    model_config = ConfigDict(extra="forbid")
    limits: Limits | None = None
    deadband: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    on_delay_s: Seconds = 0.0
    off_delay_s: Seconds = 0.0
    rate: Annotated[FiniteFloat, Field(gt=0)] | None = None
    switch: Annotated[int, Field(ge=0, le=1)] | None = None
    bad: bool = True
    bad_delay_s: Seconds = 10.0
    grades: dict[str, Grade] = {}
    states: Annotated[list[StateSet], Field(max_length=10)] = []

    @model_validator(mode="after")
    def _known(self) -> Setpoint:
        if unknown := set(self.grades) - set(TYPES):
            raise ValueError(f"no such type: {sorted(unknown)}")
        return self

    def setting(self, device: UUID, fallback: Limits, enabled: bool, patience: float = 0.0) -> Setting:
        """As the engine takes it; ``patience`` in s as in :class:`Setting`."""
        return Setting(
            device, (fallback if self.limits is None else self.limits).row(), self.deadband, self.on_delay_s,
            self.off_delay_s, math.nan if self.rate is None else self.rate,
            math.nan if self.switch is None else float(self.switch), self.bad, self.bad_delay_s,
            patience, enabled,
            tuple(StateLimits(s.device, s.low, s.high, s.row()) for s in self.states),
        )  # fmt: skip


def layer_limits(row: dict[str, Any]) -> Limits:
    """The limits of the ``device`` layer; taken as they are, whatever their order."""
    return Limits.model_construct(**{level: row[f"limit_{level}"] for level in LEVELS})
