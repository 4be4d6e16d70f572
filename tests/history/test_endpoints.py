"""Several trends at once, seconds, raw export over the seam, retention by class, and the refresh rate."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from realtime.alarms.raising import AlarmFact, raise_alarm
from realtime.history import past, retention
from realtime.history import repository_archive as archive
from realtime.history.cli import app
from realtime.history.compress import DeadBand
from realtime.history.config import HistorySettings
from realtime.history.retention import Kept, RetentionClass
from realtime.history.samples import BAD, GOOD, micros, pack
from realtime.history.seal import Sealer
from realtime.history.writer import Writer
from realtime.hub.ingest import Value
from realtime.ingest.feed import Live
from realtime.ingest.live import LiveValues
from realtime.ingest.recorder import Recorder
from realtime.ingest.spool import Spool
from tests.conftest import Enterprise, SignIn
from tests.history.conftest import Points
from tests.support import make_enterprise
from twin import clock
from twin.db.uow import unit_of_work
from twin.settings import Settings

KEEP = HistorySettings(keep_days=30, hot_days=2, _env_file=None)


@pytest.mark.req("M9.5")
async def test_several_trends_by_second(points: Points, writer: Writer, sign_in: SignIn) -> None:
    http = await sign_in("employee")
    at = clock.now().replace(second=0, microsecond=0) - timedelta(minutes=10)
    rows = [(tag, micros(at) + n * 500_000, 0, float(n), GOOD) for tag in points.tags[:2] for n in range(20)]
    await writer.write(pack(rows))
    query = {
        "ids": [str(points.devices[n]) for n in (1, 0)],
        "from": at.isoformat(), "to": (at + timedelta(seconds=10)).isoformat(), "step": "second",
    }  # fmt: skip
    told = (await http.get("/api/points/trends", params=query)).json()
    assert [trend["id"] for trend in told] == query["ids"]
    for trend in told:
        assert [(s["count"], s["min"], s["max"], s["avg"], s["last"]) for s in trend["items"]] == [
            (2, 2.0 * n, 2.0 * n + 1, 2.0 * n + 0.5, 2.0 * n + 1) for n in range(10)
        ]
    assert (await http.get("/api/points/trends", params={**query, "ids": str(UUID(int=1))})).status_code == 404


@pytest.mark.req("M9.5")
async def test_raw_samples_leave_as_csv_and_parquet_over_the_seam(
    points: Points, writer: Writer, database: Settings, sign_in: SignIn
) -> None:
    http = await sign_in("employee")
    device, tag = points.devices[2], points.tags[2]
    start = datetime.combine(clock.now().date() - timedelta(days=6), datetime.min.time(), UTC)
    rows = [
        (tag, micros(start) + n * 21_600_000_000, micros(start) + n * 21_600_000_000 + 7, n / 4, GOOD)
        for n in range(20)
    ]
    rows[5] = (*rows[5][:3], float("nan"), BAD)
    await writer.write(pack(rows))
    async with Sealer(database, KEEP) as sealer:
        assert len(await sealer.seal()) >= 4
    query = {"ids": str(device), "from": start.isoformat(), "to": (start + timedelta(days=5)).isoformat()}
    text = (await http.get("/api/points/export", params=query)).content.decode("utf-8-sig")
    told = list(csv.DictReader(io.StringIO(text)))
    assert [datetime.fromisoformat(row["ts"]) for row in told] == [start + timedelta(hours=6 * n) for n in range(20)]
    assert [row["value"] for row in told[4:7]] == ["1", "", "1.5"]
    assert told[5]["status"] == str(BAD & 0xFFFF) and told[0]["received"].endswith("00:00:00.000007Z")
    answer = await http.get("/api/points/export", params={**query, "format": "parquet"})
    table = pq.read_table(io.BytesIO(answer.content))
    assert table.column("value").to_pylist() == [None if n == 5 else n / 4 for n in range(20)]
    assert (await http.get("/api/points/export", params={**query, "to": query["from"]})).status_code == 422
    assert (await (await sign_in("security_admin")).get("/api/points/export", params=query)).status_code == 403


@pytest.mark.req("M9.5")
async def test_the_list_is_filtered_sorted_and_paged_by_the_server(
    points: Points, enterprise: Enterprise, writer: Writer, sign_in: SignIn
) -> None:
    http = await sign_in("employee")

    async def ask(**given: Any) -> dict[str, Any]:
        answer = await http.get("/api/points", params=given)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    whole = await ask()
    items = whole["items"]
    assert (whole["total"], whole["found"], len(items)) == (12, 12, 12)
    numbers = [(re.sub(r"\d.*", "", p["tag"]), int(re.search(r"\d+", p["tag"])[0])) for p in items]
    assert numbers == sorted(numbers), "TI-9 before TI-10"
    low, high, zone = items[0], items[1], items[0]["zone_code"]
    tag = {str(d): t for d, t in zip(points.devices, points.tags, strict=True)}
    now = micros(clock.now())
    await writer.write(pack([(tag[low["id"]], now, now, 1.5, GOOD), (tag[high["id"]], now, now, float("nan"), BAD)]))
    async with unit_of_work(enterprise.id) as uow:
        title = {"name": "-", "tag": "-", "value": 9, "unit": "", "limit": 9}
        for kind, grade in (("h", 2), ("hh", 1)):
            key = f"point:{low['id']}:{kind}"
            fact = AlarmFact(
                key, "point", kind, grade, clock.now(), title, subject_layer="device", subject_id=UUID(low["id"])
            )
            await raise_alarm(uow, fact)
    for state, point, said in (("good", low, (1.5, "good", 1)), ("bad", high, (None, "bad", None))):
        found = (await ask(state=state, q=point["tag"]))["items"]
        assert [(p["value"], p["quality"], p["grade"]) for p in found] == [said]
    assert [p["id"] for p in (await ask(state=["alarm"]))["items"]] == [low["id"]]
    urgent = [p["id"] for p in (await ask(sort="state"))["items"]]
    assert urgent[:1] == [low["id"]] and high["id"] in urgent[1:3]
    pages = [(await ask(limit=5, page=page)) for page in (1, 2, 3, 4)]
    assert [len(page["items"]) for page in pages] == [5, 5, 2, 0] and pages[3]["total"] == 12
    assert [p["id"] for page in pages for p in page["items"]] == [p["id"] for p in items]
    within = await ask(zone=zone)
    assert 0 < within["found"] <= 12 and low["id"] in [p["id"] for p in within["items"]]
    kind = await ask(kind=low["kind"])
    assert {p["kind"] for p in kind["items"]} == {low["kind"]}
    assert (await ask(zone="-"))["total"] == 0 and (await ask(q="%"))["total"] == 0
    assert (await http.get("/api/points", params={"sort": "value"})).status_code == 422
    assert (await (await sign_in("security_admin")).get("/api/points")).status_code == 403


async def test_the_values_of_one_second_over_the_seam(
    points: Points, writer: Writer, database: Settings, sign_in: SignIn
) -> None:
    http = await sign_in("employee")
    (device, silent), tag = points.devices[4:6], points.tags[4]
    recent = clock.now().replace(microsecond=0) - timedelta(hours=2)
    old = datetime.combine(clock.now().date() - timedelta(days=8), datetime.min.time(), UTC) + timedelta(hours=9)
    rows = [(tag, micros(t) + n * 1_000_000, 0, n / 2, GOOD) for t in (old, recent) for n in range(10)]
    rows.append((tag, micros(recent) + 10_000_000, 0, 99.0, BAD))
    await writer.write(pack(rows))

    async def then(at: datetime, *ids: UUID) -> dict[UUID, tuple[float | None, str, datetime | None]]:
        query = {"at": at.isoformat(), "id": [str(i) for i in ids]}
        answer = await http.get("/api/points/at", params=query)
        assert answer.status_code == 200, answer.text
        return {
            UUID(i["id"]): (i["value"], i["quality"], i["ts"] and datetime.fromisoformat(i["ts"]))
            for i in answer.json()["items"]
        }

    whole = await then(recent + timedelta(seconds=4.5))
    assert set(whole) >= set(points.devices)
    assert whole[device] == (2.0, "good", recent + timedelta(seconds=4))
    assert (await then(recent + timedelta(seconds=4), device))[device][0] == 2.0, "the second itself counts"
    assert (await then(recent + timedelta(minutes=5), device))[device] == (None, "bad", recent + timedelta(seconds=10))
    async with Sealer(database, KEEP) as sealer:
        assert old.date() in [day.day for day in await sealer.seal()]
    assert await then(old + timedelta(seconds=3.2), device, silent, UUID(int=3)) == {
        device: (1.5, "good", old + timedelta(seconds=3)), silent: (None, "bad", None),
    }  # fmt: skip
    everything = await then(old + timedelta(seconds=3.2))
    assert set(everything) >= set(points.devices) and everything[silent] == (None, "bad", None)
    assert everything[device] == (
        0.0,
        "good",
        old,
    )  # all points at once: of what is faster than 10 s its first and last word
    assert (await then(old + timedelta(seconds=9)))[device] == (4.5, "good", old + timedelta(seconds=9))
    # a day later nothing new was said: the old value with its own time, never a new one
    assert (await then(old + timedelta(days=1), device))[device] == (4.5, "good", old + timedelta(seconds=9))
    assert (await then(recent, device))[device][0] == 0.0
    for at, code in (
        (clock.now() + timedelta(hours=1), "past_instant_invalid"),
        (clock.now() - timedelta(days=40_000), "past_instant_invalid"),
    ):
        refused = await http.get("/api/points/at", params={"at": at.isoformat()})
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    async with unit_of_work((await make_enterprise("elsewhere")).id) as uow:
        assert await past.values_at(uow, recent + timedelta(seconds=4), [device]) == []


@pytest.mark.req("S3.1")
async def test_nobody_keeps_less_than_the_clause_demands(
    points: Points, writer: Writer, database: Settings, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = clock.now() - timedelta(days=400)

    async def kept(_: object) -> Kept:
        return Kept(oldest, 400, 0)

    alarms = RetentionClass("test_alarms", 365, lambda: 730, kept)
    monkeypatch.setattr(retention, "classes", lambda: {"measured": retention.MEASURED, "test_alarms": alarms})
    http = await sign_in("system_admin")
    for key, days in (("measured", 29), ("test_alarms", 364), ("measured", 99_999)):
        refused = await http.put(f"/api/history/retention/{key}", json={"keep_days": days})
        assert refused.status_code == 422 and refused.json()["code"] == "keep_too_short"
    assert (await http.put("/api/history/retention/no", json={"keep_days": 99})).status_code == 404
    told = await http.put("/api/history/retention/measured", json={"keep_days": 120})
    assert told.status_code == 200
    rows = {row["key"]: row for row in told.json()["classes"]}
    assert (rows["measured"]["keep_days"], rows["measured"]["minimum_days"]) == (120, 30)
    assert (rows["test_alarms"]["keep_days"], datetime.fromisoformat(rows["test_alarms"]["oldest"])) == (730, oldest)
    # the writer obeys: what is younger than 120 days stays, though its own settings say 30
    longer = Writer(database, "longer", HistorySettings(keep_days=30, _env_file=None))
    await longer.maintain()
    old = clock.now() - timedelta(days=100)
    assert (await longer.write(pack([(points.tags[3], micros(old), 0, 1.0, GOOD)]))).new == 1
    assert await longer.maintain() == []
    await longer.close()
    async with Sealer(database, KEEP) as sealer:
        await sealer.seal()
    report = (await http.get("/api/history/retention")).json()
    assert datetime.fromisoformat(report["oldest"]) == old  # read from the files
    assert (
        await (await sign_in("employee")).put("/api/history/retention/measured", json={"keep_days": 60})
    ).status_code == 403


async def test_the_command_reports_what_is_kept(points: Points, writer: Writer) -> None:
    told = await asyncio.to_thread(CliRunner().invoke, app, ["report"])
    assert told.exit_code == 0 and "measured" in told.stdout


@pytest.mark.req("M9.5")
async def test_the_administrators_refresh_rate_is_obeyed(
    enterprise: Enterprise, points: Points, sign_in: SignIn
) -> None:
    http = await sign_in("system_admin")
    assert (await http.get("/api/points/settings")).json() == {"refresh_ms": 500}
    assert (await http.put("/api/points/settings", json={"refresh_ms": 50})).json()["code"] == "refresh_invalid"
    assert (await http.put("/api/points/settings", json={"refresh_ms": 2000})).status_code == 200
    assert (await (await sign_in("employee")).put("/api/points/settings", json={"refresh_ms": 900})).status_code == 403

    class Heard:
        times: list[float] = []

        def publish(self, enterprise: UUID, topic: str, items: list[Value]) -> None:
            self.times.append(clock.monotonic())

    async with unit_of_work("*") as uow:
        rates = await archive.refresh_rates(uow.session)
    assert rates == {enterprise.id: 2.0}
    heard = Heard()
    live = LiveValues(heard, {1: (enterprise.id, points.devices[0])})
    live.rates = {enterprise.id: 0.3}
    running = asyncio.create_task(live.run())
    until = clock.monotonic() + 20
    while len(heard.times) < 4 and clock.monotonic() < until:
        now = micros(clock.now())
        live.put(Live(1, now, now, 1.0, GOOD))
        await asyncio.sleep(0.01)
    running.cancel()
    gaps = [b - a for a, b in zip(heard.times, heard.times[1:], strict=False)]
    assert len(gaps) == 3 and min(gaps) >= 0.29


async def test_a_dead_band_is_set_by_the_administrator_and_not_by_accident_for_safety(
    points: Points, writer: Writer, database: Settings, sign_in: SignIn, tmp_path: Path
) -> None:
    async with unit_of_work("*") as uow:
        safety = {row.id: row.safety for row in await uow.session.execute(text("SELECT id, safety FROM device"))}
    critical = next(n for n, device in enumerate(points.devices) if safety[device])
    plain = next(n for n, device in enumerate(points.devices) if not safety[device])
    http = await sign_in("system_admin")
    path = f"/api/points/{points.devices[critical]}/compression"
    refused = await http.put(path, json={"deviation": 0.5})
    assert (refused.status_code, refused.json()["code"]) == (409, "safety_point_kept")
    assert (await http.put(path, json={"deviation": 0.5, "even_for_safety": True})).status_code == 200
    assert (await http.put(path, json={"deviation": None})).status_code == 200
    assert (await http.get(path)).json()["deviation"] is None
    path = f"/api/points/{points.devices[plain]}/compression"
    assert (await http.put(path, json={"deviation": 0.5, "longest_s": 60})).status_code == 200
    assert (await (await sign_in("employee")).put(path, json={"deviation": 9.0})).status_code == 403
    async with unit_of_work("*") as uow:
        bands = await archive.dead_bands(uow.session)
    assert bands == {points.tags[plain]: DeadBand(0.5, 60)}
    recorder = Recorder(Writer(database, "thin", KEEP), Spool(tmp_path / "spool"))
    recorder.compressor.set(bands)
    at = micros(clock.now() - timedelta(hours=3))
    for n in range(30):
        for tag in (points.tags[plain], points.tags[critical]):
            recorder.add((tag, at + n * 1_000_000, at, 20 + n % 2 / 10 + n // 20, GOOD))
    await recorder.close()
    assert (recorder.counts.written, recorder.compressor.left_out) == (32, 28)
