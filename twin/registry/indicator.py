"""Indicators of the early-warning index and of safety management: submodule ``indicators``, attribute ``INDICATORS``.

An indicator's value is a pure function of the rows that its query gives, so whoever sees the rows can compute the number
again. ``domain/early_warning`` makes scores, index and library out of them; it knows no module by name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry import discover
from twin.registry.layer import Text

#: The ten aspects of the order (八.1), in its order.
ASPECTS: tuple[tuple[str, Text], ...] = (
    ("static_risk", Text("静态风险", "Static risk")),
    ("special_operations", Text("特殊作业", "Special operations")),
    ("hazards", Text("隐患治理", "Hazard treatment")),
    ("layout", Text("装置布局", "Layout")),
    ("change", Text("变更管理", "Change")),
    ("energy", Text("能源管理", "Energy")),
    ("emergency", Text("应急预案", "Emergency plans")),
    ("training", Text("培训与人员素质", "Training and staff")),
    ("fire", Text("消防", "Fire protection")),
    ("alarms", Text("报警管理", "Alarms")),
)
#: Indicators of safety management: published like the others, not part of the index.
PERFORMANCE = "performance"

#: ``sum``: Σ value·weight. ``mean``: Σ value·weight / Σ weight. ``share``: the same times 100, in percent.
How = Literal["sum", "mean", "share"]


@dataclass(frozen=True)
class IndicatorRow:
    """One row behind a value.

    Attributes:
        label: what it is, for people.
        kind, key: what it is, for a link: e.g. ``hazard`` and its id.
        value, weight: what it gives to the value, see :data:`How`.
        zones: codes of the zones that it belongs to.
    """

    label: str
    kind: str
    key: str
    value: float
    weight: float = 1.0
    zones: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """The rows at an instant. ``basis``: how many rows were looked at; with none of them there is no data."""

    rows: Sequence[IndicatorRow]
    basis: int


#: Session of the enterprise, the instant, the start of the window (which ends at the instant).
Query = Callable[[AsyncSession, datetime, datetime], Awaitable[Reading]]


@dataclass(frozen=True)
class Indicator:
    """A safety indicator.

    Attributes:
        key: unique, e.g. ``hazards_overdue``.
        aspect: one of :data:`ASPECTS` or :data:`PERFORMANCE`.
        formula: in words, with the window.
        source: the layer or table that the rows come from.
        best: value from which on nothing is deducted; ``higher``: whether more is better.
        coefficient: points that one unit beyond ``best`` costs (k of ``max(0, 100 - Σ k·x)``).
        target: value to be met; owner: role that answers for it.
        window: what the query looks back over.
        timed: the source rows carry their times, so that any past instant can be computed again.
        veto: any row of it caps the index.
    """

    key: str
    aspect: str
    title: Text
    formula: Text
    source: str
    unit: str
    how: How
    query: Query
    target: float
    owner: str
    coefficient: float = 0.0
    best: float = 0.0
    higher: bool = False
    window: timedelta = timedelta(0)
    timed: bool = True
    veto: bool = False

    def value(self, reading: Reading) -> float | None:
        """The value of these rows; None: there is no data."""
        if reading.basis == 0:
            return None
        total = sum(row.value * row.weight for row in reading.rows)
        if self.how == "sum":
            return total
        weights = sum(row.weight for row in reading.rows)
        if weights <= 0:
            return None
        return total / weights * (100.0 if self.how == "share" else 1.0)

    def excess(self, value: float) -> float:
        """How far a value is beyond the best one, never below 0 (x of the formula)."""
        return max(0.0, self.best - value if self.higher else value - self.best)

    def met(self, value: float, target: float) -> bool:
        """Whether a value meets a target."""
        return value >= target if self.higher else value <= target


@cache
def indicators() -> dict[str, Indicator]:
    """Every declared indicator by key, in the order of aspects.

    Raises:
        ValueError: a key is declared twice, or an aspect does not exist.
    """
    places = [key for key, _ in ASPECTS] + [PERFORMANCE]
    found: dict[str, Indicator] = discover.declared("indicators", "INDICATORS")
    for indicator in found.values():
        if indicator.aspect not in places:
            raise ValueError(f"indicator {indicator.key}: there is no aspect {indicator.aspect}")
    return dict(sorted(found.items(), key=lambda item: (places.index(item[1].aspect), item[0])))
