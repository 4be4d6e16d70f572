"""Methods: levels from the tables of the domain reference, checked by hand, and control that never sits too low."""

from __future__ import annotations

from itertools import product

import pytest

from domain.risks.methods import assess, check_control, methods
from twin.errors import Invalid


def _ls(likelihood: int, severity: int) -> int:
    r = likelihood * severity
    return 1 if 20 <= r <= 25 else 2 if 15 <= r <= 16 else 3 if 9 <= r <= 12 else 4


def test_every_cell_of_ls() -> None:
    for likelihood, severity in product(range(1, 6), repeat=2):
        assert assess("LS", {"L": likelihood, "S": severity}).level == _ls(likelihood, severity)


@pytest.mark.parametrize(
    ("factors", "score", "level"),
    [
        ({"L": 10, "E": 10, "C": 100}, 10_000, 1),
        ({"L": 3, "E": 6, "C": 40}, 720, 1),
        ({"L": 1, "E": 6, "C": 40}, 240, 2),
        ({"L": 3, "E": 6, "C": 7}, 126, 3),
        ({"L": 3, "E": 3, "C": 7}, 63, 4),
        ({"L": 0.1, "E": 0.5, "C": 1}, 0.05, 4),
    ],
)
def test_lec(factors: dict[str, float], score: float, level: int) -> None:
    found = assess("LEC", factors)
    assert (found.score, found.level) == (score, level)


def test_worse_factors_never_give_a_better_level() -> None:
    for name, table in methods().items():
        axes = [sorted(f["values"]) for f in table["factors"]]
        keys = [f["key"] for f in table["factors"]]
        for values in product(*axes):
            here = assess(name, dict(zip(keys, values, strict=True))).level
            for n, axis in enumerate(axes):
                if values[n] != axis[-1]:
                    worse = [*values]
                    worse[n] = axis[axis.index(values[n]) + 1]
                    assert assess(name, dict(zip(keys, worse, strict=True))).level <= here


@pytest.mark.parametrize("factors", [{}, {"L": 6, "S": 1}, {"L": 2.5, "S": 1}, {"L": 1, "S": 1, "X": 1}])
def test_values_outside_the_tables_are_refused(factors: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        assess("LS", factors)


def test_control_is_never_below_the_risk() -> None:
    for level, control in product(range(1, 5), repeat=2):
        if control <= level:
            check_control(level, control)
        else:
            with pytest.raises(Invalid):
                check_control(level, control)
