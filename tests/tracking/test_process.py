"""The process as a whole: restarts, MQTT, vendors' own messages, the demo's crowd, the forensic window."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import aiomqtt
import numpy as np
import orjson
import pytest
import pytest_asyncio
from gis_assets.sites.demo.build import features
from gis_assets.sites.demo.frame import to_local

from realtime.fences.runner import FenceRunner
from realtime.positioning import radiomap
from realtime.simulators.broker import DemoBroker
from realtime.simulators.crowd import Crowd
from realtime.simulators.crowd_server import CrowdServer
from realtime.tracking import raw
from realtime.tracking.batch import FixBatch
from realtime.tracking.server import ClockSet
from realtime.tracking.sources.mqtt import MqttSource
from realtime.tracking.sources.sockets import local_path
from realtime.tracking.tracker import Call
from realtime.tracking.vendors import load
from realtime.tracking.world import fields
from tests.conftest import Enterprise, SignIn
from tests.fences.support import Hub
from tests.ingest.support import eventually, quiet_port
from tests.tracking.support import Running, people, report, running
from tests.tracking.test_live import control_room
from twin import clock
from twin.settings import Settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def staff(database: Settings, enterprise: Enterprise) -> list[UUID]:
    return await people(enterprise.id, 41)  # the crowd below carries the first 40


@asynccontextmanager
async def up(database: Settings, enterprise: Enterprise, **changes: object) -> AsyncIterator[Running]:
    async with running(database, **changes) as unit:  # type: ignore[arg-type]
        await eventually(lambda: enterprise.id in unit.tracking.plants)
        await eventually(lambda: unit.listens(local_path(database)))
        yield unit


async def seen(unit: Running, enterprise: Enterprise, who: UUID) -> dict[str, object]:
    await eventually(lambda: str(who) in unit.shown(enterprise.id))
    return unit.shown(enterprise.id)[str(who)]


def where(value: dict[str, object]) -> np.ndarray:
    return np.array(to_local(float(value["lon"]), float(value["lat"]))[:2])  # type: ignore[arg-type]


async def test_a_restarted_process_goes_on_without_a_jump(
    database: Settings, enterprise: Enterprise, staff: list[UUID]
) -> None:
    async with up(database, enterprise) as unit:
        for _ in range(12):
            unit.send(report(clock.timestamp(), {"badge": "P-0001", "ranges": control_room((-110.0, -160.0))}))
            await asyncio.sleep(0.1)
        before = await seen(unit, enterprise, staff[0])
    async with up(database, enterprise) as again:
        after = await seen(again, enterprise, staff[0])  # nothing was sent: it is what the last run knew, with its age
    assert np.hypot(*(where(after) - where(before))) < 0.5
    assert after["floor"] == before["floor"] == "BD-04-F2" and after["zone"] == before["zone"]
    assert float(after["t"]) == pytest.approx(float(before["t"]), abs=1.0)  # type: ignore[arg-type]
    assert after["state"] in ("degraded", "good", "held", "stale")
    # A state that cannot be read is no reason not to start.
    path = database.var_dir / "tracking" / str(enterprise.id) / "state.npz"
    path.write_bytes(b"broken")
    async with up(database, enterprise) as fresh:
        assert fresh.shown(enterprise.id) == {}


async def test_a_clock_that_is_set_back_ends_the_process_and_the_next_one_shows_nothing_old(
    database: Settings, enterprise: Enterprise, staff: list[UUID]
) -> None:
    """Ages across the jump would be negative: a place of before would stand as fresh for as long as the clock was set back."""
    with contextlib.suppress(ClockSet):
        async with up(database, enterprise) as unit:
            for _ in range(12):
                unit.send(report(clock.timestamp(), {"badge": "P-0001", "ranges": control_room((-110.0, -160.0))}))
                await asyncio.sleep(0.1)
            await seen(unit, enterprise, staff[0])
            with clock.travel(by=timedelta(hours=-1)):
                await eventually(lambda: unit.task.done())
                assert isinstance(unit.task.exception(), ClockSet)
                async with up(database, enterprise) as again:
                    assert again.shown(enterprise.id) == {}
                    for _ in range(12):
                        again.send(
                            report(clock.timestamp(), {"badge": "P-0001", "ranges": control_room((-114.0, -160.0))})
                        )
                        await asyncio.sleep(0.1)
                    value = await seen(again, enterprise, staff[0])
                    assert float(value["t"]) == pytest.approx(clock.timestamp(), abs=5.0)  # type: ignore[arg-type]


class Judged(FenceRunner):
    """Counts the batches that were judged."""

    count = 0

    async def feed(self, batch: FixBatch) -> None:
        await super().feed(batch)
        self.count += 1


async def test_an_outage_makes_nobody_lost_and_whoever_stays_silent_after_it_is(
    database: Settings, enterprise: Enterprise, staff: list[UUID], sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = await sign_in("control")

    async def lost() -> set[str]:
        found = await control.get("/api/alarms", params={"type": "lost_badge", "state": "active"})
        return {alarm["subject_id"] for alarm in found.json()["items"]}

    def say(unit: Running, *badges: str) -> None:
        seen = [{"badge": code, "ranges": control_room((-110.0, -160.0))} for code in badges]
        unit.send(report(clock.timestamp(), *seen))

    codes, mine = ("P-0001", "P-0002", "P-0003"), {str(who) for who in staff[:3]}
    async with up(database, enterprise) as unit:
        for _ in range(12):
            say(unit, *codes)
            await asyncio.sleep(0.1)
        await eventually(lambda: mine <= unit.shown(enterprise.id).keys())
    with clock.travel(by=timedelta(minutes=18)):
        judged = Judged(Hub())
        async with up(database, enterprise, consumers=(judged,)) as again:
            await eventually(lambda: judged.count >= 3)
            assert not mine & await lost(), "nobody listened for 18 minutes: that says nothing about the badges"
            monkeypatch.setattr("realtime.fences.watch.LOST", 4.0)
            async with asyncio.timeout(60):
                while not (gone := mine & await lost()):
                    say(again, *codes[:2])
                    await asyncio.sleep(0.1)
            assert gone == {str(staff[2])}, "silent for the set time while others were heard"


async def test_when_nothing_comes_in_that_is_one_alarm_and_no_badge_is_lost_for_it(
    database: Settings, enterprise: Enterprise, staff: list[UUID], sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.fences.watch.LOST", 2.0)
    control = await sign_in("control")

    async def active(kind: str) -> list[str]:
        found = await control.get("/api/alarms", params={"type": kind, "state": "active"})
        return [alarm["title"] for alarm in found.json()["items"]]

    judged = Judged(Hub())
    async with up(database, enterprise, consumers=(judged,), silent_s=1.0) as unit:

        def say() -> None:
            unit.send(report(clock.timestamp(), {"badge": "P-0004", "ranges": control_room((-110.0, -160.0))}))

        async def until(kind: str, count: int, *, talking: bool) -> None:
            async with asyncio.timeout(60):
                while len(await active(kind)) != count:
                    if talking:
                        say()
                    await asyncio.sleep(0.1)

        for _ in range(5):
            say()
            await asyncio.sleep(0.1)
        await eventually(lambda: str(staff[3]) in unit.shown(enterprise.id))
        await until("positions_lost", 1, talking=False)
        since = judged.count
        await eventually(lambda: judged.count >= since + 30)  # three more seconds of silence
        assert not [title for title in await active("lost_badge") if title.startswith("张4 ")]
        await until("positions_lost", 0, talking=True)


async def test_messages_over_mqtt_survive_a_broker_that_goes_away(
    database: Settings, enterprise: Enterprise, staff: list[UUID]
) -> None:
    heard: list[bytes] = []
    port = quiet_port()
    source = MqttSource(f"mqtt://gateway:secret@127.0.0.1:{port}", "positions/#")
    with pytest.raises(OSError):
        await source.run(lambda _, message: heard.append(message))
    broker = DemoBroker(port)
    await broker.start()
    listening = asyncio.create_task(source.run(lambda _, message: heard.append(message)))
    try:
        async with aiomqtt.Client("127.0.0.1", port, username="gw", password="secret") as client:
            while not heard:
                await client.publish("positions/gw-1", report(1.0, {"badge": "P-0002"}), qos=1)
                await asyncio.sleep(0.05)
        assert orjson.loads(heard[0])["badges"] == [{"badge": "P-0002"}]
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await broker.stop()


async def test_a_vendors_own_message_by_its_mapping_file(
    database: Settings, enterprise: Enterprise, staff: list[UUID]
) -> None:
    mapped = load("example").report(
        {
            "site": "S1",
            "data": {"tags": [{"tagId": "P-0003", "ts": 2000, "pos": {"x": 4, "y": 6}, "mapId": 102, "sos": 1}]},
        }
    )
    assert mapped == {
        "gateway": "S1",
        "badges": [{"badge": "P-0003", "t": 2.0, "sos": True, "fix": {"x": -126.0, "y": -166.0, "floor": "BD-04-F2"}}],
    }
    async with up(database, enterprise, vendor="example") as unit:
        tag = {"tagId": "P-0003", "pos": {"x": 20.0, "y": 12.0}, "mapId": 102, "accuracy": 0.4, "power": 80}
        for _ in range(5):
            now = clock.timestamp() * 1000
            unit.send(orjson.dumps({"site": "S1", "data": {"tags": [{**tag, "ts": now}]}}))
            await asyncio.sleep(0.1)
        value = await seen(unit, enterprise, staff[2])
        unit.send(b"no message at all")
        await eventually(lambda: unit.tracking.plants[enterprise.id].tracker.counters["unreadable"] == 1)
    assert np.hypot(*(where(value) - [-110.0, -160.0])) < 0.1 and value["source"] == "vendor"
    assert value["floor"] == "BD-04-F2"


async def test_a_surveyed_radio_map_takes_the_place_of_the_prior(
    database: Settings, enterprise: Enterprise, staff: list[UUID], sign_in: SignIn
) -> None:
    async with up(database, enterprise) as unit:
        tracker = unit.tracking.plants[enterprise.id].tracker
        rows = tracker.world.plant.anchors
        group = max(fields(rows), key=len)
        codes = [rows[i].code for i in group]
        floors = {row["code"]: row["properties"]["floor_code"] or "" for row in features()["anchor"]}
        places = np.array([[rows[i].x, rows[i].y, rows[i].z] for i in group])
        # Near the first receiver, by the free-space rule.
        away = np.hypot(*(places[:, :2] - places[0, :2]).T)
        heard = [[code, float(-58.0 - 18.0 * np.log10(max(1.0, d)))] for code, d in zip(codes, away, strict=True)]

        async def stands() -> np.ndarray:
            for n in range(600):
                unit.send(report(clock.timestamp(), {"badge": "P-0006", "rssi": heard}))
                await asyncio.sleep(0.1)
                value = unit.shown(enterprise.id).get(str(staff[5]))
                if n >= 20 and value is not None:
                    return where(value)
            raise AssertionError("never located")

        first = await stands()
        middle = places[:, :2].mean(axis=0)
        mirrored = np.column_stack([2 * middle - places[:, :2], places[:, 2]])
        there = 2 * middle - first
        assert np.hypot(*(there - first)) > 10.0, "the receivers do not tell the sides apart"
        # A survey that found everything on the other side.
        survey = radiomap.to_json(radiomap.prior(mirrored), codes)
        admin, employee = await sign_in("system_admin"), await sign_in("employee")
        path = "/api/positioning/radio-maps/hall"
        assert (await employee.put(path, json=survey)).status_code == 403
        short = {**survey, "sensors": {**survey["sensors"], codes[0]: {"mean_dbm": [1.0], "spread_db": []}}}
        wrong = [({"format": "x"}, "format"), ({**survey, "cell": None}, "origin, cell, shape"), (short, codes[0])]
        for given, fault in wrong:
            broken = await admin.put(path, json=given)
            assert broken.status_code == 422 and broken.json()["code"] == "radio_map_invalid"
            assert [row["where"] for row in broken.json()["errors"]] == [fault] and broken.json()["errors"][0][
                "message"
            ]
        made = await admin.put(path, json=survey)
        assert made.status_code == 200 and made.json()["sensors"] == sorted(codes) and made.json()["unknown"] == []
        assert made.json()["floors"] == sorted({floors[code] for code in codes})
        await eventually(lambda: len(tracker.world.plant.radio_maps) == 1)
        assert (await admin.get("/api/positioning/radio-maps")).json() == [made.json()]
        async with asyncio.timeout(60):
            while True:
                at = await stands()
                if np.hypot(*(at - there)) < np.hypot(*(at - first)):
                    break
        assert (await admin.delete(path)).status_code == 204 and (await admin.delete(path)).status_code == 404
        await eventually(lambda: not tracker.world.plant.radio_maps)


async def test_the_crowd_walks_and_its_scenarios_happen(
    database: Settings, enterprise: Enterprise, staff: list[UUID], tmp_path: Path
) -> None:
    from realtime.tracking.config import TrackingSettings

    crowd = Crowd(people=40, vehicles=0)
    async with up(database, enterprise) as unit:
        server = CrowdServer(TrackingSettings(udp_port=unit.udp, _env_file=None), tmp_path / "crowd.sock", crowd)
        walking = asyncio.create_task(server.run())
        tracker = unit.tracking.plants[enterprise.id].tracker
        calls: list[Call] = []
        tracker._call = calls.append
        try:
            await eventually(lambda: len(unit.shown(enterprise.id)) >= 20)
            here = [w for w in crowd.walkers if w.on]
            await eventually(lambda: any(w.code in tracker.world.badges for w in here))
            crowd.play("sos", badge="P-0004")
            await eventually(lambda: calls)
        finally:
            walking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await walking
        truth = {w.code: w for w in crowd.walkers}
        off = [
            np.hypot(*(where(v) - [truth[str(v["badge"])].x, truth[str(v["badge"])].y]))
            for v in unit.shown(enterprise.id).values()
            if v["state"] in ("good", "degraded", "held")
        ]
    assert calls[0].subject.badge == "P-0004" and calls[0].t <= clock.timestamp()
    assert len(off) >= 5 and float(np.median(off)) < 3.0


async def test_every_measurement_stays_for_the_forensic_window(
    database: Settings, enterprise: Enterprise, staff: list[UUID], sign_in: SignIn
) -> None:
    began = clock.now()
    async with up(database, enterprise) as unit:
        sent = control_room((-110.0, -160.0))
        unit.send(report(clock.timestamp(), {"badge": "P-0041", "ranges": sent}))
        await eventually(lambda: unit.tracking.plants[enterprise.id].tracker.counters["messages"] >= 1)
    leader = await sign_in("leader")
    span = {"from": began.isoformat(), "to": (clock.now() + timedelta(seconds=5)).isoformat()}
    answer = await leader.get("/api/tracks/raw", params={"badge": "P-0041", **span})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(r["anchor"], float(r["value"])) for r in rows] == [(a, pytest.approx(v)) for a, v in sent]
    assert {r["kind"] for r in rows} == {"range"}
    place = raw.folder(database, enterprise.id)
    assert raw.drop(place, began - timedelta(hours=2)) == 0 and raw.drop(place, clock.now() + timedelta(hours=1)) >= 1
