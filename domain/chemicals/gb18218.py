"""Major hazards by GB 18218-2018: S = sum q/Q, R = alpha * sum beta*q/Q, and the level. Pure; masses in tonnes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

#: Residents (>= this many within 500 m of the boundary) -> alpha.
_ALPHA = ((100, 2.0), (50, 1.5), (30, 1.2), (1, 1.0), (0, 0.5))
#: R (>= this) -> level.
_LEVELS = ((100.0, 1), (50.0, 2), (10.0, 3), (0.0, 4))


@dataclass(frozen=True)
class Rated:
    """A chemical's critical quantity in tonnes and correction factor, each with the row that it is from."""

    q: float | None
    q_from: str
    beta: float | None
    beta_from: str


@dataclass(frozen=True)
class Outcome:
    """``level`` 1 (highest) to 4, None: no major hazard (S < 1)."""

    s: float
    r: float
    level: int | None


@cache
def dictionary() -> dict[str, Any]:
    """Shipped rows ``named`` (substances) and ``classes``; ``q`` or ``beta`` null where the source gives none."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "data/gb18218.json").read_text("utf-8"))
    return found


@cache
def _rows(kind: str) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in dictionary()[kind]}


def known(entry: str, category: str) -> tuple[bool, bool]:
    """Whether the dictionary has the substance and the class; empty ones it has."""
    return not entry or entry in _rows("named"), not category or category in _rows("classes")


def rate(entry: str, category: str, own_q: float | None, own_beta: float | None) -> Rated:
    """Q and beta: of the named substance, else of the class, else what was entered."""
    found: dict[str, tuple[float | None, str]] = {}
    for name, own in (("q", own_q), ("beta", own_beta)):
        found[name] = (own, "entered" if own is not None else "")
        for kind, key in (("classes", category), ("named", entry)):
            value = _rows(kind).get(key, {}).get(name)
            if value is not None:
                found[name] = (float(value), f"{kind}:{key}")
    return Rated(*found["q"], *found["beta"])


def alpha(residents: int) -> float:
    """Factor of the people who live within 500 m of the boundary."""
    return next(value for least, value in _ALPHA if residents >= least)


def outcome(rows: Sequence[tuple[float, float, float]], residents: int) -> Outcome:
    """Of the rows ``(q, Q, beta)`` of one unit.

    S sums to 1 exactly when it does on paper: what binary fractions add below 1e-9 is taken away.
    """
    s = round(sum(q / critical for q, critical, _ in rows), 9)
    r = round(alpha(residents) * sum(beta * q / critical for q, critical, beta in rows), 9)
    return Outcome(s, r, next(level for least, level in _LEVELS if r >= least) if s >= 1 else None)
