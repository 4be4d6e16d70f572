"""A pressed button, from the gateway's datagram to the alarm: place, age, those in charge told (clause M10.6)."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from realtime.tracking.sources.sockets import local_path
from tests.conftest import Enterprise, SignIn
from tests.ingest.support import eventually
from tests.tracking.support import people, report, running
from tests.tracking.test_live import control_room
from twin import clock
from twin.db.uow import unit_of_work
from twin.settings import Settings


@pytest.mark.req("M10.6")
async def test_the_button_raises_an_alarm_with_place_and_age(
    database: Settings, enterprise: Enterprise, sign_in: SignIn
) -> None:
    (who, *_) = await people(enterprise.id, 2)
    control = await sign_in("control")
    async with running(database) as unit:
        await eventually(lambda: enterprise.id in unit.tracking.plants)
        await eventually(lambda: unit.listens(local_path(database)))
        for _ in range(12):
            unit.send(report(clock.timestamp(), {"badge": "P-0001", "ranges": control_room((-110.0, -160.0))}))
            await asyncio.sleep(0.1)
        await eventually(lambda: str(who) in unit.shown(enterprise.id))
        pressed = clock.now()
        for _ in range(3):  # the badge repeats itself: it is one alarm
            unit.send(report(clock.timestamp(), {"badge": "P-0001", "sos": True}))

        async with asyncio.timeout(20):
            found = []
            while not found:
                async with unit_of_work(enterprise.id) as uow:
                    rows = await uow.session.execute(text("SELECT * FROM alarm WHERE type = 'sos'"))
                    found = list(rows.mappings())
                await asyncio.sleep(0.02)
        inbox = (await control.get("/api/inbox")).json()
    (alarm,) = found
    assert alarm["subject_id"] == who and alarm["grade"] == 1 and alarm["floor_code"] == "BD-04-F2"
    assert alarm["zone_code"] and alarm["lon"] is not None and alarm["lat"] is not None
    assert (clock.now() - pressed).total_seconds() < 20
    assert any("张1" in str(item) for item in (inbox if isinstance(inbox, list) else inbox["items"]))


async def test_a_zone_that_falls_short_raises_an_alarm(database: Settings, enterprise: Enterprise) -> None:
    from realtime.tracking import alarms
    from realtime.tracking.health import Figures, Verdict

    bad = Figures("Z-A1", 100, 40, 3.0, 6.2, 0.4, 1.2)
    await alarms.accuracy(enterprise.id, Verdict(bad, True), clock.now())

    async def state() -> list[tuple[str, str]]:
        async with unit_of_work(enterprise.id) as uow:
            rows = await uow.session.execute(
                text("SELECT zone_code, (returned_at IS NULL)::text FROM alarm WHERE type = 'accuracy'")
            )
            return [(row[0], row[1]) for row in rows]

    assert await state() == [("Z-A1", "true")]
    assert await alarms.short_zones(enterprise.id) == {"Z-A1"}, "the next process knows it, and can end it"
    await alarms.accuracy(enterprise.id, Verdict(bad._replace(within=99), False), clock.now())
    assert await state() == [("Z-A1", "false")]
