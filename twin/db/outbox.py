"""The outbox after the commit: facts get their sequence number in commit order, and subscribers see them in that order.

Every process that reads the outbox may number it, one at a time; whoever wakes first does, the others find it done.
Rows are numbered only after their transaction has committed, so a slow transaction never leaves a hole that a reader
has already passed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from twin import clock
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.settings import get_settings

log = structlog.get_logger("twin.outbox")

_LOCK = 7465112
_BATCH = 1000
_POLL = 1.0
_CHANNEL = "twin_outbox"
_NUMBER = f"outbox_number({_BATCH}, {_LOCK})"
#: Rows that every subscriber has seen are kept this long, so that a hub or client can resume.
KEEP = timedelta(days=3)


@dataclass(frozen=True)
class Event:
    """A fact: ``kind`` (``put``, ``del``, ...) happened to ``key`` under ``topic``."""

    seq: int
    enterprise_id: UUID
    topic: str
    kind: str
    key: str
    payload: dict[str, Any]
    at: datetime


class Listener:
    """One database connection that hears commits and wakes every follower of this process. Reconnects by itself."""

    def __init__(self) -> None:
        self._wakes: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Listener:
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @contextlib.contextmanager
    def wake(self) -> Any:
        """An event that is set whenever something may have been committed."""
        event = asyncio.Event()
        event.set()
        self._wakes.add(event)
        try:
            yield event
        finally:
            self._wakes.discard(event)

    def _ring(self) -> None:
        for event in self._wakes:
            event.set()

    async def _listen(self) -> None:
        from twin.db.cluster import app_url

        while True:
            try:
                url = app_url(get_settings())
                async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=5) as connection:
                    await connection.execute(f"LISTEN {_CHANNEL}")
                    self._ring()  # whatever was committed before we listened
                    async for _ in connection.notifies():
                        self._ring()
            except psycopg.Error as error:
                log.warning("lost the connection that hears commits", error=str(error).strip())
            await asyncio.sleep(_POLL)  # followers poll meanwhile


async def sequence() -> int:
    """Number every committed row that has no number yet, in commit order; how many this call numbered.

    When it returns, every row that was committed before the call has its number. A caller that finds another at work
    waits for it, which takes a few milliseconds (two seconds at most).
    """
    total = 0
    while True:
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            count = int((await uow.session.execute(text(f"SELECT {_NUMBER}"))).scalar_one())
        total += count
        if count < _BATCH:
            return total


async def last(session: AsyncSession) -> int:
    """The newest number that was given."""
    return int((await session.execute(text("SELECT COALESCE(max(seq), 0) FROM layer_head"))).scalar() or 0)


async def position() -> int:
    """The newest number, after everything committed so far got one: read a snapshot after it, follow from it."""
    await sequence()
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        return await last(uow.session)


async def oldest(session: AsyncSession) -> int:
    """The oldest number that is still kept; a reader that stopped before it needs a fresh snapshot.

    0 when nothing is kept.
    """
    return int((await session.execute(text("SELECT min(seq) FROM outbox"))).scalar() or 0)


async def read(session: AsyncSession, after: int, topics: Sequence[str] | None, limit: int = _BATCH) -> list[Event]:
    """Events with ``seq > after`` in order. A topic that ends in ``.*`` stands for all that begin so; None for all."""
    rows = await session.execute(text(_query(topics, ":{}")), _params(after, topics, limit))
    return [Event(*row) for row in rows]


def _query(topics: Sequence[str] | None, mark: str) -> str:
    """The reading statement with parameters marked as the driver wants them, e.g. ``:{}``."""
    after, limit, exact, prefixes = (mark.format(name) for name in ("after", "limit", "exact", "prefixes"))
    where = (
        ""
        if topics is None
        else (
            f" AND (topic = ANY(CAST({exact} AS text[]))"
            f" OR EXISTS (SELECT 1 FROM unnest(CAST({prefixes} AS text[])) p WHERE starts_with(topic, p)))"
        )
    )
    columns = "seq, enterprise_id, topic, kind, key, payload, at"
    return f"SELECT {columns} FROM outbox WHERE seq > {after}{where} ORDER BY seq LIMIT {limit}"


def _params(after: int, topics: Sequence[str] | None, limit: int) -> dict[str, Any]:
    if topics is None:
        return {"after": after, "limit": limit}
    exact = [t for t in topics if not t.endswith(".*")]
    return {"after": after, "limit": limit, "exact": exact, "prefixes": [t[:-1] for t in topics if t.endswith(".*")]}


async def follow(
    topics: Sequence[str] | None = None, after: int | None = None, *, listener: Listener | None = None
) -> AsyncIterator[list[Event]]:
    """Batches of events as they are committed, in order, for ever; survives a restart of the database.

    Args:
        topics: as for :func:`read`.
        after: start behind this number; None starts behind what is there now. The first batch may be empty: it says
            that the follower is in place, so that a snapshot read from then on misses nothing.
        listener: the process's listener; without one the follower makes its own.
    """
    async with contextlib.AsyncExitStack() as stack:
        if listener is None:
            listener = await stack.enter_async_context(Listener())
        wake = stack.enter_context(listener.wake())
        connection: psycopg.AsyncConnection[Any] | None = None
        stack.push_async_callback(lambda: _close(connection))
        placed = False
        while True:
            wake.clear()
            try:
                connection = connection or await _connect()
                if after is None:
                    after = await position()
                await _number(connection)
                rows = await connection.execute(_query(topics, "%({})s"), _params(after, topics, _BATCH))
                events = [Event(*row) for row in await rows.fetchall()]
            except (DBAPIError, psycopg.OperationalError, OSError) as error:
                log.warning("the database does not answer; waiting", error=str(error).splitlines()[:1])
                await _close(connection)
                connection = None
                await asyncio.sleep(_POLL)
                continue
            if events or not placed:
                placed = True
                after = events[-1].seq if events else after
                yield events
            if len(events) < _BATCH:
                await pause(wake)


async def _connect() -> psycopg.AsyncConnection[Any]:
    """A follower's own connection, outside the pool, without a transaction around its statements: latency is all."""
    from twin.db.cluster import app_url

    return await psycopg.AsyncConnection.connect(
        app_url(get_settings()), autocommit=True, connect_timeout=5, options=f"-c twin.enterprise={ALL_ENTERPRISES}"
    )


async def _close(connection: psycopg.AsyncConnection[Any] | None) -> None:
    if connection is not None:
        await connection.close()


async def _number(connection: psycopg.AsyncConnection[Any]) -> None:
    while True:
        row = await (await connection.execute(f"SELECT {_NUMBER}")).fetchone()
        assert row is not None
        if row[0] < _BATCH:
            return


async def pause(wake: asyncio.Event) -> None:
    """Wait until something may have been committed, at most until the next poll is due."""
    # Not wait_for: before Python 3.12 it may swallow a cancellation that meets the wake-up.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_POLL):
            await wake.wait()


def is_outage(error: BaseException) -> bool:
    """Whether an error means that the database is away (and not that a statement is wrong)."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return isinstance(error, OSError)


async def prune(subscribers: Sequence[str]) -> int:
    """Delete events that are old and seen by all of these durable subscribers; how many went."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        behind = (
            "SELECT min(COALESCE(c.seq, 0)) FROM unnest(CAST(:names AS text[])) n"
            " LEFT JOIN outbox_cursor c ON c.subscriber = n"
        )
        limit = f"AND seq <= ({behind})" if subscribers else "AND seq IS NOT NULL"
        gone = await uow.session.execute(
            text(f"DELETE FROM outbox WHERE at < :old {limit} RETURNING id"),
            {"old": clock.now() - KEEP} | ({"names": list(subscribers)} if subscribers else {}),
        )
        return len(gone.all())
