"""Methods of risk assessment, from their tables: the level is computed, never typed.

Levels: 1 重大 (red), 2 较大 (orange), 3 一般 (yellow), 4 低 (blue). The tables ship as data (``data/methods.json``); they
follow the domain reference, section 2, and an installation compares them with the originals before it relies on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from twin.errors import Invalid


@dataclass(frozen=True)
class Assessment:
    """Outcome: the product of the factors (for a matrix: the level itself) and the level."""

    score: float
    level: int


@cache
def methods() -> dict[str, Any]:
    """The tables by method: factors with their allowed values, and bands or a matrix."""
    found: dict[str, Any] = json.loads((files("domain.risks") / "data" / "methods.json").read_text(encoding="utf-8"))
    return found


def assess(method: str, factors: Mapping[str, float]) -> Assessment:
    """The level of an event.

    Raises:
        Invalid: an unknown method, a missing factor, or a value that its table does not have.
    """
    table = methods().get(method)
    if table is None:
        raise Invalid(errors=[{"where": "method", "code": "risk_method_unknown", "value": method[:40]}])
    wanted = {f["key"]: f["values"] for f in table["factors"]}
    faults = [
        {"where": f"factors.{key}", "code": "risk_factor", "allowed": ", ".join(str(v) for v in values)}
        for key, values in wanted.items()
        if factors.get(key) not in values
    ]
    faults += [
        {"where": f"factors.{k}", "code": "risk_factor_unknown", "value": k} for k in factors.keys() - wanted.keys()
    ]
    if faults:
        raise Invalid(errors=faults)
    values = [float(factors[key]) for key in wanted]
    if "matrix" in table:
        level = int(table["matrix"][int(values[0]) - 1][int(values[1]) - 1])
        return Assessment(float(level), level)
    score = 1.0
    for value in values:
        score *= value
    score = round(score, 4)
    return Assessment(score, next(level for least, level in table["bands"] if score >= least))


def check_control(level: int, control: int) -> None:
    """Control level 1 公司, 2 部门, 3 车间, 4 班组: the higher the risk the higher who controls it (M8.5).

    Raises:
        Invalid: lower than the risk level asks for.
    """
    if control > level:
        raise Invalid(errors=[{"where": "control_level", "code": "control_too_low", "least": level, "value": control}])
