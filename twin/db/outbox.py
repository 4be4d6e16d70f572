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
_RETRY = 0.005
_POLL = 1.0
_CHANNEL = "twin_outbox"
_TOPICS = """(topic = ANY(CAST(:exact AS text[]))
    OR EXISTS (SELECT 1 FROM unnest(CAST(:prefixes AS text[])) p WHERE starts_with(topic, p)))"""
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

    When it returns, every row that was committed before the call has its number. A caller that finds another one at
    work tries again after 5 ms rather than at its next poll.
    """
    total = 0
    while True:
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            if (await uow.session.execute(text("SELECT 1 FROM outbox WHERE seq IS NULL LIMIT 1"))).scalar() is None:
                return total
            got = (await uow.session.execute(text("SELECT pg_try_advisory_xact_lock(:k)"), {"k": _LOCK})).scalar()
            if got:
                total += await _number(uow.session)
        if not got:
            await asyncio.sleep(_RETRY)


async def _number(session: AsyncSession) -> int:
    # layer_head is never pruned, so its maximum is the last number ever given; the lock makes it ours to go on from.
    # Rows that became visible together are ordered by id: that is the order in which transactions that waited for one
    # another wrote them.
    found = await session.execute(
        text(
            """
            WITH last AS (SELECT COALESCE(max(seq), 0) AS seq FROM layer_head),
            fresh AS (SELECT id, row_number() OVER (ORDER BY id) AS n
                      FROM (SELECT id FROM outbox WHERE seq IS NULL ORDER BY id LIMIT :limit) o),
            numbered AS (UPDATE outbox o SET seq = last.seq + fresh.n FROM fresh, last WHERE o.id = fresh.id
                         RETURNING o.enterprise_id, o.topic, o.seq),
            heads AS (INSERT INTO layer_head AS h (enterprise_id, topic, seq)
                      SELECT enterprise_id, topic, max(seq) FROM numbered GROUP BY 1, 2 ORDER BY 1, 2
                      ON CONFLICT (enterprise_id, topic) DO UPDATE SET seq = excluded.seq RETURNING 1)
            SELECT (SELECT count(*) FROM numbered) + 0 * (SELECT count(*) FROM heads)
            """
        ),
        {"limit": _BATCH},
    )
    return int(found.scalar() or 0)


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
    """Events with ``seq > after`` in order.

    A topic that ends in ``.*`` stands for all that begin so; None for every topic.
    """
    exact = [t for t in topics or () if not t.endswith(".*")]
    prefixes = [t[:-1] for t in topics or () if t.endswith(".*")]
    where = "" if topics is None else f"AND {_TOPICS}"
    params: dict[str, Any] = {"after": after, "limit": limit}
    if topics is not None:
        params |= {"exact": exact, "prefixes": prefixes}
    rows = await session.execute(
        text(
            "SELECT seq, enterprise_id, topic, kind, key, payload, at FROM outbox"
            f" WHERE seq > :after {where} ORDER BY seq LIMIT :limit"
        ),
        params,
    )
    return [Event(*row) for row in rows]


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
        placed = False
        while True:
            wake.clear()
            try:
                await sequence()
                async with unit_of_work(ALL_ENTERPRISES) as uow:
                    if after is None:
                        after = await last(uow.session)
                    events = await read(uow.session, after, topics)
            except (DBAPIError, OSError) as error:
                if not is_outage(error):
                    raise
                log.warning("the database does not answer; waiting", error=str(error).splitlines()[0])
                await asyncio.sleep(_POLL)
                continue
            if events or not placed:
                placed = True
                after = events[-1].seq if events else after
                yield events
            if len(events) < _BATCH:
                await pause(wake)


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
