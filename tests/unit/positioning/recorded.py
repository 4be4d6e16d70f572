"""The real recordings (``../shared/data``) through the engine with default settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from realtime.positioning import cli, radiomap, recordings, replay
from realtime.positioning.types import Floats, Records

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
UWB, BLE = DATA / "uwb-walks", DATA / "ble-rssi"
WALKS = ("los_trajectory_a_case_1", "los_trajectory_b_case_3", "nlos_trajectory_a_case_1", "nlos_trajectory_b_case_3")
ROOMS = ("rectangular_with_rotation", "straight_01", "straight_03", "straight_05", "zigzagging_without_rotation")
#: Height of the badge in the UWB walks, m.
HEIGHT = 1.0


def uwb_ranges(name: str, every: float = 0.0) -> tuple[Records, dict[str, list[float]]]:
    """Ranges of a UWB walk, thinned to one per anchor and ``every`` s, and the anchors' positions in m."""
    positions = recordings.read_positions(UWB / f"{name}.anchors.json")
    batch = cli.uwb_batch(UWB / f"{name}.ranges.csv", tuple(positions))
    if every:
        last, keep = dict.fromkeys(range(len(positions)), -np.inf), []
        for i, row in enumerate(batch):
            if row["time"] - last[int(row["anchor"])] >= every:
                last[int(row["anchor"])] = float(row["time"])
                keep.append(i)
        batch = batch[keep]
    return batch, positions


def uwb_walk(name: str, every: float = 0.0) -> tuple[Records, Floats, Floats]:
    """Fixes, errors (m) and judged r95 (m) of a UWB walk."""
    batch, positions = uwb_ranges(name, every)
    fixes = replay.run(cli.uwb_engine(positions, HEIGHT), batch, replay.UWB_RATE)
    errors, judged = replay.errors(fixes, *recordings.read_truth(UWB / f"{name}.truth.csv"))
    return fixes, errors, fixes["r95"][judged]


def ble_walk(name: str) -> tuple[Floats, Floats]:
    """Errors (m) and judged r95 (m) of a BLE walk in a field that was calibrated on the other walks."""
    positions = recordings.read_positions(BLE / "sensors.json")
    others = [BLE / f"{other}.csv" for other in ROOMS if other != name]
    field = radiomap.fit(cli.survey(others, tuple(positions)), np.array(list(positions.values())))
    engine = cli.ble_engine(positions, radiomap.to_json(field, list(positions)))
    fixes = replay.run(engine, cli.ble_batch(BLE / f"{name}.csv", engine.anchors.ids), replay.BLE_RATE)
    errors, judged = replay.errors(fixes, *recordings.read_truth(BLE / f"{name}.csv"))
    return errors, fixes["r95"][judged]
