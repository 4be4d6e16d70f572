"""``twin positioning ...``: recordings through the engine, and calibration of radio maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from realtime.positioning import anchors, radiomap, recordings, replay
from realtime.positioning.engine import Engine
from realtime.positioning.recordings import RecordingUnreadable
from realtime.positioning.types import Kind, Records, State, measurements

app = typer.Typer(name="positioning", no_args_is_help=True, help="人员定位 · positioning")
replay_app = typer.Typer(no_args_is_help=True, help="回放录制数据 · run a recording through the engine")
calibrate_app = typer.Typer(no_args_is_help=True, help="标定 · calibrate")
app.add_typer(replay_app, name="replay")
app.add_typer(calibrate_app, name="calibrate")

_Out = Annotated[Path, typer.Option("--out", help="输出文件 · file to write")]
_Score = Annotated[Path | None, typer.Option("--score", help="真值文件 · file with the true places")]
_Sensors = Annotated[Path, typer.Option("--sensors", help="接收器坐标 JSON · positions of the receivers")]


def uwb_batch(path: Path, ids: tuple[str, ...]) -> Records:
    """A range recording as measurements of badge 0; unknown anchors get row -1, which the engine refuses."""
    columns = recordings.read_columns(path, ("t_s", "range_m"), names=("anchor",))
    rows = {name: row for row, name in enumerate(ids)}
    anchor = [rows.get(name, -1) for name in columns["anchor"]]
    return measurements(len(anchor), kind=Kind.RANGE, anchor=anchor, time=columns["t_s"], value=columns["range_m"])


def ble_batch(path: Path, ids: tuple[str, ...]) -> Records:
    """An RSSI recording as measurements of badge 0."""
    columns = recordings.read_columns(path, ("t_s", "rssi_dbm"), names=("sensor",))
    rows = {name: row for row, name in enumerate(ids)}
    anchor = [rows.get(name, -1) for name in columns["sensor"]]
    return measurements(len(anchor), kind=Kind.RSSI, anchor=anchor, time=columns["t_s"], value=columns["rssi_dbm"])


def uwb_engine(positions: dict[str, list[float]], tag_height: float) -> Engine:
    """The engine with default settings for one badge among UWB anchors."""
    return Engine(anchors.table(positions), 1, tag_height=tag_height)


def ble_engine(positions: dict[str, list[float]], calibration: dict[str, Any]) -> Engine:
    """The engine with default settings for one badge in one calibrated BLE field."""
    field = radiomap.from_json(calibration, list(positions))
    return Engine(anchors.table(positions, maps=[list(positions)]), 1, ble_maps=[field])


def survey(paths: list[Path], ids: tuple[str, ...]) -> radiomap.Survey:
    """Readings with true places; rows of unknown receivers and rows that are no numbers are left out."""
    sensor, rssi, place = [], [], []
    rows = {name: row for row, name in enumerate(ids)}
    for path in paths:
        columns = recordings.read_columns(path, ("rssi_dbm", "true_x_m", "true_y_m"), names=("sensor",))
        z = columns.get("true_z_m", np.full(len(columns["sensor"]), 1.2))
        sensor.append(np.array([rows.get(name, -1) for name in columns["sensor"]], np.int64))
        rssi.append(columns["rssi_dbm"])
        place.append(np.stack([columns["true_x_m"], columns["true_y_m"], z], axis=1))
    every = radiomap.Survey(np.concatenate(sensor), np.concatenate(rssi), np.concatenate(place))
    good = (every.sensor >= 0) & np.isfinite(every.rssi) & np.isfinite(every.place).all(axis=1)
    return radiomap.Survey(every.sensor[good], every.rssi[good], every.place[good])


@replay_app.command("uwb")
def replay_uwb(
    ranges: Annotated[Path, typer.Argument(help="t_s, anchor, range_m")],
    anchors_file: Annotated[Path, typer.Option("--anchors", help="基站坐标 JSON · positions of the anchors")],
    out: _Out,
    tag_height: Annotated[float, typer.Option("--tag-height", help="标签离地高度 · height of the badge, m")] = 1.0,
    score: _Score = None,
) -> None:
    """回放 UWB 测距 · run UWB ranges, 10 fixes a second."""
    positions = recordings.read_positions(anchors_file)
    engine = uwb_engine(positions, tag_height)
    _finish(engine, replay.run(engine, uwb_batch(ranges, engine.anchors.ids), replay.UWB_RATE), out, score)


@replay_app.command("ble")
def replay_ble(
    rows: Annotated[Path, typer.Argument(help="t_s, sensor, rssi_dbm")],
    sensors: _Sensors,
    calibration: Annotated[Path, typer.Option("--calibration", help="标定文件 · made by calibrate ble")],
    out: _Out,
    score: _Score = None,
) -> None:
    """回放蓝牙信号强度 · run BLE signal strengths, 2 fixes a second."""
    positions = recordings.read_positions(sensors)
    try:
        engine = ble_engine(positions, recordings.read_json(calibration))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordingUnreadable(path=str(calibration), detail=str(error)) from error
    _finish(engine, replay.run(engine, ble_batch(rows, engine.anchors.ids), replay.BLE_RATE), out, score)


@calibrate_app.command("ble")
def calibrate_ble(
    rows: Annotated[list[Path], typer.Argument(help="t_s, sensor, rssi_dbm, true_x_m, true_y_m[, true_z_m]")],
    sensors: _Sensors,
    out: _Out,
) -> None:
    """标定蓝牙信号地图 · fit the radio map from surveyed walks."""
    positions = recordings.read_positions(sensors)
    ids = tuple(positions)
    readings = survey(rows, ids)
    field = radiomap.fit(readings, np.array([positions[i] for i in ids]))
    out.write_text(json.dumps(radiomap.to_json(field, list(ids))), encoding="utf-8")
    typer.echo(f"{readings.rssi.size} rows, {len(ids)} sensors, {field.shape[0]} x {field.shape[1]} cells -> {out}")


def _finish(engine: Engine, fixes: Records, out: Path, truth: Path | None) -> None:
    """Write the fixes, say what was refused, and print the score when the truth is given."""
    recordings.write_fixes(out, fixes, {int(s): s.name.lower() for s in State})
    refused = ", ".join(f"{name} {count}" for name, count in engine.refused().items() if count)
    typer.echo(f"{fixes.size} fixes -> {out}" + (f" (refused: {refused})" if refused else ""))
    if truth is None:
        return
    found = replay.score(fixes, *recordings.read_truth(truth))
    if found is None:
        raise RecordingUnreadable(path=str(truth), detail="t_s")
    typer.echo(
        f"P50 {found.p50:.2f} m  P95 {found.p95:.2f} m  max {found.worst:.2f} m  "
        f"within 3 m {found.within3:.2%}  within 5 m {found.within5:.2%}  "
        f"r95 covers {found.covered:.1%}  judged {found.judged}"
    )
