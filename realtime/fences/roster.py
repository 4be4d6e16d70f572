"""What fences need to know of people and vehicles, which the modules that keep them say (submodule ``directory``).

``<pkg>.directory`` has ``async def entries(session) -> list[Entry]``; ``topics`` are the outbox topics that tell of a
change.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry import discover


@dataclass(frozen=True)
class Entry:
    """A person or vehicle.

    Attributes:
        code: personnel number or plate. duty: 岗位. roads: codes of the roads that a vehicle may use, empty for all.
        parking: codes of zones or fences where it may park, empty for anywhere. parking_seconds: how long there.
    """

    id: UUID
    code: str
    duty: str = ""
    roads: tuple[str, ...] = ()
    parking: tuple[str, ...] = ()
    parking_seconds: float | None = None


async def load(session: AsyncSession) -> dict[UUID, Entry]:
    """Everybody and every vehicle of the enterprise."""
    found: dict[UUID, Entry] = {}
    for module in discover.submodules("directory"):
        found |= {entry.id: entry for entry in await module.entries(session)}
    return found


def topics() -> list[str]:
    """Outbox topics that tell of a change."""
    return [topic for module in discover.submodules("directory") for topic in module.TOPICS]
