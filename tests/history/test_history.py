"""Samples in and out: COPY into day partitions, repeats, trends with gaps, retention, enterprises apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from realtime.history import repository
from realtime.history.config import HistorySettings
from realtime.history.samples import BAD_NO_COMMUNICATION, GOOD, Row, micros, pack, quality_of, verdict
from realtime.history.trend import floor, following
from realtime.history.writer import Writer
from tests.conftest import SignIn
from tests.history.conftest import Points
from tests.support import make_enterprise
from twin import clock
from twin.db.cluster import app_url
from twin.db.uow import unit_of_work
from twin.errors import Unavailable
from twin.settings import Settings


def row(tag: int, at: datetime, value: float, quality: int = GOOD) -> Row:
    return (tag, micros(at), micros(at) + 20_000, value, quality)


def hour() -> datetime:
    """The start of the last full hour but one."""
    return clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)


def test_qualities_are_opc_ua_codes() -> None:
    assert [verdict(quality_of(code)) for code in (0, 0x00960000, 0x40000000, 0x40930000, 0x80310000, 0x803C0000)] == [
        "good", "good", "uncertain", "uncertain", "bad", "bad",
    ]  # fmt: skip
    assert quality_of(0x80310000) == BAD_NO_COMMUNICATION


def test_days_and_months_follow_the_plants_clock() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    at = datetime(2026, 3, 31, 17, 20, 5, tzinfo=UTC)  # 01:20 on 1 April in Shanghai
    assert floor(at, "day", zone) == floor(at, "month", zone) == datetime(2026, 3, 31, 16, tzinfo=UTC)
    assert following(floor(at, "month", zone), "month", zone) == datetime(2026, 4, 30, 16, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")  # a day of 23 hours
    start = floor(datetime(2026, 3, 29, 12, tzinfo=UTC), "day", berlin)
    assert following(start, "day", berlin) - start == timedelta(hours=23)


@pytest.mark.req("M9.2", "S3.1")
async def test_samples_come_back_as_they_were(points: Points, writer: Writer, sign_in: SignIn) -> None:
    http = await sign_in("employee")
    device, tag = points.devices[0], points.tags[0]
    never = (await http.get(f"/api/points/{device}/latest")).json()
    assert (never["value"], never["quality"], never["ts"]) == (None, "bad", None)
    at = hour()
    await writer.write(pack([row(tag, at, 12.5), row(tag, at + timedelta(seconds=1), 13.5, 0x4000)]))
    told = (await http.get(f"/api/points/{device}/latest")).json()
    assert (told["value"], told["quality"], told["status"]) == (13.5, "uncertain", 0x4000)
    assert datetime.fromisoformat(told["ts"]) == at + timedelta(seconds=1)
    assert datetime.fromisoformat(told["received"]) == at + timedelta(seconds=1, milliseconds=20)


async def test_late_and_repeated_samples_change_nothing(points: Points, writer: Writer, sign_in: SignIn) -> None:
    http = await sign_in("employee")
    device, tag = points.devices[1], points.tags[1]
    at = hour()
    first = pack([row(tag, at + timedelta(seconds=n), float(n)) for n in range(10)])
    assert (await writer.write(first)).new == 10
    again = await writer.write(first)
    assert (again.new, again.repeated) == (0, 10)
    mixed = pack([row(tag, at + timedelta(seconds=9), 99.0), row(tag, at - timedelta(seconds=5), -5.0)])
    result = await writer.write(mixed)
    assert (result.new, result.repeated) == (1, 1)
    assert (await http.get(f"/api/points/{device}/latest")).json()["value"] == 9.0
    async with unit_of_work("*") as uow:
        stored = await repository.raw(uow.session, tag, at - timedelta(minutes=1), at + timedelta(minutes=1), 100)
    assert [s.value for s in stored] == [-5.0, *map(float, range(10))]


async def test_a_value_that_is_no_number_is_never_usable(points: Points, writer: Writer, sign_in: SignIn) -> None:
    http = await sign_in("employee")
    device, tag, at = points.devices[2], points.tags[2], hour()
    await writer.write(pack([row(tag, at, 4.0), row(tag, at + timedelta(seconds=1), float("nan"))]))
    await writer.write(pack([row(tag, at + timedelta(seconds=2), float("inf"))]))
    told = (await http.get(f"/api/points/{device}/latest")).json()
    assert (told["value"], told["quality"]) == (None, "bad")
    span = {"from": at.isoformat(), "to": (at + timedelta(minutes=1)).isoformat()}
    (step,) = (await http.get(f"/api/points/{device}/trend", params=span)).json()["items"]
    assert (step["count"], step["bad"], step["avg"]) == (1, 2, 4.0)


@pytest.mark.req("M9.5")
async def test_a_trend_keeps_its_gaps(points: Points, writer: Writer, sign_in: SignIn) -> None:
    http = await sign_in("control")
    device, tag, at = points.devices[3], points.tags[3], hour()
    rows = [row(tag, at + timedelta(seconds=n), 10.0 + n % 60) for n in range(120)]  # minutes 0 and 1
    rows.append(row(tag, at + timedelta(minutes=3, seconds=30), 50.0))  # minute 2 stands still
    rows.append(row(tag, at + timedelta(minutes=4), float("nan"), BAD_NO_COMMUNICATION))  # then the source stops
    rows.append(row(tag, at + timedelta(minutes=7), 20.0))
    await writer.write(pack(rows))
    await writer.alive()
    span = {"from": at.isoformat(), "to": (at + timedelta(minutes=8)).isoformat(), "step": "minute"}
    told = (await http.get(f"/api/points/{device}/trend", params=span)).json()
    steps = told["items"]
    assert [datetime.fromisoformat(s["start"]) for s in steps] == [at + timedelta(minutes=n) for n in range(8)]
    assert (steps[0]["min"], steps[0]["max"], steps[0]["avg"], steps[0]["last"], steps[0]["count"]) == (
        10,
        69,
        39.5,
        69,
        60,
    )
    assert (steps[2]["count"], steps[2]["last"]) == (0, 69.0)  # held, not a gap
    assert (steps[4]["count"], steps[4]["bad"], steps[4]["avg"]) == (0, 1, None)
    assert [s["avg"] for s in steps[5:7]] == [None, None]  # a gap
    assert steps[7]["last"] == 20.0
    hours = (await http.get(f"/api/points/{device}/trend", params={**span, "step": "hour"})).json()["items"]
    assert len(hours) == 1 and (hours[0]["count"], hours[0]["bad"], hours[0]["max"]) == (122, 1, 69.0)


async def test_a_held_value_ends_with_the_writer(points: Points, database: Settings, sign_in: SignIn) -> None:
    http = await sign_in("control")
    device, tag, at = points.devices[4], points.tags[4], hour() + timedelta(days=1)
    with clock.travel(at + timedelta(seconds=10)):  # the last time that a writer was seen
        late = Writer(database, "late", HistorySettings(_env_file=None))
        await late.write(pack([row(tag, at, 7.0)]))
        await late.alive()
        await late.close()
    with clock.travel(at + timedelta(minutes=5)):
        span = {"from": at.isoformat(), "to": (at + timedelta(minutes=9)).isoformat()}
        steps = (await http.get(f"/api/points/{device}/trend", params=span)).json()["items"]
    assert [s["last"] for s in steps[:5]] == [7.0, None, None, None, None]
    assert len(steps) in (5, 6)  # nothing lies in the future


async def test_a_trend_tells_what_it_cannot_give(points: Points, sign_in: SignIn) -> None:
    http = await sign_in("control")
    at = hour()
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    for start, end in ((at, at), (at - timedelta(days=60), at), (first, first + timedelta(hours=1)), (at, last)):
        answer = await http.get(
            f"/api/points/{points.devices[0]}/trend", params={"from": start.isoformat(), "to": end.isoformat()}
        )
        assert answer.status_code == 422 and answer.json()["code"] == "period_invalid"


@pytest.mark.req("S3.1")
async def test_retention_drops_whole_days_and_proves_the_rest(
    points: Points, database: Settings, sign_in: SignIn
) -> None:
    http = await sign_in("manager")
    tag, now = points.tags[5], clock.now()
    keeper = Writer(database, "keeper", HistorySettings(keep_days=40, _env_file=None))
    await keeper.write(pack([row(tag, now - timedelta(days=n), float(n)) for n in range(41)]))
    assert await keeper.maintain() == []
    await keeper.close()
    stricter = Writer(database, "stricter", HistorySettings(keep_days=30, _env_file=None))
    dropped = await stricter.maintain()
    assert dropped == [now.date() - timedelta(days=n) for n in range(40, 30, -1)]
    too_old = await stricter.write(
        pack([row(tag, now - timedelta(days=35), 1.0), row(tag, now + timedelta(days=9), 1.0)])
    )
    assert (too_old.new, too_old.outside) == (0, 2)
    await stricter.close()
    report = (await http.get("/api/history/retention")).json()
    oldest = datetime.fromisoformat(report["oldest"])
    assert now - timedelta(days=30, minutes=1) < oldest < now - timedelta(days=29)
    assert report["days"] >= 31 and report["bytes"] > 0
    with pytest.raises(ValueError, match="keep_days"):
        HistorySettings(keep_days=29, _env_file=None)


async def test_a_partition_dropped_meanwhile_is_made_again(points: Points, writer: Writer, database: Settings) -> None:
    tag, at = points.tags[6], clock.now() - timedelta(days=20)
    await writer.write(pack([row(tag, at, 1.0)]))
    async with await psycopg.AsyncConnection.connect(app_url(database), autocommit=True) as connection:
        await repository.drop_partitions(connection, at.date() + timedelta(days=1))
    assert (await writer.write(pack([row(tag, at, 2.0)]))).new == 1


async def test_the_app_role_sees_only_its_enterprises_samples(points: Points, writer: Writer, sign_in: SignIn) -> None:
    tag, at = points.tags[7], hour()
    await writer.write(pack([row(tag, at, 1.0)]))
    other = await make_enterprise("other")
    count = text("SELECT count(*) FROM history_sample")
    async with unit_of_work(other.id) as uow:
        assert (await uow.session.execute(count)).scalar() == 0
    http = await sign_in("other-manager")
    for path in ("latest", f"trend?from={at.isoformat()[:19]}Z&to={clock.now().isoformat()[:19]}Z"):
        assert (await http.get(f"/api/points/{points.devices[7]}/{path}")).status_code == 404
    for table in ("sample", f"sample_{at:%Y%m%d}"):
        with pytest.raises(Exception, match="permission denied"):
            async with unit_of_work("*") as uow:
                await uow.session.execute(text(f"SELECT count(*) FROM {table}"))
    security = await sign_in("security_admin")
    assert (await security.get(f"/api/points/{points.devices[7]}/latest")).status_code == 403


async def test_many_samples_arrive_whole(points: Points, writer: Writer) -> None:
    tags = np.array(points.tags[8:], dtype="<i4")
    start = micros(clock.now() - timedelta(days=8))
    batch = pack([(int(t), start + n * 1000, start + n * 1000 + 1, float(n), GOOD) for n in range(5000) for t in tags])
    assert (await writer.write(batch)).new == len(batch)
    async with unit_of_work("*") as uow:
        found = await uow.session.execute(
            text("SELECT count(*) FROM history_sample WHERE ts < :t"),
            {"t": clock.now() - timedelta(days=7)},
        )
        assert found.scalar_one() >= len(batch)


async def test_without_a_database_the_writer_says_so(points: Points, database: Settings) -> None:
    gone = database.model_copy(update={"app_database_url": SecretStr("postgresql://x:y@127.0.0.1:1/z")})
    lonely = Writer(gone, "lonely", HistorySettings(_env_file=None))
    with pytest.raises(Unavailable):
        await lonely.write(pack([row(points.tags[0], clock.now(), 1.0)]))
