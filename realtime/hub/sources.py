"""The topics of the product, where their state comes from, and the follower that feeds the hub from the outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import cache
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from realtime.hub import repository
from realtime.hub.codec import Item
from realtime.hub.core import Hub
from realtime.hub.streams import SYSTEM
from realtime.hub.topic import Stream, TopicKey, TopicSpec
from twin.db.outbox import Event, is_outage
from twin.errors import Unavailable
from twin.registry import discover
from twin.registry.layer import Layer, layers

log = structlog.get_logger("realtime.hub")

_T = TypeVar("_T")

INBOX = "inbox"
AUTH = "auth"


class LayerSource:
    """A layer's features from the database."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    async def snapshot(self, key: TopicKey) -> tuple[list[Item], int]:
        found, seq = await _reading(lambda: repository.layer_snapshot(key.enterprise, self.layer))
        return [Item(str(feature["id"]), feature) for feature in found], seq

    async def head(self, key: TopicKey) -> int:
        return await _reading(lambda: repository.newest(key.enterprise, key.name))


class InboxSource:
    """An account's notifications."""

    async def snapshot(self, key: TopicKey) -> tuple[list[Item], int]:
        account = key.account
        assert account is not None
        found, seq = await _reading(lambda: repository.inbox_snapshot(key.enterprise, account))
        return [Item(str(entry["id"]), entry) for entry in found], seq

    async def head(self, key: TopicKey) -> int:
        return await _reading(lambda: repository.newest(key.enterprise, key.name))


class KeptSource:
    """A stream whose state is in the database and whose changes come by the outbox."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    async def snapshot(self, key: TopicKey) -> tuple[list[Item], int]:
        read = self.stream.snapshot
        assert read is not None
        found, seq = await _reading(lambda: repository.kept_snapshot(key.enterprise, self.stream.outbox, read))
        return [Item(str(entry["id"]), entry) for entry in found], seq

    async def head(self, key: TopicKey) -> int:
        return await _reading(lambda: repository.newest(key.enterprise, self.stream.outbox))


async def _reading(act: Callable[[], Awaitable[_T]]) -> _T:
    """Run a query; a database that is away is said in the hub's words."""
    try:
        return await act()
    except (DBAPIError, OSError) as error:
        if not is_outage(error):
            raise
        raise Unavailable from error


def specs() -> tuple[TopicSpec, ...]:
    """Every topic: the live layers, one's own notifications, and the state of the system."""
    found = [TopicSpec(layer.topic, layer.read, LayerSource(layer)) for layer in layers().values() if layer.live]
    found += [TopicSpec(s.topic, s.scope, KeptSource(s) if s.outbox else None) for s in streams()]
    return (*found, TopicSpec(INBOX, "", InboxSource(), personal=True))


def streams() -> tuple[Stream, ...]:
    """Every stream of the modules."""
    return tuple(stream for module in discover.submodules("streams") for stream in module.STREAMS)


@cache
def kept_streams() -> dict[str, Stream]:
    """The streams that the outbox feeds, by outbox topic."""
    return {stream.outbox: stream for stream in streams() if stream.outbox}


async def feed(hub: Hub, batches: AsyncIterator[list[Event]], account_changed: Callable[[UUID], None]) -> None:
    """Pass the outbox on to the hub for ever, in order."""
    async for events in batches:
        for (topic, enterprise, _), run in groupby(
            events, key=lambda e: (e.topic, e.enterprise_id, e.kind == "reload")
        ):
            try:
                _take(hub, topic, enterprise, list(run), account_changed)
            except (KeyError, TypeError, ValueError) as error:
                # one event that cannot be read must not stop all that come after it
                log.error("an event cannot be passed on", topic=topic, exc_info=error)
        if events:
            hub.advance(events[-1].seq)


def _take(hub: Hub, topic: str, enterprise: UUID, events: list[Event], account_changed: Callable[[UUID], None]) -> None:
    if topic == AUTH:
        for event in events:
            account_changed(UUID(event.key))
    elif topic == INBOX:
        for event in events:
            account = UUID(event.payload["account_id"])
            if event.kind == "reload":
                hub.reread(enterprise, topic, event.seq, account)
            else:
                hub.publish(enterprise, topic, event.seq, [(event.key, event.payload["item"])], account)
    elif topic == SYSTEM:
        hub.publish_stream(
            enterprise, topic, [(e.key, e.at.timestamp(), {**e.payload, "kind": e.kind}) for e in events]
        )
    elif topic in kept_streams():
        stream = kept_streams()[topic]
        assert stream.shown is not None
        hub.publish(enterprise, stream.topic, events[-1].seq, [(e.key, stream.shown(e.payload)) for e in events])
    elif topic not in hub.specs or hub.specs[topic].source is None:
        pass  # facts for other subscribers only; what a stream of this name shows comes from its engine
    elif events[0].kind == "reload":
        hub.reread(enterprise, topic, events[-1].seq)
    else:
        hub.publish(enterprise, topic, events[-1].seq, list(_changes(events)))


def _changes(events: Iterable[Event]) -> Iterable[tuple[str, dict[str, Any] | None]]:
    """Key and feature of each change of a layer; the payload is the feature itself or holds it as ``feature``."""
    for event in events:
        if event.kind == "del":
            yield event.key, None
        else:
            payload = event.payload
            yield event.key, payload if payload.get("type") == "Feature" else payload["feature"]
