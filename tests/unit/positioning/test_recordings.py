"""Real recordings (../shared/data) through the engine with default settings: the figures of the promise."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from realtime.positioning import cli, radiomap, recordings
from realtime.positioning.types import Floats
from tests.unit.positioning.recorded import BLE, ROOMS, UWB, WALKS, ble_walk, uwb_walk
from tests.unit.positioning.support import HALL

needs_uwb = pytest.mark.skipif(
    not UWB.is_dir(), reason=f"no real UWB recordings at {UWB}: their figures are NOT checked"
)
needs_ble = pytest.mark.skipif(
    not BLE.is_dir(), reason=f"no real BLE recordings at {BLE}: their figures are NOT checked"
)


@needs_uwb
@pytest.mark.req("S2")
def test_uwb_walks_keep_the_promise() -> None:
    parts = [uwb_walk(name) for name in WALKS]
    errors, r95 = (np.concatenate([p[i] for p in parts]) for i in (1, 2))
    for name, (fixes, _, _) in zip(WALKS, parts, strict=True):
        assert fixes["published"][0] <= 1.0, f"{name}: located only after {fixes['published'][0]} s"
        assert np.diff(fixes["published"]).max() == pytest.approx(0.1), "a fix is missing"
    assert np.quantile(errors, 0.95) <= 1.3
    assert errors.max() <= 3.2
    assert np.mean(errors <= 3.0) >= 0.999
    assert 0.93 <= np.mean(errors <= r95) <= 0.99
    for name, (_, own, ring) in zip(WALKS, parts, strict=True):
        assert 0.93 <= np.mean(own <= ring) <= 0.99, f"{name} alone"


@needs_uwb
@pytest.mark.req("S2")
def test_uwb_at_one_range_per_anchor_and_second_stays_within_five_metres() -> None:
    parts = [uwb_walk(name, every=1.0) for name in WALKS[:2]]
    errors, r95 = (np.concatenate([p[i] for p in parts]) for i in (1, 2))
    assert np.mean(errors <= 5.0) >= 0.995
    assert 0.93 <= np.mean(errors <= r95) <= 0.99


@needs_ble
@pytest.mark.req("S2")
def test_ble_on_walks_that_the_calibration_never_saw() -> None:
    errors, r95 = zip(*(ble_walk(name) for name in ROOMS), strict=True)
    every = np.concatenate(errors)
    assert np.quantile(every, 0.95) <= 3.4
    assert np.mean(every <= 5.0) >= 0.996
    assert 0.93 <= np.mean(every <= np.concatenate(r95)) <= 0.99


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _hall_recording(folder: Path) -> tuple[Path, Path, Path]:
    """A recording of a walk through the hall, with a spike, a row that is no number and an unknown anchor."""
    rng = np.random.default_rng(1)
    anchors, ranges, truth = folder / "anchors.json", folder / "ranges.csv", folder / "truth.csv"
    anchors.write_text("{" + ", ".join(f'"{k}": [{x}, {y}, {z}]' for k, (x, y, z) in HALL.items()) + "}")
    lines, true = ["t_s,anchor,range_m"], ["t_s,x_m,y_m,rtk_fixed"]
    for t in np.arange(0.0, 12.0, 0.1):
        x, y = 6.0 + 1.2 * t, 8.0 + 0.9 * t
        true.append(f"{t:.4f},{x:.3f},{y:.3f},1")
        for name, (ax, ay, az) in HALL.items():
            r = float(np.sqrt((x - ax) ** 2 + (y - ay) ** 2 + (1.0 - az) ** 2) + rng.normal(0, 0.1))
            lines.append(f"{t:.4f},{name},{r + (25.0 if name == 'b' and 5.0 < t < 5.3 else 0.0):.3f}")
    lines += ["11.95,a,broken", "11.96,nobody,3.0"]
    ranges.write_text("\n".join(lines))
    truth.write_text("\n".join(true))
    return ranges, anchors, truth


def test_replay_uwb_command(tmp_path: Path) -> None:
    ranges, anchors, truth = _hall_recording(tmp_path)
    out = tmp_path / "fixes.csv"
    command = ["replay", "uwb", str(ranges), "--anchors", str(anchors), "--tag-height", "1.0", "--out", str(out)]
    result = CliRunner().invoke(cli.app, [*command, "--score", str(truth)])
    assert result.exit_code == 0, result.output
    assert "invalid 1, unknown 1" in result.output
    assert "within 3 m 100.00%  within 5 m 100.00%" in result.output
    rows = _rows(out)
    assert list(rows[0]) == ["t_s", "x_m", "y_m", "r95_m", "state"]
    times = np.array([float(row["t_s"]) for row in rows])
    assert np.diff(times).max() == pytest.approx(0.1)
    assert {row["state"] for row in rows} == {"good"}
    x = np.array([float(row["x_m"]) for row in rows])
    assert np.abs(x - (6.0 + 1.2 * times))[5:].max() < 0.6


def test_calibrate_and_replay_ble_commands(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    sensors = {
        f"s{i}": [float(x), float(y), 2.3] for i, (x, y) in enumerate((x, y) for x in (0, 8, 16) for y in (0, 8, 16))
    }
    (tmp_path / "S.json").write_text("{" + ", ".join(f'"{k}": {{"xyz_m": {v}}}' for k, v in sensors.items()) + "}")

    def record(name: str, path: Floats) -> Path:
        lines = ["t_s,sensor,rssi_dbm,true_x_m,true_y_m,true_z_m"]
        for i, (x, y) in enumerate(path):
            for key, (sx, sy, sz) in sensors.items():
                d = np.sqrt((x - sx) ** 2 + (y - sy) ** 2 + (1.2 - sz) ** 2)
                lines.append(
                    f"{i * 0.25:.3f},{key},{-58 - 20 * np.log10(d) + rng.normal(0, 4):.0f},{x:.3f},{y:.3f},1.2"
                )
        (tmp_path / name).write_text("\n".join(lines))
        return tmp_path / name

    there = record("there.csv", np.stack([np.linspace(1, 15, 80), np.linspace(2, 14, 80)], axis=1))
    back = record("back.csv", np.stack([np.linspace(15, 1, 80), np.full(80, 9.0)], axis=1))
    walk = record("walk.csv", np.stack([np.linspace(2, 14, 120), 8 + 4 * np.sin(np.linspace(0, 3, 120))], axis=1))
    made, out = tmp_path / "C.json", tmp_path / "fixes.csv"
    common = ["--sensors", str(tmp_path / "S.json")]
    result = CliRunner().invoke(cli.app, ["calibrate", "ble", str(there), str(back), *common, "--out", str(made)])
    assert result.exit_code == 0, result.output
    command = ["replay", "ble", str(walk), *common, "--calibration", str(made), "--out", str(out), "--score", str(walk)]
    result = CliRunner().invoke(cli.app, command)
    assert result.exit_code == 0, result.output
    assert "within 5 m 100.00%" in result.output
    times = np.array([float(row["t_s"]) for row in _rows(out)])
    assert np.diff(times) == pytest.approx(0.5)


def test_unreadable_files_are_said_in_words(tmp_path: Path) -> None:
    ranges, anchors, _ = _hall_recording(tmp_path)
    with pytest.raises(recordings.RecordingUnreadable):
        recordings.read_positions(tmp_path / "missing.json")
    with pytest.raises(recordings.RecordingUnreadable):
        recordings.read_columns(anchors, ("t_s",))
    with pytest.raises(recordings.RecordingUnreadable):
        recordings.read_truth(ranges)
    bad = tmp_path / "bad.json"
    bad.write_text('{"a": [1, 2]}')
    with pytest.raises(recordings.RecordingUnreadable):
        recordings.read_positions(bad)
    with pytest.raises(ValueError, match="not calibrated"):
        radiomap.from_json({"format": radiomap.FORMAT, "sensors": {}}, ["a"])
