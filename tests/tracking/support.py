"""People with badges in the demo's control building, and the messages that their gateways would send."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgpack
import numpy as np
from gis_assets.sites.demo.build import features
from gis_assets.sites.demo.frame import ORIGIN_H, to_lonlat

from realtime.hub.ingest import Publisher
from realtime.positioning.types import Floats
from realtime.tracking.batch import FixBatch, Subject
from realtime.tracking.config import TrackingSettings
from realtime.tracking.frame import SiteFrame
from realtime.tracking.plant import Consumer
from realtime.tracking.server import Tracking
from realtime.tracking.world import AnchorRow, BadgeRow, FloorRow, Plant, World, ZoneRow, build
from tests.ingest.support import quiet_port
from twin import clock
from twin.ids import uuid7
from twin.settings import Settings

_LON, _LAT = to_lonlat(0, 0)
FRAME = SiteFrame(4548, _LON, _LAT, ORIGIN_H)
HOUSE = ((0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0))
#: Four anchors on each of two floors, a reference barometer outdoors (any anchor may carry one).
ANCHORS = tuple(
    AnchorRow(f"A{level}{i}", "uwb", x, y, (level - 1) * 4.5 + 3.0, level)
    for level in (1, 2)
    for i, (x, y) in enumerate(HOUSE)
)


def subject(n: int, kind: str = "person") -> Subject:
    return Subject(UUID(int=n + 1), kind, f"人{n}", "employee" if kind == "person" else "truck", "D1", f"P-{n:04d}")


def world(count: int = 3, anchors: tuple[AnchorRow, ...] = ANCHORS, unbound: int = 0) -> World:
    """A house of two floors with ``count`` people, and some badges that nobody carries."""
    badges = tuple(BadgeRow(f"P-{n:04d}", UUID(int=1000 + n), subject(n)) for n in range(count))
    badges += tuple(BadgeRow(f"U-{n:04d}", UUID(int=9000 + n), None) for n in range(unbound))
    big = ((-100.0, -100.0), (140.0, -100.0), (140.0, 140.0), (-100.0, 140.0))
    zones = (ZoneRow("Z-00", big, -10.0, 100.0, None, 5.0), ZoneRow("Z-H", HOUSE, -1.0, 20.0, "Z-00", 3.0))
    floors = (FloorRow("H-F1", "H", 1, 0.0), FloorRow("H-F2", "H", 2, 4.5))
    return build(Plant(UUID(int=7), FRAME, anchors, {"H": HOUSE}, floors, zones, badges))


def ranges(place: tuple[float, float], level: int = 1, rng: np.random.Generator | None = None) -> list[list[Any]]:
    """Ranges to the anchors of a floor from a badge worn 1 m above it."""
    out = []
    for a in ANCHORS:
        if a.level == level:
            z = (level - 1) * 4.5 + 1.0
            d = float(np.sqrt((a.x - place[0]) ** 2 + (a.y - place[1]) ** 2 + (a.z - z) ** 2))
            out.append([a.code, d + (float(rng.normal(0, 0.1)) if rng is not None else 0.0)])
    return out


def report(t: float, *badges: dict[str, Any], gateway: str = "GW-1", **more: Any) -> bytes:
    return json.dumps({"gateway": gateway, "t": t, "badges": list(badges), **more}).encode()


def of(batch: FixBatch, n: int) -> int:
    """The row of person ``n`` in a batch, -1 when there is none."""
    rows = np.flatnonzero(batch.index == [s.id for s in batch.subjects].index(subject(n).id))
    return int(rows[0]) if rows.size else -1


def place(batch: FixBatch, n: int) -> Floats:
    i = of(batch, n)
    assert i >= 0
    return np.array([batch.x[i], batch.y[i]])


@dataclass
class Running:
    """A tracking process within the test."""

    tracking: Tracking
    publisher: Publisher
    udp: int
    tcp: int
    task: asyncio.Task[None]

    def send(self, message: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(message, ("127.0.0.1", self.udp))

    def listens(self, local: Path) -> bool:
        """Whether all transports are up."""
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            if tcp.connect_ex(("127.0.0.1", self.tcp)) != 0:
                return False
            try:
                udp.bind(("127.0.0.1", self.udp))
            except OSError:
                return local.exists()
        return False

    def shown(self, enterprise: UUID) -> dict[str, dict[str, Any]]:
        """What the hub was told last, by subject."""
        newest = self.publisher._newest.get((enterprise, "positions"), {})
        return {key: msgpack.unpackb(value) for key, (_, value) in newest.items() if isinstance(value, bytes)}


@asynccontextmanager
async def running(
    settings: Settings, beat: float = 0.1, consumers: Sequence[Consumer] = (), **changes: Any
) -> AsyncIterator[Running]:
    """The process's own code on free ports, without a hub."""
    udp, tcp = quiet_port(), quiet_port()
    tracking = TrackingSettings(udp_port=udp, tcp_port=tcp, _env_file=None, **changes)
    async with Publisher(settings.var_dir / "no-hub.sock") as publisher:
        made = Tracking(settings, tracking, publisher, beat=beat, consumers=consumers)
        task = asyncio.create_task(made.run())
        try:
            yield Running(made, publisher, udp, tcp, task)
        finally:
            task.cancel()
            (ended,) = await asyncio.gather(task, return_exceptions=True)
            if isinstance(ended, Exception):
                raise ended


async def people(enterprise: UUID, count: int) -> list[UUID]:
    """The demo plant with ``count`` people who carry the badges P-0001 ...; their ids."""
    from sqlalchemy import text

    from realtime.tracking.models import Badge, BadgeBinding
    from twin.db.uow import unit_of_work
    from twin.spatial.site import load_site

    data = features()
    some = {key: data[key] for key in ("site", "zone", "building", "floor", "anchor")}
    ids = [uuid7() for _ in range(count)]
    async with unit_of_work(enterprise) as uow:
        if not (await uow.session.execute(text("SELECT 1 FROM site LIMIT 1"))).all():
            await load_site(uow, some, [])
        for n, id_ in enumerate(ids, 1):
            badge = Badge(id=uuid7(), enterprise_id=enterprise, code=f"P-{n:04d}")
            uow.session.add(badge)
            await uow.session.flush()
            uow.session.add(
                BadgeBinding(
                    id=uuid7(), enterprise_id=enterprise, badge_id=badge.id, subject_kind="person", subject_id=id_,
                    subject_name=f"张{n}", klass="employee", department="生产部", since=clock.now(),
                )
            )  # fmt: skip
    return ids
