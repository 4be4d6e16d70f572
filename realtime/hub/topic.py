"""A topic of one enterprise: its recent changes, its groups of equal subscriptions, and the snapshot that subscribers
share.

A subscriber's state is always *a snapshot as of S, then every change after S*; the ring of recent changes lets the hub
serve one snapshot
to many, and lets a client that was away go on from its last ``seq``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from realtime.hub.codec import Codec, Item, chunked
from realtime.hub.filters import Filter
from realtime.hub.limits import Limits
from twin import clock

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from realtime.hub.client import Sub


class SnapshotSource(Protocol):
    """Where a topic's present state comes from."""

    async def snapshot(self, key: TopicKey) -> tuple[list[Item], int]:
        """All items and the sequence number up to which they are complete, read consistently (the number first)."""

    async def head(self, key: TopicKey) -> int:
        """The sequence number of the topic's newest change."""


@dataclass(frozen=True)
class TopicKey:
    """One enterprise's topic; ``account`` only on personal topics (inbox)."""

    enterprise: UUID
    name: str
    account: UUID | None = None


@dataclass(frozen=True)
class TopicSpec:
    """What the hub knows about a topic name.

    Attributes:
        scope: right needed to read it; empty for every signed-in account.
        source: state in the database; None for a stream, whose state is what has been published.
        personal: each account has its own.
    """

    name: str
    scope: str
    source: SnapshotSource | None = None
    personal: bool = False


@dataclass(frozen=True)
class Stream:
    """A live topic that an engine feeds (positions, values). Modules declare ``STREAMS`` in a submodule ``streams``.

    Attributes:
        topic: name on the hub.
        title: what it is, in English (for AsyncAPI).
        scope: right needed to read it.
        schema: JSON Schema of a value; its ``id`` is the key.
        outbox: outbox topic whose events feed it, for state that is kept in the database; then ``snapshot`` reads the
            present state (values with their ``id``) and ``shown`` makes an event's payload the value (None: gone).
    """

    topic: str
    title: str
    scope: str
    schema: dict[str, Any]
    outbox: str = ""
    snapshot: Callable[[AsyncSession], Awaitable[list[dict[str, Any]]]] | None = None
    shown: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None


class Delta:
    """Changes published together.

    Attributes:
        seq: their sequence number.
        shown: what clients are told; smaller than ``seq`` on all but the last frame of a change that needs several, so
            that a client
            that drops in between resumes before it.
    """

    __slots__ = ("_frames", "items", "seq", "shown")

    def __init__(self, seq: int, items: Sequence[Item], shown: int | None = None) -> None:
        self.seq = seq
        self.shown = seq if shown is None else shown
        self.items = items
        self._frames: dict[str, bytes] = {}

    def frame(self, codec: Codec, topic: str, tag: str) -> bytes:
        """The finished frame. A delta belongs to one group, so topic and tag never differ between calls."""
        frame = self._frames.get(codec.name)
        if frame is None:
            head: dict[str, object] = {"op": "delta", "topic": topic, "seq": self.shown}
            if tag:
                head["f"] = tag
            frame = self._frames[codec.name] = codec.delta(head, [item.entry(codec) for item in self.items])
        return frame


class Snapshot:
    """A topic's items as of ``seq``, and their encoded pieces per filter and codec."""

    def __init__(self, items: list[Item], seq: int, limits: Limits, at: float | None = None) -> None:
        self.items = items
        self.seq = seq
        self.at = clock.monotonic() if at is None else at
        self._limits = limits
        self._pieces: dict[tuple[Filter, str], list[list[bytes]]] = {}

    async def encode(self, codec: Codec) -> None:
        """Encode the items, with pauses: a large layer must not hold up everybody else's frames."""
        for number, item in enumerate(self.items, 1):
            item.encoded(codec)
            if number % 200 == 0:
                await asyncio.sleep(0)

    def pieces(self, filter_: Filter, codec: Codec) -> list[list[bytes]]:
        """Encoded items in pieces, shared by everyone with this filter and codec."""
        found = self._pieces.get((filter_, codec.name))
        if found is None:
            entries = (item.encoded(codec) for item in self.items if not filter_ or filter_.matches(item))
            found = self._pieces[filter_, codec.name] = chunked(
                entries, self._limits.chunk_items, self._limits.chunk_bytes
            )
        return found

    def brought_to(self, seq: int, changes: Iterable[Delta]) -> Snapshot:
        """This snapshot with later changes applied, as of ``seq``."""
        state = {item.key: item for item in self.items}
        for delta in changes:
            for item in delta.items:
                if item.value is None:
                    state.pop(item.key, None)
                else:
                    state[item.key] = item
        return Snapshot(list(state.values()), seq, self._limits, self.at)


class Group:
    """Subscriptions of a topic with the same filter and mode: what they get is encoded once per codec.

    Attributes:
        users: subscriptions that are members or on their way to become one.
        visible: keys that match the filter now, so that one that leaves it is sent as gone; None until known, unused
            without filter.
    """

    def __init__(self, topic: Topic, filter_: Filter, mode: str) -> None:
        self.topic = topic
        self.filter = filter_
        self.mode = mode
        self.tag = "-".join(part for part in (filter_.tag, "latest" if mode == "latest" else "") if part)
        self.members: dict[Codec, dict[int, Sub]] = {}
        self.users = 0
        self.visible: set[str] | None = None
        self._pending: dict[str, Item] = {}
        self._timer: asyncio.Handle | None = None
        self._sent = -1e9
        self._floor = topic.position

    def join(self, sub: Sub) -> None:
        """Add a member; it gets every delta from now on."""
        if self._pending:
            self._beat()  # so that a beat never tells anybody of changes from before it joined
        self.members.setdefault(sub.client.codec, {})[id(sub)] = sub

    def leave(self, sub: Sub) -> None:
        """Remove a subscription, and the group when it was the last."""
        members = self.members.get(sub.client.codec, {})
        if members.pop(id(sub), None) is not None and not members:
            del self.members[sub.client.codec]
        self.users -= 1
        if self.users == 0:
            if self._timer is not None:
                self._timer.cancel()
            self.topic.drop(self)

    def offer(self, delta: Delta) -> None:
        """Take a change of the topic: pass it on now (``batch``) or at the next beat (``latest``)."""
        seen = self._filtered(delta) if self.filter else delta
        if seen is None:
            return
        if self.mode == "batch":
            self._broadcast(seen)
            return
        for item in seen.items:
            self._pending[item.key] = item
        if self._timer is None:
            loop = asyncio.get_running_loop()
            due = self._sent + self.topic.limits.pace
            self._timer = loop.call_at(due, self._beat) if due > loop.time() else loop.call_soon(self._beat)

    def _beat(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._sent = asyncio.get_running_loop().time()
        items, self._pending = list(self._pending.values()), {}
        before, self._floor = self._floor, self.topic.position
        seq = self._floor
        for part in parts(items, self.topic.limits.chunk_items):
            self._broadcast(Delta(seq, part, seq if part[-1] is items[-1] else before))

    def _broadcast(self, delta: Delta) -> None:
        """Hand one frame to every member. This loop is the hub's hot path: a write is one call, a slow member one
        queue entry."""
        name, tag = self.topic.key.name, self.tag
        sent = 0
        lost: list[Sub] = []
        for codec, members in self.members.items():
            frame = delta.frame(codec, name, tag)
            for sub in members.values():
                if sub.backlog is None and not sub.client.paused:
                    try:
                        sub.client.write(frame)
                    except (OSError, RuntimeError):  # the transport closed under us; its connection_lost is on its way
                        lost.append(sub)
                else:
                    sub.hold(delta)
            sent += len(members)
        self.topic.sent += sent
        for sub in lost:
            sub.client.detach()

    def _filtered(self, delta: Delta) -> Delta | None:
        if self.visible is None:
            return None  # nobody has joined yet: the first member brings the visible keys up to date itself
        items: list[Item] = []
        keys = self.filter.keys
        # who names fifty of ten thousand points costs no look at each of them
        for item in delta.items if keys is None else [item for item in delta.items if item.key in keys]:
            if self.filter.matches(item):
                self.visible.add(item.key)
                items.append(item)
            elif item.key in self.visible:
                self.visible.discard(item.key)
                items.append(item if item.value is None else Item(item.key, None))
        return Delta(delta.seq, items, delta.shown) if items else None

    def learn(self, snapshot: Snapshot) -> None:
        """Find out which keys are visible now: the snapshot's, corrected by the changes since."""
        if not self.filter or self.visible is not None:
            return
        self.visible = {item.key for item in snapshot.items if self.filter.matches(item)}
        for delta in self.topic.after(snapshot.seq):
            for item in delta.items:
                if self.filter.matches(item):
                    self.visible.add(item.key)
                else:
                    self.visible.discard(item.key)

    def replay(self, after: int) -> Iterator[Delta]:
        """The kept changes after a sequence number as a member needs them who missed them: what does not match is
        gone."""
        for delta in self.topic.after(after):
            if not self.filter:
                # The plain batch group shares the ring's frames; a latest group has another tag in its frames.
                yield delta if not self.tag else Delta(delta.seq, delta.items, delta.shown)
                continue
            items = [item if self.filter.matches(item) else Item(item.key, None) for item in delta.items]
            yield Delta(delta.seq, items, delta.shown)


class Topic:
    """State of a topic while somebody listens or may come back.

    Attributes:
        position: sequence number up to which the hub has seen every change.
        base: the ring holds every change after this number.
        sent: frames handed out so far (metrics).
    """

    def __init__(self, key: TopicKey, spec: TopicSpec, limits: Limits, position: int) -> None:
        self.key = key
        self.spec = spec
        self.limits = limits
        self.position = position
        self.base = position
        self.groups: dict[tuple[Filter, str], Group] = {}
        self.state: dict[str, tuple[float, Item]] = {}
        self.sent = 0
        self.touched = clock.monotonic()
        self._ring: deque[Delta] = deque()
        self._ring_items = 0
        self._cached: Snapshot | None = None
        self._loading: asyncio.Task[Snapshot] | None = None

    def group(self, filter_: Filter, mode: str) -> Group:
        """The group of this filter and mode."""
        key = (filter_, mode)
        if key not in self.groups:
            self.groups[key] = Group(self, filter_, mode)
        return self.groups[key]

    def drop(self, group: Group) -> None:
        """Forget an empty group."""
        if self.groups.get((group.filter, group.mode)) is group:
            del self.groups[group.filter, group.mode]
        self.touched = clock.monotonic()

    def publish(self, seq: int, items: Sequence[Item]) -> None:
        """Take changes with a new sequence number and pass them to every group. Repeated ones (at-least-once delivery)
        are ignored."""
        if seq <= self.position or not items:
            return
        before, self.position = self.position, seq
        for part in parts(items, self.limits.chunk_items):
            delta = Delta(seq, part, seq if part[-1] is items[-1] else before)
            self._ring.append(delta)
            self._ring_items += len(part)
            for group in list(self.groups.values()):
                group.offer(delta)
        while self._ring_items > self.limits.ring_items and self._ring[0].seq < seq:
            gone = self._ring.popleft()
            self._ring_items -= len(gone.items)
            self.base = gone.seq
        # one change larger than the ring, or the first frames of a change that was cut in two: only whole changes can
        # be resumed
        while self._ring and self._ring[0].seq <= self.base:
            self._ring_items -= len(self._ring.popleft().items)

    def after(self, seq: int) -> Iterator[Delta]:
        """Kept changes after ``seq`` in order."""
        return (delta for delta in self._ring if delta.seq > seq)

    def keeps(self, seq: int) -> bool:
        """Whether every change after ``seq`` is still here."""
        return self.base <= seq <= self.position

    async def snapshot(self) -> Snapshot:
        """The present state, read once for all who ask within a few seconds and brought up to date from the ring."""
        if self.spec.source is None:
            items = [item for _, item in self.state.values() if item.value is not None]
            return Snapshot(items, self.position, self.limits)
        found = self._cached
        if found is None or found.seq < self.base or clock.monotonic() - found.at > self.limits.snapshot_age:
            if self._loading is None:
                self._loading = asyncio.get_running_loop().create_task(self._load())
            # shielded: one client that goes away must not take the snapshot from the others
            found = await asyncio.shield(self._loading)
        if self.base <= found.seq < self.position:
            found = found.brought_to(self.position, self.after(found.seq))
            self._cached = found
        return found

    async def _load(self) -> Snapshot:
        assert self.spec.source is not None
        seen = (
            self.position
        )  # everything up to here is in the database already, whatever the topic's own newest number is
        try:
            items, seq = await self.spec.source.snapshot(self.key)
            found = Snapshot(items, max(seq, seen), self.limits)
            if self._loading is asyncio.current_task():
                self._cached = found
            return found
        finally:
            if self._loading is asyncio.current_task():
                self._loading = None

    def restart(self, position: int) -> None:
        """Forget all that is kept: the state has changed in a way that the ring does not tell."""
        self.position = self.base = position
        self._ring.clear()
        self._ring_items = 0
        self._cached = None
        self._loading = None
        for group in self.groups.values():
            group.visible = None

    def forget(self) -> None:
        """Let an old snapshot go."""
        if self._cached is not None and clock.monotonic() - self._cached.at > self.limits.snapshot_age:
            self._cached = None


def parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """``items`` in pieces of at most ``size``."""
    if len(items) <= size:
        if items:
            yield items
        return
    for start in range(0, len(items), size):
        yield items[start : start + size]
