"""The outbox: order, slow transactions, followers, durable subscribers, poison, pruning."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.conftest import Enterprise, SignIn
from twin import clock
from twin.db import deliver, outbox
from twin.db.features import head
from twin.db.outbox import Event, Listener
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.settings import Settings


async def _emit(enterprise: Enterprise, topic: str, key: str, **payload: Any) -> None:
    async with unit_of_work(enterprise.id) as uow:
        await uow.emit(topic, "put", key, payload)


async def _all(topic: str, after: int = 0) -> list[Event]:
    await outbox.sequence()
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        return await outbox.read(uow.session, after, [topic])


async def test_numbers_follow_the_commit_not_the_start(database: Settings, enterprise: Enterprise) -> None:
    """A slow transaction that wrote first gets its number when it commits, and no reader has passed it."""
    topic = f"t.{uuid4().hex}"
    async with unit_of_work(enterprise.id) as slow:
        await slow.emit(topic, "put", "slow", {})
        await _emit(enterprise, topic, "quick")
        seen = await _all(topic)
        assert [e.key for e in seen] == ["quick"]
    later = await _all(topic, seen[-1].seq)
    assert [e.key for e in later] == ["slow"]
    async with unit_of_work(enterprise.id) as uow:
        assert await head(uow.session, enterprise.id, topic) == later[-1].seq


async def test_many_writers_and_sequencers_leave_no_gap(database: Settings, enterprise: Enterprise) -> None:
    start, topic = await outbox.position(), f"t.{uuid4().hex}"
    followed: list[Event] = []

    async def write(n: int) -> None:
        async with unit_of_work(enterprise.id) as uow:
            await uow.emit(topic, "put", str(n), {})
            await asyncio.sleep(0.001 * (n % 7))

    async def follower() -> None:
        async for batch in outbox.follow([topic], start):
            followed.extend(batch)
            if len(followed) >= 60:
                return

    tasks = [asyncio.create_task(follower())]
    await asyncio.gather(*(write(n) for n in range(60)), *(outbox.sequence() for _ in range(6)))
    await asyncio.wait_for(tasks[0], 10)
    assert sorted(int(e.key) for e in followed) == list(range(60))
    assert [e.seq for e in followed] == list(range(start + 1, start + 61))


async def test_the_loser_of_the_race_sees_everything_numbered(database: Settings, enterprise: Enterprise) -> None:
    topic = f"t.{uuid4().hex}"
    async with unit_of_work(ALL_ENTERPRISES) as other:  # another process is at work
        await other.session.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": outbox._LOCK})
        await _emit(enterprise, topic, "a")
        mine = asyncio.create_task(_all(topic))
        await asyncio.sleep(0.05)
        assert not mine.done()
    assert [e.key for e in await asyncio.wait_for(mine, 5)] == ["a"]


async def test_topics_by_name_and_prefix(database: Settings, enterprise: Enterprise) -> None:
    start, mark = await outbox.position(), uuid4().hex[:6]
    for topic in (f"layer_{mark}.zone", f"layer_{mark}.tank", f"layerx{mark}.zone", "inbox"):
        await _emit(enterprise, topic, topic)
    await outbox.sequence()
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        some = await outbox.read(uow.session, start, [f"layer_{mark}.*", "inbox"])
        every = await outbox.read(uow.session, start, None)
    assert [e.topic for e in some] == [f"layer_{mark}.zone", f"layer_{mark}.tank", "inbox"]
    assert len(every) == 4


async def test_a_follower_survives_a_cut_connection(database: Settings, enterprise: Enterprise) -> None:
    topic, seen = f"t.{uuid4().hex}", []
    ready, done = asyncio.Event(), asyncio.Event()

    async def follower() -> None:
        async for batch in outbox.follow([topic]):
            ready.set()
            seen.extend(e.key for e in batch)
            if len(seen) == 2:
                done.set()

    task = asyncio.create_task(follower())
    await asyncio.wait_for(ready.wait(), 10)
    await _emit(enterprise, topic, "before")
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        await uow.session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND usename = current_user AND datname = current_database()"
            )
        )
    await _emit(enterprise, topic, "after")
    await asyncio.wait_for(done.wait(), 15)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert seen == ["before", "after"]


class Recorder:
    """A subscriber that writes what it saw into the outbox cursor's own transaction, and may fail."""

    def __init__(self, topics: Sequence[str]) -> None:
        self.name = f"recorder-{uuid4().hex[:8]}"
        self.topics = topics
        self.seen: list[str] = []
        self.fail: dict[str, int] = {}

    async def handle(self, event: Event, uow: UnitOfWork) -> None:
        await uow.emit(f"{self.name}.done", "put", event.key, {})
        if self.fail.get(event.key, 0) > 0:
            self.fail[event.key] -= 1
            raise RuntimeError(f"cannot handle {event.key}")
        self.seen.append(event.key)


async def _drain(subscriber: Recorder) -> None:
    while await deliver.deliver(subscriber):
        pass


async def test_a_crash_repeats_the_event_and_keeps_nothing_of_it(
    database: Settings, enterprise: Enterprise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BACK_OFF", 0.001)
    topic = f"t.{uuid4().hex}"
    subscriber = Recorder([topic])
    for key in ("a", "b", "c"):
        await _emit(enterprise, topic, key)
    subscriber.fail = {"b": 2}
    await _drain(subscriber)
    assert subscriber.seen == ["a", "b", "c"]
    # What the failed tries wrote is gone; each event's effect is there once.
    assert [e.key for e in await _all(f"{subscriber.name}.done")] == ["a", "b", "c"]
    await _drain(subscriber)
    assert subscriber.seen == ["a", "b", "c"]


async def test_a_killed_worker_goes_on_where_it_was(database: Settings, enterprise: Enterprise) -> None:
    topic = f"t.{uuid4().hex}"
    first = Recorder([topic])
    reached = asyncio.Event()

    class Stuck(Recorder):
        async def handle(self, event: Event, uow: UnitOfWork) -> None:
            await super().handle(event, uow)
            if event.key == "2":
                reached.set()
                await asyncio.Event().wait()

    stuck = Stuck([topic])
    stuck.name = first.name
    for key in ("1", "2", "3"):
        await _emit(enterprise, topic, key)
    task = asyncio.create_task(_drain(stuck))
    await asyncio.wait_for(reached.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await _drain(first)
    assert first.seen == ["2", "3"]
    assert [e.key for e in await _all(f"{first.name}.done")] == ["1", "2", "3"]


async def test_two_workers_handle_each_event_once(database: Settings, enterprise: Enterprise) -> None:
    topic = f"t.{uuid4().hex}"
    one, two = Recorder([topic]), Recorder([topic])
    two.name = one.name
    for n in range(20):
        await _emit(enterprise, topic, str(n))
    await asyncio.gather(_drain(one), _drain(two))
    assert sorted(map(int, one.seen + two.seen)) == list(range(20))


async def test_poison_is_parked_and_does_not_block(
    database: Settings, enterprise: Enterprise, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "BACK_OFF", 0.001)
    topic = f"t.{uuid4().hex}"
    subscriber = Recorder([topic])
    for key in ("good", "poison", "next"):
        await _emit(enterprise, topic, key)
    subscriber.fail = {"poison": deliver.ATTEMPTS}
    await _drain(subscriber)
    assert subscriber.seen == ["good", "next"]
    admin = await sign_in("system_admin")
    shown = [p for p in (await admin.get("/api/system/parked")).json() if p["subscriber"] == subscriber.name]
    assert [(p["key"], p["attempts"]) for p in shown] == [("poison", deliver.ATTEMPTS)]
    assert "cannot handle poison" in shown[0]["error"]
    assert (await (await sign_in("manager")).get("/api/system/parked")).status_code == 403
    told = [e for e in await _all("system") if e.payload.get("subscriber") == subscriber.name]
    assert len(told) == 1
    inbox = (await admin.get("/api/inbox")).json()["items"]
    assert any(n["kind"] == "event_parked" and subscriber.name in n["text"] for n in inbox)
    async with unit_of_work(enterprise.id) as uow:
        await deliver.retry(uow, subscriber, shown[0]["seq"])
    assert subscriber.seen == ["good", "next", "poison"]
    assert [p for p in (await admin.get("/api/system/parked")).json() if p["subscriber"] == subscriber.name] == []
    unknown = await admin.post(f"/api/system/parked/{subscriber.name}/{shown[0]['seq']}/retry")
    assert unknown.json()["code"] == "parked_not_found"


async def test_a_running_subscriber_is_woken_by_the_commit(database: Settings, enterprise: Enterprise) -> None:
    topic = f"t.{uuid4().hex}"
    subscriber, handled = Recorder([topic]), asyncio.Event()
    original = subscriber.handle

    async def handle(event: Event, uow: UnitOfWork) -> None:
        await original(event, uow)
        handled.set()

    subscriber.handle = handle  # type: ignore[method-assign]
    async with Listener() as listener:
        task = asyncio.create_task(deliver.run(subscriber, listener))
        await _emit(enterprise, topic, "x")
        await asyncio.wait_for(handled.wait(), 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert subscriber.seen == ["x"]


async def test_pruning_waits_for_every_subscriber(database: Settings, enterprise: Enterprise) -> None:
    topic = f"t.{uuid4().hex}"
    reader, behind = Recorder([topic]), Recorder([topic])
    await _emit(enterprise, topic, "old")
    await _drain(reader)
    with clock.travel(by=timedelta(days=4)):
        assert await outbox.prune([reader.name, behind.name]) == 0
        await _drain(behind)
        await outbox.prune([reader.name, behind.name])
        assert await _all(topic) == []
        await _emit(enterprise, topic, "new")  # numbers go on, they are never given twice
        assert (await _all(topic))[0].seq > 0
        await outbox.prune([])
        assert [e.key for e in await _all(topic)] == ["new"]
    async with unit_of_work(enterprise.id) as uow:
        assert await head(uow.session, enterprise.id, topic) == await outbox.position()
