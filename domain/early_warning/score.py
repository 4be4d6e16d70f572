"""From readings to the index: penalties, aspects, weights of those with data, veto. Pure.

``s = max(0, 100 - Σ k·x)`` for each aspect, ``I = Σ w·s`` over the aspects with data, their weights made 1 again, at most
the cap while a veto stands (domain reference, section 6).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from domain.early_warning.model import IndexModelBody
from twin.registry.indicator import ASPECTS, PERFORMANCE, Indicator, Reading


@dataclass(frozen=True)
class IndicatorScore:
    """An indicator at an instant; ``value`` None: no data."""

    indicator: Indicator
    value: float | None
    excess: float
    coefficient: float
    rows: int

    @property
    def penalty(self) -> float:
        """Points that it costs its aspect."""
        return self.coefficient * self.excess


@dataclass(frozen=True)
class AspectScore:
    """An aspect. ``state``: scored, no_data (nothing to look at), no_module (nobody declares an indicator).

    Attributes:
        weight: as the model has it; share: what it counts for after aspects without data are left out.
    """

    key: str
    state: str
    score: float | None
    weight: float
    share: float
    indicators: tuple[IndicatorScore, ...]


@dataclass(frozen=True)
class Score:
    """The index at an instant. ``uncapped``: what it would be without vetoes. ``level``: 4 blue .. 1 red."""

    value: float | None
    uncapped: float | None
    level: int | None
    vetoes: tuple[str, ...]
    aspects: tuple[AspectScore, ...]
    performance: tuple[IndicatorScore, ...]


def score(model: IndexModelBody, declared: Mapping[str, Indicator], readings: Mapping[str, Reading]) -> Score:
    """The index of these readings. Indicators without a reading have no data."""
    found = [_indicator(model, indicator, readings.get(key)) for key, indicator in declared.items()]
    weights = model.weights()
    aspects = [_aspect(key, weights[key], [f for f in found if f.indicator.aspect == key]) for key, _ in ASPECTS]
    total = math.fsum(a.weight for a in aspects if a.score is not None)
    aspects = [replace(a, share=a.weight / total) if a.score is not None and total > 0 else a for a in aspects]
    vetoes = tuple(
        f.indicator.key for f in found if f.indicator.veto and f.value and model.vetoes.get(f.indicator.key, True)
    )
    value = math.fsum(a.share * a.score for a in aspects if a.score is not None) if total > 0 else None
    capped = value if value is None or not vetoes else min(value, model.veto_cap)
    performance = tuple(f for f in found if f.indicator.aspect == PERFORMANCE)
    return Score(capped, value, None if capped is None else model.level(capped), vetoes, tuple(aspects), performance)


def within(readings: Mapping[str, Reading], zones: Iterable[str]) -> dict[str, Reading]:
    """The part of the readings whose rows lie in these zones."""
    inside = frozenset(zones)
    return {
        key: Reading([row for row in reading.rows if inside.intersection(row.zones)], reading.basis)
        for key, reading in readings.items()
    }


def _indicator(model: IndexModelBody, indicator: Indicator, reading: Reading | None) -> IndicatorScore:
    value = indicator.value(reading) if reading is not None else None
    coefficient = model.coefficients.get(indicator.key, indicator.coefficient)
    excess = indicator.excess(value) if value is not None else 0.0
    return IndicatorScore(indicator, value, excess, coefficient, len(reading.rows) if reading else 0)


def _aspect(key: str, weight: float, found: list[IndicatorScore]) -> AspectScore:
    known = [f for f in found if f.value is not None]
    state = "scored" if known else "no_data" if found else "no_module"
    points = max(0.0, 100.0 - math.fsum(f.penalty for f in known)) if known else None
    return AspectScore(key, state, points, weight, 0.0, tuple(found))
