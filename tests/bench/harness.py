"""What every benchmark uses: rows that stand beside a peer, and rounds that alternate so that a busy machine hurts both alike.

A benchmark is a module ``tests/bench/bench_<name>.py`` with ``rows() -> list[Row]``; ``scripts/bench.py`` finds it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Row:
    """A figure beside its peer.

    Attributes:
        ours, peer: the two figures in ``unit``; ``peer`` None compares with the goal alone.
        goal: what ``ratio`` (ours / peer) must reach, or ``ours`` itself without a peer; None asks nothing.
    """

    name: str
    unit: str
    ours: float
    peer: float | None
    peer_name: str
    better: Literal["higher", "lower"]
    goal: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours as a multiple of the peer's."""
        return None if not self.peer else self.ours / self.peer

    @property
    def holds(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        if self.goal is None:
            return None
        figure = self.ours if self.ratio is None else self.ratio
        return figure >= self.goal if self.better == "higher" else figure <= self.goal

    def as_json(self) -> dict[str, Any]:
        """The row as it is written to ``var/bench``."""
        return {**asdict(self), "ratio": self.ratio, "holds": self.holds}


def interleave(*runs: Callable[[], float], rounds: int = 5, of: Callable[[list[float]], float] = min) -> list[float]:
    """Run each of ``runs`` in turn, ``rounds`` times; the ``of`` (best) figure of each. Best of alternating rounds resists noise."""
    figures: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for mine, run in zip(figures, runs, strict=True):
            mine.append(run())
    return [of(mine) for mine in figures]


def seconds(act: Callable[[], Any], repeat: int = 1) -> float:
    """Seconds per call of ``act`` over ``repeat`` calls."""
    start = time.perf_counter()
    for _ in range(repeat):
        act()
    return (time.perf_counter() - start) / repeat


def quantile(values: list[float], share: float) -> float:
    """The value below which ``share`` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def write(name: str, rows: list[Row], folder: Path) -> None:
    """Write one JSON file per benchmark."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(
        json.dumps([row.as_json() for row in rows], indent=2, ensure_ascii=False) + "\n"
    )
