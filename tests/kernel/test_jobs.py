"""The worker through a cut of all connections, jobs in the caller's transaction, and the kernel's own jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.conftest import Enterprise
from tests.kernel.tools import owner
from twin import clock
from twin.auth import service as auth
from twin.auth.accounts import create_account, create_enterprise
from twin.db import audit
from twin.db.outbox import Event
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.jobs import tasks, worker
from twin.jobs.app import defer, make_app
from twin.settings import Settings

_PRUNE = "twin.jobs:prune_sessions"


def _jobs(settings: Settings) -> list[tuple[str, str]]:
    with owner(settings) as connection:
        return connection.execute(
            "SELECT task_name, status::text FROM jobs.procrastinate_jobs WHERE queueing_lock LIKE 'test%' ORDER BY id"
        ).fetchall()


async def _until(check: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async def poll() -> None:
        while not await check():  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(0.05)

    await asyncio.wait_for(poll(), seconds)


async def test_a_job_exists_if_its_transaction_commits(database: Settings, enterprise: Enterprise) -> None:
    with pytest.raises(RuntimeError):
        async with unit_of_work(enterprise.id) as uow:
            assert await defer(uow, _PRUNE, {"timestamp": 0}, once="test-a") is not None
            raise RuntimeError
    assert _jobs(database) == []
    far = clock.now() + timedelta(days=400)
    async with unit_of_work(enterprise.id) as uow:
        assert await defer(uow, _PRUNE, {"timestamp": 0}, once="test-b", at=far) is not None
        assert await defer(uow, _PRUNE, {"timestamp": 0}, once="test-b", at=far) is None
    assert _jobs(database) == [(_PRUNE, "todo")]


class Echo:
    """A subscriber that keeps the keys it saw."""

    def __init__(self, topic: str) -> None:
        self.name, self.seen = f"echo-{uuid4().hex[:6]}", list[str]()
        self.topics: Sequence[str] = [topic]

    async def handle(self, event: Event, uow: UnitOfWork) -> None:
        self.seen.append(event.key)


async def test_the_worker_survives_the_loss_of_every_connection(database: Settings, enterprise: Enterprise) -> None:
    topic = f"t.{uuid4().hex}"
    echo, stop = Echo(topic), asyncio.Event()
    task = asyncio.create_task(worker.run(database, stop, [echo]))

    async def change(key: str) -> None:
        async with unit_of_work(enterprise.id) as uow:
            await uow.emit(topic, "put", key, {})
            await uow.audit("update", "thing", key)
            await defer(uow, _PRUNE, {"timestamp": 0}, once=f"test-{key}")

    async def settled(key: str) -> bool:
        with owner(database) as connection:
            waiting = connection.execute("SELECT count(*) FROM audit_pending").fetchone()
            jobs = connection.execute(
                "SELECT count(*) FROM jobs.procrastinate_jobs WHERE queueing_lock = %s", [f"test-{key}"]
            ).fetchone()
        return key in echo.seen and waiting == (0,) and jobs == (0,)

    try:
        await change("one")
        await _until(lambda: settled("one"))
        with owner(database) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'twin_app' AND datname = current_database()"
            )
        await change("two")
        await _until(lambda: settled("two"))
    finally:
        stop.set()
        await asyncio.wait_for(task, 15)
    assert echo.seen == ["one", "two"]
    assert (await audit.verify(enterprise.id, database)).ok


async def test_a_job_whose_worker_is_gone_is_done_when_the_next_begins(
    database: Settings, enterprise: Enterprise
) -> None:
    """Not only at the next full minute: the connection may be cut between fetching a job and signing it off."""
    async with unit_of_work(enterprise.id) as uow:
        job = await defer(uow, _PRUNE, {"timestamp": 0}, once="test-gone")
    with owner(database) as connection:
        connection.execute("UPDATE jobs.procrastinate_jobs SET status = 'doing', worker_id = NULL WHERE id = %s", [job])
        # The periodic task of this minute counts as deferred: it cannot help.
        connection.execute(
            "INSERT INTO jobs.procrastinate_periodic_defers (task_name, defer_timestamp, periodic_id)"
            " SELECT 'twin.jobs:retry_stalled', m, '' FROM generate_series(extract(epoch FROM"
            " date_trunc('minute', now()))::bigint, extract(epoch FROM now())::bigint + 60, 60) m ON CONFLICT DO NOTHING"
        )
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(database, stop, []))

    async def done() -> bool:
        with owner(database) as connection:
            left = connection.execute("SELECT count(*) FROM jobs.procrastinate_jobs WHERE id = %s", [job]).fetchone()
        return left == (0,)

    try:
        await _until(done)
    finally:
        stop.set()
        await asyncio.wait_for(task, 15)


def test_a_queue_opened_again_knows_every_task(database: Settings) -> None:
    """The worker opens it anew after the database was away; all jobs failed then, each for want of its task."""
    first, again = make_app(database), make_app(database)
    assert _PRUNE in again.tasks
    ours = {name for name in first.tasks if not name.startswith("builtin:")}
    assert ours <= set(again.tasks)
    for app in (first, again):
        assert all(periodic.task.blueprint is app for periodic in app.periodic_registry.periodic_tasks.values())


async def test_expired_sessions_are_pruned(database: Settings, enterprise: Enterprise) -> None:
    async with unit_of_work(enterprise.id) as uow:
        name = f"u{uuid4().hex[:8]}"
        account = await create_account(uow, username=name, name=name, password=enterprise.password, roles=["employee"])
    await auth.sign_in(name, enterprise.password)

    async def count() -> int:
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            return int(
                (
                    await uow.session.execute(
                        text("SELECT count(*) FROM session WHERE account_id = :a"), {"a": account}
                    )
                ).scalar_one()
            )

    await tasks.prune_sessions(0)
    assert await count() == 1
    with clock.travel(by=timedelta(hours=13)):
        await tasks.prune_sessions(0)
    assert await count() == 0


async def test_a_broken_trail_is_told_to_the_audit_administrator(database: Settings, enterprise: Enterprise) -> None:
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        spoiled = await create_enterprise(uow, code=uuid4().hex[:8], name="x")
    async with unit_of_work(spoiled) as uow:
        name = f"u{uuid4().hex[:8]}"
        await create_account(uow, username=name, name=name, password=enterprise.password, roles=["audit_admin"])
    await audit.seal()
    with owner(database) as connection:
        connection.execute(
            "UPDATE audit SET actor = 'forged' WHERE id = (SELECT max(id) FROM audit WHERE enterprise_id = %s)",
            [spoiled],
        )
    await tasks.verify_audit(0)
    async with unit_of_work(spoiled) as uow:
        told = await uow.session.execute(
            text(
                "SELECT i.params->>'reason' FROM inbox i JOIN account a ON a.id = i.account_id"
                " WHERE i.kind = 'audit_fault' AND a.username = :name"
            ),
            {"name": name},
        )
        assert told.scalars().all() == ["changed"]
