"""The model of the index: weights, coefficients, bands, vetoes. Every version is kept."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from domain.early_warning import ahp
from twin.registry.indicator import ASPECTS
from twin.text_in import Body

KEYS = tuple(key for key, _ in ASPECTS)
#: How much the aspects matter as the product ships, from which its matrix of comparisons is made.
_MATTERS = {
    "static_risk": 4, "special_operations": 5, "hazards": 5, "layout": 2, "change": 2, "energy": 1, "emergency": 2,
    "training": 2, "fire": 3, "alarms": 5,
}  # fmt: skip


def shipped_matrix() -> list[list[float]]:
    """Comparisons on Saaty's scale, the nearest to the ratios of what the aspects matter."""

    def compare(a: int, b: int) -> float:
        return float(round(a / b)) if a >= b else 1.0 / round(b / a)

    return [[compare(_MATTERS[a], _MATTERS[b]) for b in KEYS] for a in KEYS]


class IndexBands(Body):
    """From which value on the index is blue, yellow, orange; below it is red."""

    blue: Annotated[float, Field(gt=0, le=100)] = 90.0
    yellow: Annotated[float, Field(gt=0, le=100)] = 75.0
    orange: Annotated[float, Field(gt=0, le=100)] = 60.0


class IndexModelBody(Body):
    """Everything that decides on the number.

    ``method`` ``ahp`` takes the weights from ``matrix`` (rows and columns in the order of the aspects), ``direct`` from
    ``direct``. ``coefficients`` holds those that differ from the indicators' own; ``vetoes`` those that are switched.
    """

    method: Literal["ahp", "direct"] = "ahp"
    matrix: Annotated[list[Annotated[list[float], Field(max_length=12)]], Field(max_length=12)] = Field(
        default_factory=shipped_matrix
    )
    direct: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    coefficients: dict[str, Annotated[float, Field(ge=0, le=100)]] = Field(default_factory=dict)
    bands: IndexBands = Field(default_factory=IndexBands)
    vetoes: dict[str, bool] = Field(default_factory=dict)
    veto_cap: Annotated[float, Field(ge=0, lt=100)] = 59.0

    def weights(self) -> dict[str, float]:
        """Weight of every aspect, their sum 1."""
        if self.method == "ahp":
            return dict(zip(KEYS, ahp.weights(self.matrix), strict=True))
        total = math.fsum(self.direct.values())
        return {key: self.direct.get(key, 0.0) / total for key in KEYS}

    def level(self, value: float) -> int:
        """4 blue, 3 yellow, 2 orange, 1 red."""
        bands = self.bands
        return 4 if value >= bands.blue else 3 if value >= bands.yellow else 2 if value >= bands.orange else 1
