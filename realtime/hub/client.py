"""A signed-in connection and its subscriptions, with the queue that keeps a slow reader from costing anybody
anything."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from realtime.hub.codec import Codec, Item
from realtime.hub.topic import Delta, Group
from twin import clock
from twin.auth.principal import Principal

if TYPE_CHECKING:
    from realtime.hub.core import Hub


class Backlog:
    """What a subscription could not be sent yet: frames in order while they are few, then only the newest value per
    key.

    Attributes:
        seq: of the newest change in it.
        floor: highest number that is complete at the client while the backlog is being sent.
        skipped: values replaced by newer ones.
        lost: more keys than allowed; a new snapshot is cheaper.
    """

    __slots__ = ("bytes", "deltas", "floor", "lost", "newest", "seq", "skipped")

    def __init__(self, floor: int, *, coalesce: bool) -> None:
        self.deltas: deque[Delta] = deque()
        self.bytes = 0
        self.newest: dict[str, tuple[int, Item]] | None = {} if coalesce else None
        self.floor = floor
        self.seq = floor
        self.skipped = 0
        self.lost = False

    def add(self, delta: Delta, size: int, limit: int, keys: int) -> None:
        """Keep a change; ``size`` is its frame's, ``limit`` the bytes and ``keys`` the keys that may wait."""
        self.seq = delta.seq
        if self.newest is None:
            self.deltas.append(delta)
            self.bytes += size
            if self.bytes <= limit:
                return
            self.newest = {}
            waiting, self.deltas, self.bytes = self.deltas, deque(), 0
            for old in waiting:
                self._merge(old, keys)
            return
        self._merge(delta, keys)

    def _merge(self, delta: Delta, keys: int) -> None:
        assert self.newest is not None
        if self.lost:
            self.skipped += len(delta.items)
            return
        for item in delta.items:
            self.skipped += item.key in self.newest
            self.newest[item.key] = (delta.seq, item)
        if len(self.newest) > keys:
            self.skipped += len(self.newest)
            self.newest.clear()
            self.lost = True

    def drop_until(self, seq: int) -> None:
        """Forget what a snapshot as of ``seq`` already holds."""
        self.deltas = deque(d for d in self.deltas if d.seq > seq)
        if self.newest is not None:
            self.newest = {k: (s, item) for k, (s, item) in self.newest.items() if s > seq}
        self.floor = max(self.floor, seq)


class Sub:
    """One subscription.

    Attributes:
        ready: False while the snapshot is on its way; changes wait in the backlog meanwhile.
    """

    __slots__ = ("backlog", "client", "group", "id", "ready", "task")

    def __init__(self, client: Client, sub_id: int, group: Group) -> None:
        self.client = client
        self.id = sub_id
        self.enter(group)
        self.backlog: Backlog | None = None
        self.ready = False
        self.task: asyncio.Task[None] | None = None

    def enter(self, group: Group) -> None:
        """Belong to a group; its changes come only after ``group.join``."""
        self.group = group
        group.users += 1

    def hold(self, delta: Delta) -> None:
        """Keep a change until the client can take it."""
        client, limits = self.client, self.group.topic.limits
        if self.backlog is None:
            self.backlog = Backlog(delta.seq - 1, coalesce=self.group.mode == "latest")
        size = len(delta.frame(client.codec, self.group.topic.key.name, self.group.tag))
        self.backlog.add(delta, size, limits.queue_bytes, limits.queue_keys)

    def flush(self) -> None:
        """Send what waits, as far as the client takes it."""
        backlog, client, group = self.backlog, self.client, self.group
        if backlog is None or not self.ready or client.paused:
            return
        name = group.topic.key.name
        if backlog.skipped and not backlog.deltas:
            client.skipped(group, backlog.skipped)
            backlog.skipped = 0
        if backlog.lost:
            client.hub.reload(self)
            return
        while backlog.deltas and not client.paused:
            delta = backlog.deltas.popleft()
            backlog.bytes -= len(delta.frame(client.codec, name, group.tag))
            backlog.floor = delta.shown
            client.push(delta.frame(client.codec, name, group.tag))
        while backlog.newest and not client.paused:
            keys = list(islice(backlog.newest, group.topic.limits.chunk_items))
            items = [backlog.newest.pop(key)[1] for key in keys]
            shown = backlog.floor if backlog.newest else backlog.seq
            client.push(Delta(backlog.seq, items, shown).frame(client.codec, name, group.tag))
        if not backlog.deltas and not backlog.newest and not backlog.skipped:
            self.backlog = None

    def end(self) -> None:
        """Stop loading and leave the group."""
        if self.task is not None and self.task is not asyncio.current_task():
            self.task.cancel()
        self.task = None
        self.leave()

    def leave(self) -> None:
        """Belong to no group; nothing waits any more."""
        self.group.leave(self)
        self.ready = False
        self.backlog = None


class Client:
    """A signed-in connection.

    Attributes:
        write: the transport's write; nothing else of the connection is touched on the way out.
        paused: the kernel and the write buffer are full; set and unset by the connection's flow control.
        paused_since: when it became so (monotonic seconds).
        asked: when the oldest ping was sent that nothing has answered yet (monotonic seconds); None when none is open.
    """

    __slots__ = (
        "_waiters", "abort", "account", "asked", "closed", "codec", "hub", "paused", "paused_since", "principal",
        "session", "subs", "token", "write",
    )  # fmt: skip

    def __init__(
        self, hub: Hub, codec: Codec, principal: Principal, token: str, session: str, write: Callable[[bytes], object],
        abort: Callable[[], object],
    ) -> None:  # fmt: skip
        self.hub = hub
        self.codec = codec
        self.principal = principal
        self.account = (principal.enterprise_id, principal.account_id)
        self.token = token
        self.session = session
        self.write = write
        self.abort = abort
        self.subs: dict[int, Sub] = {}
        self.paused = False
        self.paused_since = 0.0
        self.asked: float | None = None
        self.closed = False
        self._waiters: list[asyncio.Future[None]] = []

    def send(self, message: dict[str, Any]) -> None:
        """Send a small message of the hub's own."""
        self.push(self.codec.frame(message))

    def push(self, frame: bytes) -> None:
        """Write a finished frame; a closed connection swallows it."""
        if self.closed:
            return
        self.hub.frames += 1
        try:
            self.write(frame)
        except (OSError, RuntimeError):
            self.detach()

    def skipped(self, group: Group, count: int) -> None:
        """Tell the client what it has missed."""
        self.hub.skipped += count
        message: dict[str, Any] = {"op": "skip", "topic": group.topic.key.name, "count": count}
        if group.tag:
            message["f"] = group.tag
        self.send(message)

    async def drained(self) -> None:
        """Wait until the client takes more.

        Raises:
            ConnectionError: when it has gone.
        """
        while self.paused and not self.closed:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if self.closed:
            raise ConnectionError("client has gone")

    def pause(self) -> None:
        """Flow control: no more for now."""
        self.paused = True
        self.paused_since = clock.monotonic()
        self.hub.slow.add(self)

    def resume(self) -> None:
        """Flow control: go on, first with what waits."""
        self.paused = False
        self.hub.slow.discard(self)
        for sub in list(self.subs.values()):
            sub.flush()
            if self.paused:
                return
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def detach(self) -> None:
        """The connection is closing: leave every group now, so that nobody writes to it any more."""
        if self.closed:
            return
        self.closed = True
        self.hub.slow.discard(self)
        for sub in list(self.subs.values()):
            sub.end()
        self.subs.clear()
        self._wake()
        self.hub.gone(self)
