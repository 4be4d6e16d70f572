"""Files of recordings: ranges, RSSI rows, anchors, truth (formats of ``shared/data``), and the fixes written back."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from realtime.positioning.types import Floats, Records
from twin.errors import TwinError


class RecordingUnreadable(TwinError):
    """A file of a recording is missing, or not in its format."""

    code: ClassVar[str] = "recording_unreadable"
    status: ClassVar[int] = 422


def read_json(path: Path) -> Any:
    """A JSON file.

    Raises:
        RecordingUnreadable: it is missing or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordingUnreadable(path=str(path), detail=str(error)) from error


def read_positions(path: Path) -> dict[str, list[float]]:
    """Fixed devices ``{id: [x, y, z]}`` or ``{id: {"xyz_m": [x, y, z]}}`` in m.

    Raises:
        RecordingUnreadable: it is missing, or a position is not three numbers.
    """
    data = read_json(path)
    try:
        raw = {str(key): value["xyz_m"] if isinstance(value, dict) else value for key, value in data.items()}
        out = {key: [float(v) for v in value] for key, value in raw.items()}
        if not out or any(len(value) != 3 or not np.isfinite(value).all() for value in out.values()):
            raise ValueError("x, y, z")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordingUnreadable(path=str(path), detail=f"{{id: [x, y, z]}}: {error}") from error
    return out


def read_columns(path: Path, needed: Iterable[str], names: Iterable[str] = ()) -> dict[str, Any]:
    """Columns of a CSV file with a heading; those in ``names`` as lists of text, all others as numbers (NaN where none
    is).

    Raises:
        RecordingUnreadable: it is missing or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, heading = list(reader), list(reader.fieldnames or [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingUnreadable(path=str(path), detail=str(error)) from error
    text = set(names)
    missing = [name for name in (*needed, *text) if name not in heading]
    if missing:
        raise RecordingUnreadable(path=str(path), detail=f"- {', '.join(missing)}")
    return {
        name: [row[name] or "" for row in rows] if name in text else np.array([_number(row[name]) for row in rows])
        for name in heading
        if name is not None
    }


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def read_truth(path: Path) -> tuple[Floats, Floats]:
    """Times (n,) and places (n, 2) of a truth file, ascending, NaN where it must not be judged (``rtk_fixed`` is not
    1).

    Columns ``t_s`` and ``x_m, y_m`` or ``true_x_m, true_y_m``; repeated instants count once.

    Raises:
        RecordingUnreadable: it is missing or lacks a column.
    """
    columns = read_columns(path, ("t_s",))
    prefix = "true_" if "true_x_m" in columns else ""
    if f"{prefix}x_m" not in columns or f"{prefix}y_m" not in columns:
        raise RecordingUnreadable(path=str(path), detail="- x_m, y_m")
    time, first = np.unique(columns["t_s"], return_index=True)
    place = np.stack([columns[f"{prefix}x_m"], columns[f"{prefix}y_m"]], axis=1)[first]
    if "rtk_fixed" in columns:
        place[columns["rtk_fixed"][first] != 1] = np.nan
    return time, place


def write_fixes(path: Path, fixes: Records, state_names: dict[int, str]) -> None:
    """Write ``t_s, x_m, y_m, r95_m, state``; ``t_s`` is the instant for which the fix was published."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("t_s", "x_m", "y_m", "r95_m", "state"))
        for fix in fixes:
            numbers = (fix["published"], fix["x"], fix["y"], fix["r95"])
            writer.writerow((*(f"{n:.3f}" for n in numbers), state_names[int(fix["state"])]))
