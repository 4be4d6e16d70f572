"""Durable subscribers of the outbox: each sees every fact of its topics in order, at least once, and remembers how far
it came.

The cursor moves in the same transaction as the subscriber's own writes, so a crash repeats an event only when nothing
of it was kept. An event that fails again and again is parked, told to the system administrator and can be retried; the
ones behind it go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

import structlog
from sqlalchemy import insert, text

from twin import clock
from twin.db.models import OutboxParked
from twin.db.outbox import Event, Listener, is_outage, last, pause, read, sequence
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.errors import NotFound

log = structlog.get_logger("twin.subscribers")

#: Tries before an event is parked, and the first pause between them (it doubles).
ATTEMPTS = 5
BACK_OFF = 0.1
_POLL = 1.0
_BATCH = 200


class Subscriber(Protocol):
    """Reacts to facts.

    Attributes:
        name: never changes; the cursor is kept under it.
        topics: topics as for ``outbox.read``.
    """

    name: str
    topics: Sequence[str]

    async def handle(self, event: Event, uow: UnitOfWork) -> None:
        """Do what follows from the event, inside ``uow`` (the event's enterprise). Raise to have it repeated."""
        ...


class ParkedNotFound(NotFound):
    """No such parked event."""

    code = "parked_not_found"


async def cursor(subscriber: Subscriber) -> int:
    """How far the subscriber has come. A new one starts with everything that is still kept."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        query = text("SELECT seq FROM outbox_cursor WHERE subscriber = :s")
        found = (await uow.session.execute(query, {"s": subscriber.name})).scalar()
        if found is None:
            await uow.session.execute(
                text("INSERT INTO outbox_cursor (subscriber, seq, at) VALUES (:s, 0, :at) ON CONFLICT DO NOTHING"),
                {"s": subscriber.name, "at": clock.now()},
            )
        return int(found or 0)


async def run(subscriber: Subscriber, listener: Listener) -> None:
    """Deliver events for ever. Outages of the database are waited out; nothing else stops it."""
    with listener.wake() as wake:
        while True:
            wake.clear()
            try:
                more = await deliver(subscriber)
            except Exception as error:
                if not is_outage(error):
                    log.exception("subscriber stumbled", subscriber=subscriber.name)
                await asyncio.sleep(_POLL)
                continue
            if not more:
                await pause(wake)


async def deliver(subscriber: Subscriber) -> bool:
    """Deliver what is waiting, at most one batch; whether there may be more."""
    await sequence()
    here = await cursor(subscriber)
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        # The end is read first: what is numbered between the two statements lies behind it.
        end = await last(uow.session)
        events = await read(uow.session, here, subscriber.topics, _BATCH)
    for event in events:
        await _deliver_one(subscriber, event)
    if not events and end > here:
        # Nothing of ours up to here: move on, so that pruning need not wait for a quiet topic.
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            await _advance(uow, subscriber.name, end)
    return len(events) == _BATCH


async def _deliver_one(subscriber: Subscriber, event: Event) -> None:
    pause = BACK_OFF
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with unit_of_work(event.enterprise_id, origin=f"subscriber:{subscriber.name}") as uow:
                if await _advance(uow, subscriber.name, event.seq):
                    await subscriber.handle(event, uow)
            return
        except Exception as error:
            if is_outage(error):
                raise
            log.warning(
                "event failed",
                subscriber=subscriber.name,
                seq=event.seq,
                topic=event.topic,
                attempt=attempt,
                error=repr(error),
            )
            if attempt == ATTEMPTS:
                await _park(subscriber, event, error)
                return
        await asyncio.sleep(pause)
        pause *= 2


async def _advance(uow: UnitOfWork, name: str, seq: int) -> bool:
    """Move the cursor; False when somebody has already been here.

    The row stays locked, so two workers never handle one event at once.
    """
    moved = await uow.session.execute(
        text("UPDATE outbox_cursor SET seq = :n, at = :at WHERE subscriber = :s AND seq < :n RETURNING 1"),
        {"s": name, "n": seq, "at": clock.now()},
    )
    return moved.scalar() is not None


async def _park(subscriber: Subscriber, event: Event, error: BaseException) -> None:
    async with unit_of_work(event.enterprise_id, origin=f"subscriber:{subscriber.name}") as uow:
        if not await _advance(uow, subscriber.name, event.seq):
            return
        facts = {
            "subscriber": subscriber.name,
            "seq": event.seq,
            "topic": event.topic,
            "error": f"{type(error).__name__}: {error}"[:2000],
        }
        await _keep(uow, event, facts)
        await uow.emit("system", "event_parked", f"{subscriber.name}:{event.seq}", facts)
        from twin.notify.service import notify_role  # notifications build on this package

        await notify_role(uow, "system_admin", "event_parked", facts, level="warning")


async def _keep(uow: UnitOfWork, event: Event, facts: dict[str, Any]) -> None:
    await uow.session.execute(
        insert(OutboxParked).values(
            **facts,
            enterprise_id=event.enterprise_id,
            kind=event.kind,
            key=event.key,
            payload=event.payload,
            event_at=event.at,
            attempts=ATTEMPTS,
            parked_at=clock.now(),
        )
    )


async def parked(uow: UnitOfWork, limit: int = 200) -> list[dict[str, Any]]:
    """Parked events of the unit's enterprise, oldest first."""
    rows = await uow.session.execute(
        text(
            "SELECT subscriber, seq, topic, kind, key, event_at, error, attempts, parked_at FROM outbox_parked"
            " ORDER BY parked_at, seq LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


async def retry(uow: UnitOfWork, subscriber: Subscriber, seq: int) -> None:
    """Handle a parked event once more; it leaves the list when that works.

    Raises:
        ParkedNotFound: it is not parked. Else whatever the subscriber raises.
    """
    row = (
        await uow.session.execute(
            text(
                "DELETE FROM outbox_parked WHERE subscriber = :s AND seq = :n"
                " RETURNING enterprise_id, topic, kind, key, payload, event_at"
            ),
            {"s": subscriber.name, "n": seq},
        )
    ).first()
    if row is None:
        raise ParkedNotFound(subscriber=subscriber.name, seq=seq)
    enterprise_id: UUID = row[0]
    await subscriber.handle(Event(seq, enterprise_id, row[1], row[2], row[3], row[4], row[5]), uow)
    await uow.audit("retry", "outbox_parked", f"{subscriber.name}:{seq}")
