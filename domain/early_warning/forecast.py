"""Moving-average forecast with a band from its own past errors. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Values of the moving average.
SPAN = 3
#: Errors that a band needs, and how many standard errors it is wide (95 % if they are normal).
LEAST_ERRORS = 5
WIDTH = 1.96


@dataclass(frozen=True)
class Step:
    """A forecast ``ahead`` periods ahead; ``error``: root mean square of ``errors`` past forecasts as far ahead."""

    ahead: int
    value: float
    error: float | None
    errors: int

    @property
    def band(self) -> tuple[float, float] | None:
        """Lower and upper bound in 0..100; None: too few past errors to say."""
        if self.error is None:
            return None
        return max(0.0, self.value - WIDTH * self.error), min(100.0, self.value + WIDTH * self.error)


def moving_average(values: Sequence[float], ahead: int) -> list[float]:
    """MA(3) carried on: each forecast takes the place of the value that is not there yet."""
    run = list(values[-SPAN:])
    for _ in range(ahead):
        run.append(math.fsum(run[-SPAN:]) / SPAN)
    return run[SPAN:]


def forecast(values: Sequence[float], ahead: int) -> list[Step]:
    """Forecasts for the next ``ahead`` periods; none with fewer than three values."""
    if len(values) < SPAN:
        return []
    errors: list[list[float]] = [[] for _ in range(ahead)]
    for origin in range(SPAN, len(values)):
        reach = min(ahead, len(values) - origin)
        for n, guess in enumerate(moving_average(values[:origin], reach)):
            errors[n].append(values[origin + n] - guess)
    steps = []
    for n, value in enumerate(moving_average(values, ahead)):
        found = errors[n]
        enough = len(found) >= LEAST_ERRORS
        error = math.sqrt(math.fsum(e * e for e in found) / len(found)) if enough else None
        steps.append(Step(n + 1, value, error, len(found)))
    return steps
