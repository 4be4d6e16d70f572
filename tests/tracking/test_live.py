"""The tracking process from outside: measurements over each transport, positions on the hub and in the tracks."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from gis_assets.sites.demo.frame import to_lonlat, to_position
from gis_assets.sites.demo.watch import anchors

from realtime.tracking.messages import FIX_DEGREES, Kind, encode, wire
from realtime.tracking.sources.sockets import local_path
from tests.conftest import Enterprise, SignIn
from tests.ingest.support import eventually
from tests.tracking.support import Running, people, report, running
from twin import clock
from twin.settings import Settings


@pytest.fixture(scope="module")
def anyone() -> dict[str, UUID]:
    return {}


@asynccontextmanager
async def live(database: Settings, enterprise: Enterprise, **changes: Any) -> AsyncIterator[Running]:
    async with running(database, **changes) as unit:
        await eventually(lambda: enterprise.id in unit.tracking.plants)
        await eventually(lambda: unit.listens(local_path(database)))
        yield unit


def control_room(where: tuple[float, float], level: int = 2) -> list[list[Any]]:
    """Ranges from a place in the control building (site frame, m) to the anchors of its floor."""
    z = (level - 1) * 4.5 + 1.0
    return [
        [a.code, float(np.sqrt((a.x - where[0]) ** 2 + (a.y - where[1]) ** 2 + (a.z - z) ** 2))]
        for a in anchors()
        if a.floor == f"BD-04-F{level}"
    ]


@pytest.mark.req("M10.1", "S2")
async def test_from_each_transport_to_the_screen_and_the_track(
    database: Settings, enterprise: Enterprise, sign_in: SignIn
) -> None:
    first, second, third, fourth = await people(enterprise.id, 4)
    where = (-110.0, -160.0)
    began = clock.now()
    async with live(database, enterprise) as unit:
        _, tcp = await asyncio.open_connection("127.0.0.1", unit.tcp)
        admin = await sign_in("system_admin")
        for _ in range(12):
            now = clock.timestamp()
            unit.send(report(now, {"badge": "P-0001", "ranges": control_room(where)}))
            records = wire(1, badge=b"P-0002", kind=FIX_DEGREES, source=2, time=now, sigma=0.5)
            records["x"], records["y"] = to_lonlat(10.0, 60.0)
            frame = encode("GNSS-1", records)
            tcp.write(struct.pack(">I", len(frame)) + frame)
            fix = {"x": 12.0, "y": 62.0, "source": "vendor", "floor": 0}
            answer = await admin.post(
                "/api/positions/batch",
                json={"gateway": "HTTP-1", "t": now, "badges": [{"badge": "P-0003", "fix": fix, "battery": 55.0}]},
            )
            assert answer.status_code == 202, answer.text
            binary = wire(8, badge=b"P-0004", kind=Kind.RANGE, time=now)
            for i, (code, d) in enumerate(control_room(where, 3)):
                binary["anchor"][i], binary["value"][i] = code.encode(), d
            answer = await admin.post("/api/positions/raw", content=encode("BIN", binary))
            assert answer.status_code == 202
            await asyncio.sleep(0.1)
        wanted = {str(i) for i in (first, second, third, fourth)}
        await eventually(lambda: unit.shown(enterprise.id).keys() >= wanted)
        await eventually(lambda: unit.shown(enterprise.id)[str(fourth)]["floor"] == "BD-04-F3")
        seen = unit.shown(enterprise.id)
        tcp.close()
    one = seen[str(first)]
    assert one["floor"] == "BD-04-F2" and one["class"] == "employee" and one["name"] == "张1" and one["source"] == "uwb"
    lon, lat, h = to_position(*where, 4.5)
    assert abs(one["lon"] - lon) < 1e-5 and abs(one["lat"] - lat) < 1e-5 and abs(one["h"] - h) < 0.3
    assert one["r95"] < 3.0 and 0.0 <= one["age"] <= 5.0 and one["t"] >= began.timestamp() and one["zone"]
    assert seen[str(second)]["source"] == "gnss" and seen[str(third)]["source"] == "vendor"
    assert abs(seen[str(third)]["lon"] - to_lonlat(12.0, 62.0)[0]) < 1e-7 and seen[str(third)]["floor"] is None
    # What was seen is in the tracks, for those who may see it.
    leader = await sign_in("leader")
    period = {"from": began.isoformat(), "to": (clock.now() + timedelta(seconds=1)).isoformat()}
    answer = await leader.get("/api/tracks", params={"subjects": str(first), **period})
    assert answer.status_code == 200, answer.text
    (track,) = answer.json()["items"]
    assert track["points"] and track["points"][-1][9] == "BD-04-F2" and abs(track["points"][-1][1] - lon) < 1e-5
    assert (
        await (await sign_in("visitor")).get("/api/tracks", params={"subjects": str(first), **period})
    ).status_code == 403
    assert (await leader.post("/api/positions/batch", json={"gateway": "x", "badges": []})).status_code == 403


async def test_what_is_no_report_is_refused(sign_in: SignIn) -> None:
    admin = await sign_in("system_admin")
    bad = await admin.post("/api/positions/batch", json={"gateway": "x", "badges": [{"badge": 3, "ranges": "far"}]})
    assert bad.status_code == 422
    away = await admin.post("/api/positions/batch", json={"gateway": "x", "badges": []})
    assert away.status_code == 503  # nobody tracks: the sender must know
    found = (await admin.get("/api/positions/schema")).json()
    assert {"gateway", "badges", "t", "references"} <= found["properties"].keys()
