"""Weights, forecast and score of the early-warning index, against worked examples."""

from __future__ import annotations

import pytest

from domain.early_warning import ahp
from domain.early_warning.forecast import forecast, moving_average
from domain.early_warning.model import IndexModelBody
from domain.early_warning.score import score, within
from twin.registry.indicator import Indicator, IndicatorRow, Reading
from twin.registry.layer import Text


def test_weights_and_ratio_of_a_worked_example() -> None:
    # Saaty's own: principal eigenvalue 3.0385, CR 0.033.
    matrix = [[1, 3, 5], [1 / 3, 1, 3], [1 / 5, 1 / 3, 1]]
    assert ahp.weights(matrix) == pytest.approx([0.637, 0.258, 0.105], abs=5e-4)
    assert ahp.consistency_ratio(matrix) == pytest.approx(0.0332, abs=5e-4)
    perfect = [[1, 2, 4], [1 / 2, 1, 2], [1 / 4, 1 / 2, 1]]
    assert ahp.consistency_ratio(perfect) == pytest.approx(0, abs=1e-9)
    circle = [[1, 9, 1 / 9], [1 / 9, 1, 9], [9, 1 / 9, 1]]
    assert ahp.consistency_ratio(circle) > 1


def test_the_form_of_a_matrix() -> None:
    assert ahp.faults([[1, 3], [1 / 3, 1]], 2) is None
    assert ahp.faults([[1, 3], [0.333, 1]], 2) is None  # as people type it
    assert ahp.faults([[1, 3]], 2) == "shape"
    assert ahp.faults([[1, 12], [1 / 12, 1]], 2) == "scale"
    assert ahp.faults([[2, 3], [1 / 3, 1]], 2) == "diagonal"
    assert ahp.faults([[1, 3], [3, 1]], 2) == "reciprocal"


def test_the_shipped_model_is_consistent() -> None:
    model = IndexModelBody()
    assert ahp.faults(model.matrix, 10) is None
    assert ahp.consistency_ratio(model.matrix) < ahp.LIMIT
    assert sum(model.weights().values()) == pytest.approx(1)
    assert [model.level(v) for v in (100, 90, 89.9, 75, 60, 59.9)] == [4, 4, 3, 3, 2, 1]


def test_forecast_and_its_band() -> None:
    assert moving_average([1, 2, 3], 3) == pytest.approx([2, 7 / 3, 22 / 9])
    assert forecast([80, 90], 5) == []
    flat = forecast([80.0] * 10, 2)
    assert [s.value for s in flat] == [80, 80] and flat[0].band == (80, 80)
    # A line that rises by 1: the average of three lags by 2, every time.
    steps = forecast([float(v) for v in range(50, 60)], 6)
    assert steps[0].value == 58 and steps[0].error == pytest.approx(2) and steps[0].errors == 7
    assert steps[0].band == pytest.approx((58 - 1.96 * 2, 58 + 1.96 * 2))
    assert steps[5].error is None and steps[5].band is None  # too few past errors: not said


async def _nothing(*_: object) -> Reading:
    return Reading([], 0)


def _indicator(key: str, aspect: str, **more: object) -> Indicator:
    values = {"how": "sum", "coefficient": 10.0, **more}
    return Indicator(
        key, aspect, Text(key, key), Text("", ""), "t", "", query=_nothing, target=0, owner="manager", **values
    )  # type: ignore[arg-type]


def test_aspects_without_data_are_left_out_openly() -> None:
    declared = {
        "late": _indicator("late", "hazards"),
        "rate": _indicator("rate", "alarms", how="share", best=100.0, higher=True, coefficient=0.5),
        "zones": _indicator("zones", "layout"),
        "major": _indicator("major", "hazards", veto=True, coefficient=0.0),
    }
    row = IndicatorRow("x", "hazard", "1", 1.0, zones=("Z-1",))
    readings = {
        "late": Reading([row, row], 9),
        "rate": Reading([IndicatorRow("a", "p", "1", 1.0, 3.0), IndicatorRow("b", "p", "2", 0.0, 1.0)], 4),
        "zones": Reading([], 0),
        "major": Reading([], 9),
    }
    model = IndexModelBody(method="direct", direct={"hazards": 0.5, "alarms": 0.25, "layout": 0.25})
    found = score(model, declared, readings)
    aspects = {a.key: a for a in found.aspects}
    assert (aspects["hazards"].score, aspects["alarms"].score) == (80, 87.5)
    assert (aspects["layout"].state, aspects["layout"].share, aspects["layout"].weight) == ("no_data", 0, 0.25)
    assert aspects["fire"].state == "no_module" and aspects["fire"].score is None
    assert (aspects["hazards"].share, aspects["alarms"].share) == pytest.approx((2 / 3, 1 / 3))
    assert found.value == pytest.approx(80 * 2 / 3 + 87.5 / 3) and found.vetoes == ()

    stopped = score(model, declared, {**readings, "major": Reading([row], 9)})
    assert (stopped.value, stopped.level, stopped.vetoes) == (59, 1, ("major",))
    assert stopped.uncapped == pytest.approx(found.value)
    off = score(
        IndexModelBody(**{**model.model_dump(), "vetoes": {"major": False}}), declared, {"major": Reading([row], 9)}
    )
    assert off.vetoes == ()
    elsewhere = score(model, declared, within(readings, ["Z-2"]))
    assert {a.key: a.score for a in elsewhere.aspects if a.score is not None} == {"hazards": 100}


def test_nothing_at_all_gives_no_number() -> None:
    assert score(IndexModelBody(), {"late": _indicator("late", "hazards")}, {}).value is None
