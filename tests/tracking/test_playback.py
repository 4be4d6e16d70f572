"""Tracks through the store and back over HTTP: every kept instant, every form, every look on record."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import pytest_asyncio
from gis_assets.sites.demo.frame import to_local
from sqlalchemy import text

from realtime.alarms.raising import AlarmFact, raise_alarm
from realtime.fences import repository_facts
from realtime.fences.repository_facts import FenceFact
from realtime.tracking.batch import FixBatch, Subject
from realtime.tracking.config import TrackingSettings
from realtime.tracking.store import Keeper, Store
from tests.conftest import Enterprise, SignIn
from tests.tracking.support import FRAME, people
from twin import clock
from twin.db.uow import unit_of_work
from twin.ids import uuid7
from twin.settings import Settings

MINUTES = 30


def batch(enterprise: UUID, subjects: tuple[Subject, ...], at: float, xy: np.ndarray, zone: int = 0) -> FixBatch:
    n = len(subjects)
    lon, lat = FRAME.to_lonlat(xy[:, 0], xy[:, 1])
    return FixBatch(
        enterprise, at, 1, subjects, ("BD-04-F1",), ("Z-A1", "Z-A2"), np.arange(n, dtype=np.int32),
        np.zeros(n, np.int8), np.full(n, at - 0.2), np.full(n, 0.2), xy[:, 0], xy[:, 1], np.zeros(n), lon, lat,
        np.array([0, -1][:n], np.int16), np.full(n, zone, np.int16), np.ones(n), np.full(n, 1.2),
        np.ones(n, np.uint8), np.ones(n, np.uint8), FRAME.h,
    )  # fmt: skip


class Walks:
    """Two people, half an hour, once a second; ``at`` gives the true place."""

    def __init__(self, enterprise: UUID, ids: list[UUID]) -> None:
        self.ids = ids
        self.start = clock.now().replace(microsecond=0) - timedelta(minutes=MINUTES)
        self.enterprise = enterprise
        self.subjects = tuple(
            Subject(i, "person", f"张{n}", "employee", "生产部", f"P-{n:04d}") for n, i in enumerate(ids, 1)
        )

    def at(self, s: float) -> np.ndarray:
        turn = s / 40.0
        return np.array([[30.0 * np.cos(turn), 30.0 * np.sin(turn)], [0.4 * min(s, 600.0), 5.0]])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def walks(database: Settings, enterprise: Enterprise) -> Walks:
    made = Walks(enterprise.id, await people(enterprise.id, 2))
    store, keeper = Store(database, TrackingSettings(_env_file=None)), Keeper()
    for s in range(MINUTES * 60 + 1):
        one = batch(enterprise.id, made.subjects, made.start.timestamp() + s, made.at(s), zone=int(s > 900))
        rows = keeper.take(one)
        store.add(enterprise.id, rows)
        if s == 600:  # a second delivery (a flush that got no answer) doubles nothing
            await store.flush()
            store.add(enterprise.id, rows)
    await store.flush()
    await store.close()
    return made


def period(walks: Walks, start: int = 0, end: int = MINUTES * 60 + 60) -> dict[str, str]:
    return {
        "from": (walks.start + timedelta(seconds=start)).isoformat(),
        "to": (walks.start + timedelta(seconds=end)).isoformat(),
    }


@pytest.mark.req("M10.4")
async def test_replay_puts_everybody_where_they_were_at_every_instant(walks: Walks, sign_in: SignIn) -> None:
    leader = await sign_in("leader")
    answer = await leader.get("/api/tracks", params={"subjects": ",".join(map(str, walks.ids)), **period(walks)})
    assert answer.status_code == 200, answer.text
    items = {UUID(i["id"]): i for i in answer.json()["items"]}
    assert set(items) == set(walks.ids) and answer.json()["columns"][:4] == ["t", "lon", "lat", "h"]
    for n, id_ in enumerate(walks.ids):
        points = items[id_]["points"]
        t = np.array([p[0] for p in points]) - walks.start.timestamp()
        place = np.array([to_local(p[1], p[2], p[3])[:2] for p in points])
        for s in range(0, int(t[-1]), 7):
            x, y = (np.interp(s, t, place[:, i]) for i in (0, 1))
            assert np.hypot(x - walks.at(s)[n][0], y - walks.at(s)[n][1]) <= 0.55
        assert np.diff(t).max() <= 61.0 and len(points) < MINUTES * 60 / 3
    assert items[walks.ids[0]]["name"] == "张1" and items[walks.ids[0]]["points"][0][9] == "BD-04-F1"


async def test_a_period_begins_with_where_somebody_was(walks: Walks, sign_in: SignIn) -> None:
    leader = await sign_in("leader")
    params = {"subjects": str(walks.ids[1]), **period(walks, 1000, 1010)}  # at rest: one point a minute
    (item,) = (await leader.get("/api/tracks", params=params)).json()["items"]
    assert item["points"] and item["points"][0][0] <= walks.start.timestamp() + 1000.0


async def test_a_zone_gives_those_who_were_there(walks: Walks, sign_in: SignIn) -> None:
    leader = await sign_in("leader")
    everybody = (await leader.get("/api/tracks", params={"zone": "Z-A2", **period(walks, 1000)})).json()["items"]
    assert {UUID(i["id"]) for i in everybody} == set(walks.ids)
    nobody = (await leader.get("/api/tracks", params={"zone": "Z-A2", **period(walks, 0, 600)})).json()["items"]
    assert nobody == []
    assert (await leader.get("/api/tracks", params={"zone": "Z-NONE", **period(walks)})).status_code == 404


async def test_exports(walks: Walks, sign_in: SignIn) -> None:
    leader = await sign_in("leader")
    params = {"subjects": str(walks.ids[0]), **period(walks)}
    moving = (await leader.get("/api/tracks", params={**params, "format": "mfjson"})).json()
    (feature,) = moving["features"]
    path = feature["temporalGeometry"]
    assert path["type"] == "MovingPoint" and path["interpolation"] == "Linear"
    assert len(path["datetimes"]) == len(path["coordinates"]) == len(feature["temporalProperties"][0]["datetimes"])
    times = [datetime.fromisoformat(t.replace("Z", "+00:00")) for t in path["datetimes"]]
    assert times == sorted(set(times)) and times[0] >= walks.start - timedelta(seconds=66)
    line = (await leader.get("/api/tracks", params={**params, "format": "geojson"})).json()["features"][0]
    assert line["geometry"]["type"] == "LineString"
    assert len(line["geometry"]["coordinates"]) == len(line["properties"]["times"]) == len(times)
    sheet = (await leader.get("/api/tracks", params={**params, "format": "csv"})).text.lstrip("\ufeff")
    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert len(rows) == len(times) and rows[0]["name"] == "张1" and rows[0]["state"] == "good"


async def test_who_looked_at_whose_track_is_on_record(walks: Walks, enterprise: Enterprise, sign_in: SignIn) -> None:
    manager = await sign_in("manager")
    await manager.get("/api/tracks", params={"subjects": str(walks.ids[1]), **period(walks, 60, 120)})
    async with unit_of_work(enterprise.id) as uow:
        rows = await uow.session.execute(
            text("SELECT actor, key, after FROM audit WHERE action = 'track.read' ORDER BY id DESC LIMIT 1")
        )
        actor, key, after = rows.one()
    assert actor == "manager" and key == str(walks.ids[1])
    assert after["from"] == period(walks, 60)["from"] and after["points"] > 0


async def test_everybody_at_one_second(walks: Walks, enterprise: Enterprise, sign_in: SignIn) -> None:
    leader = await sign_in("leader")

    async def then(s: float) -> dict[UUID, dict[str, Any]]:
        answer = await leader.get("/api/positions/at", params={"at": (walks.start + timedelta(seconds=s)).isoformat()})
        assert answer.status_code == 200, answer.text
        return {UUID(i["id"]): i for i in answer.json()["items"]}

    for s in (300.0, 301.4, 1207.0):
        items = await then(s)
        assert set(items) == set(walks.ids)
        for n, id_ in enumerate(walks.ids):
            who = items[id_]
            x, y = to_local(who["lon"], who["lat"], who["h"])[:2]
            assert np.hypot(x - walks.at(s - 0.2)[n][0], y - walks.at(s - 0.2)[n][1]) <= 0.8
            assert who["state"] == "good" and who["zone"] == ("Z-A2" if s > 900 else "Z-A1")
    first = items[walks.ids[0]]
    assert (first["kind"], first["class"], first["name"], first["floor"]) == ("person", "employee", "张1", "BD-04-F1")
    async with unit_of_work(enterprise.id) as uow:
        rows = await uow.session.execute(text("SELECT actor, after FROM audit WHERE action = 'track.at'"))
        looks = rows.all()
    assert len(looks) == 3 and {(row.actor, row.after["subjects"]) for row in looks} == {("leader", 2)}
    assert await then(-60) == {}, "nothing is known before the first point"
    with clock.travel(by=timedelta(minutes=15)):
        silent = await then(MINUTES * 60 + 300)
        assert {i["state"] for i in silent.values()} == {"stale"} and min(i["age"] for i in silent.values()) > 230
        assert await then(MINUTES * 60 + 700) == {}, "after ten minutes nobody can say where they are"


async def test_an_instant_that_nobody_can_know_is_refused(walks: Walks, sign_in: SignIn) -> None:
    leader, employee = await sign_in("leader"), await sign_in("employee")
    for days in (1, -99_999 / 24):
        refused = await leader.get("/api/positions/at", params={"at": (clock.now() + timedelta(days=days)).isoformat()})
        assert (refused.status_code, refused.json()["code"]) == (422, "past_instant_invalid")
    at = {"at": walks.start.isoformat()}
    assert (await employee.get("/api/positions/at", params=at)).status_code == 403


async def test_bad_periods_and_strangers(walks: Walks, sign_in: SignIn) -> None:
    leader, who = await sign_in("leader"), str(walks.ids[0])
    backwards = {"from": period(walks)["to"], "to": period(walks)["from"]}
    assert (await leader.get("/api/tracks", params={"subjects": who, **backwards})).status_code == 422
    assert (await leader.get("/api/tracks", params={"subjects": "nobody", **period(walks)})).status_code == 422
    assert (await leader.get("/api/tracks", params=period(walks))).status_code == 422
    assert (
        await (await sign_in("employee")).get("/api/tracks", params={"subjects": who, **period(walks)})
    ).status_code == 403
    unknown = await leader.get("/api/tracks", params={"subjects": str(UUID(int=5)), **period(walks)})
    assert unknown.json()["items"] == []


async def test_another_enterprise_sees_nothing(walks: Walks, database: Settings) -> None:
    from realtime.tracking import repository_tracks
    from tests.support import make_enterprise

    other = await make_enterprise("other")
    end = walks.start + timedelta(hours=1)
    async with unit_of_work(walks.enterprise) as uow:
        (mine, *_) = await repository_tracks.subjects(uow.session, walks.ids)
    async with unit_of_work(other.id) as uow:
        assert await repository_tracks.subjects(uow.session, walks.ids) == []
        assert await repository_tracks.points(uow.session, mine.number, walks.start, end) == []
        beat = timedelta(seconds=75)
        assert await repository_tracks.around(uow.session, walks.start + beat, beat, 8 * beat) == []
        assert (await uow.session.execute(text("SELECT count(*) FROM track"))).scalar() == 0


@pytest.mark.req("M10.4")
async def test_tracks_are_kept_thirty_days_and_then_dropped(walks: Walks, database: Settings, sign_in: SignIn) -> None:
    leader = await sign_in("leader")
    kept = (await leader.get("/api/tracks/retention")).json()
    assert kept["keep_days"] >= 30 and kept["days"] >= 1 and kept["bytes"] > 0
    with pytest.raises(ValueError):
        TrackingSettings(keep_days=29, _env_file=None)
    store = Store(database, TrackingSettings(keep_days=30, _env_file=None))
    with clock.travel(by=timedelta(days=29)):
        assert walks.start.astimezone(UTC).date() not in await store.maintain()
    with clock.travel(by=timedelta(days=32)):
        assert walks.start.astimezone(UTC).date() in await store.maintain()
    await store.close()
    params = {"subjects": str(walks.ids[0]), **period(walks)}
    assert (await leader.get("/api/tracks", params=params)).json()["items"][0]["points"] == []


@pytest.mark.req("M10.4")
async def test_what_happened_meanwhile_stands_on_the_same_line(
    walks: Walks, enterprise: Enterprise, sign_in: SignIn
) -> None:
    mine, other = walks.ids
    at = walks.start + timedelta(minutes=5)
    title = {"name": "张1", "fence": "围栏", "place": "罐区", "count": 1, "limit": 0}
    alarms = (
        AlarmFact("fence:t:trespass", "fence", "trespass", 2, at, title, persons=(mine,)),
        AlarmFact("fence:o:trespass", "fence", "trespass", 2, at, title, persons=(other,)),
        AlarmFact("point:m:hh", "point", "hh", 1, at + timedelta(minutes=1),
                  {"name": "PI-1", "tag": "PI-1", "value": 9, "limit": 8, "unit": "MPa"}),
        AlarmFact("point:late:hh", "point", "hh", 1, at + timedelta(days=1),
                  {"name": "PI-2", "tag": "PI-2", "value": 9, "limit": 8, "unit": "MPa"}),
    )  # fmt: skip
    steps = (
        (-2, "enter", mine, False),
        (30, "leave", mine, False),
        (-3, "enter", other, False),
        (-4, "enter", mine, True),
    )
    passages = [
        FenceFact(at + timedelta(seconds=s), kind, "", uuid7(), "罐区围栏", None, who, "person", "张1", 1, first)
        for s, kind, who, first in steps
    ]
    async with unit_of_work(enterprise.id) as uow:
        for fact in alarms:
            await raise_alarm(uow, fact)
        await repository_facts.add_events(uow.session, enterprise.id, passages)
    leader = await sign_in("leader")
    span = {"from": walks.start.isoformat(), "to": (walks.start + timedelta(minutes=MINUTES)).isoformat()}
    answer = await leader.get("/api/tracks/moments", params={**span, "subjects": str(mine)})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [(m["kind"], m["grade"], m["subject_id"]) for m in found] == [
        ("enter", None, str(mine)), ("alarm", 2, str(mine)), ("leave", None, str(mine)), ("alarm", 1, None),
    ]  # fmt: skip
    assert found[0]["text"] == "张1 进入 罐区围栏" and "PI-1" in found[3]["text"]
    english = await leader.get(
        "/api/tracks/moments", params={**span, "subjects": str(mine)}, headers={"Accept-Language": "en"}
    )
    assert "entered" in english.json()[0]["text"]
    (newest,) = (await leader.get("/api/tracks/moments", params={**span, "subjects": str(mine), "limit": 1})).json()
    assert newest == found[-1]
    backwards = await leader.get("/api/tracks/moments", params={"from": span["to"], "to": span["from"]})
    assert backwards.status_code == 422 and backwards.json()["code"] == "track_period_invalid"
