"""What the screens are told of changes: the last one of a zone, also when two have the same instant."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from realtime.hub.ingest import Publisher
from realtime.risk.living import EngineTime
from realtime.risk.server import PlantRisk
from realtime.risk.types import Change

PLANT = UUID(int=1)


def change(zone: str, at: float, level: int) -> Change:
    return Change(zone=zone, at=at, before=4, after=level, own=level, causes=(), child=None, override=False)


def shown(publisher: Publisher) -> dict[str, Any]:
    (stream,) = publisher._newest.values()
    return {zone: value["level"] for zone, (_, value) in stream.items() if isinstance(value, dict)}


def test_the_later_of_two_changes_at_one_instant_stays(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "no-hub.sock")
    plant = PlantRisk(PLANT, publisher, EngineTime())
    plant.show([change("A", 10.0, 1), change("B", 10.0, 2), change("A", 10.0, 3)])
    assert shown(publisher) == {"A": 3, "B": 2}
    plant.show([change("A", 10.0, 2)])
    plant.show([change("B", 9.0, 4)])  # a clock that was set back
    assert shown(publisher) == {"A": 2, "B": 4}
