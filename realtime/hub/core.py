"""The hub itself: who listens to what, and what is published. It knows neither sockets nor the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import structlog

from realtime.hub.client import Backlog, Client, Sub
from realtime.hub.codec import Item
from realtime.hub.errors import Duplicate, TooManySubs, TopicNotFound
from realtime.hub.limits import Limits
from realtime.hub.protocol import Sub as SubMessage
from realtime.hub.topic import Snapshot, Topic, TopicKey, TopicSpec
from twin import clock
from twin.auth.principal import Principal
from twin.errors import Forbidden, TwinError, Unavailable
from twin.i18n import t

log = structlog.get_logger("realtime.hub")

#: s that an event time may lie ahead (sources' clocks differ; the field data's engine lets 60 s pass). What is known as of later than that
#: was told before the wall clock was set back.
AHEAD = 65.0


class Hub:
    """All topics and clients of this process.

    Args:
        specs: the topics that exist, by name.
        position: sequence number of the outbox up to which all changes are in the database (the follower goes on from
            there).

    Attributes:
        frames, skipped, late: counters since start: frames sent, values replaced before a slow client took them,
            stream values that came
            after a newer one.
    """

    def __init__(self, specs: Iterable[TopicSpec], limits: Limits | None = None, position: int = 0) -> None:
        self.specs = {spec.name: spec for spec in specs}
        self.limits = limits or Limits()
        self.position = position
        self.clients: set[Client] = set()
        self.accounts: Counter[tuple[UUID, UUID]] = Counter()
        self.slow: set[Client] = set()
        self.frames = 0
        self.skipped = 0
        self.late = 0
        self._topics: dict[TopicKey, Topic] = {}
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._clock = clock.SetWatch()
        self._stream_seq = int(clock.timestamp() * 1_000_000)  # above everything a former process gave, below 2**53

    # Publishing -----------------------------------------------------------------------------------

    def publish(
        self,
        enterprise: UUID,
        name: str,
        seq: int,
        items: Sequence[tuple[str, dict[str, Any] | None]],
        account: UUID | None = None,
    ) -> None:
        """Pass on changes of the outbox: key and new value, or None for gone. ``seq`` grows; repeated ones are ignored.

        ``account`` addresses a personal topic.
        """
        spec = self.specs.get(name)
        if spec is not None:
            topic = self._topic(TopicKey(enterprise, name, account if spec.personal else None), spec)
            topic.publish(seq, [Item(key, value) for key, value in items])
        self.advance(seq)

    def reread(self, enterprise: UUID, name: str, seq: int, account: UUID | None = None) -> None:
        """A topic has changed as a whole: everybody who listens to it gets a new snapshot."""
        self.advance(seq)
        topic = self._topics.get(TopicKey(enterprise, name, account))
        if topic is not None:
            topic.restart(self.position)
            for sub in [sub for client in self.clients for sub in client.subs.values() if sub.group.topic is topic]:
                self.reload(sub)

    def advance(self, seq: int) -> None:
        """Every change of the outbox up to ``seq`` has been published (or concerns no topic)."""
        if seq <= self.position:
            return
        self.position = seq
        if self._waiting:
            due = [future for wanted, future in self._waiting if wanted <= seq]
            self._waiting = [(wanted, future) for wanted, future in self._waiting if wanted > seq]
            for future in due:
                if not future.done():
                    future.set_result(None)

    def publish_stream(
        self, enterprise: UUID, name: str, items: Sequence[tuple[str, float, dict[str, Any] | None]]
    ) -> int:
        """Pass on values of a stream: key, event time (seconds since 1970), value or None for gone. Returns how many
        were news.

        The newest by event time wins; a value that comes late, or twice, is counted and dropped, whenever it arrived. When the wall clock
        was set back, what is known is of the future: it holds nothing up.

        Raises:
            TopicNotFound: when there is no such stream.
        """
        spec = self.specs.get(name)
        if spec is None or spec.source is not None:
            raise TopicNotFound(topic=name)
        topic = self._topic(TopicKey(enterprise, name), spec)
        if by := self._clock.jump():
            for stream in self._topics.values():
                stream.state = {key: (at + by, item) for key, (at, item) in stream.state.items()}
        ahead = clock.timestamp() + AHEAD
        news: dict[str, Item] = {}
        for key, at, value in items:
            known = topic.state.get(key)
            if known is not None and at <= known[0] <= ahead:
                self.late += 1
                continue
            item = Item(key, None if value is None else {**value, "id": key})
            topic.state[key] = (at, item)
            news[key] = item
        if news:
            self._stream_seq += 1
            topic.publish(self._stream_seq, list(news.values()))
        return len(news)

    def _topic(self, key: TopicKey, spec: TopicSpec) -> Topic:
        topic = self._topics.get(key)
        if topic is None:
            start = self._stream_seq if spec.source is None else self.position
            topic = self._topics[key] = Topic(key, spec, self.limits, start)
        return topic

    async def reached(self, seq: int) -> None:
        """Wait until every change up to ``seq`` has been published.

        Raises:
            Unavailable: when the follower is too far behind.
        """
        if seq <= self.position:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((seq, future))
        try:
            await asyncio.wait_for(future, self.limits.catch_up)
        except TimeoutError:
            raise Unavailable() from None
        finally:
            self._waiting = [entry for entry in self._waiting if entry[1] is not future]

    # Clients --------------------------------------------------------------------------------------

    def add(self, client: Client) -> None:
        """A client has signed in."""
        self.clients.add(client)
        self.accounts[client.account] += 1

    def gone(self, client: Client) -> None:
        """A client has left (called by the client)."""
        if client in self.clients:
            self.clients.remove(client)
            self.accounts[client.account] -= 1
            if self.accounts[client.account] <= 0:
                del self.accounts[client.account]

    def subscribe(self, client: Client, message: SubMessage) -> None:
        """Start a subscription; its snapshot follows.

        Raises:
            TopicNotFound: no such topic.
            Forbidden: the account may not read it.
            Duplicate: the id, or the same topic with the same filter and mode, is subscribed already.
            TooManySubs: over the limit.
        """
        spec = self.specs.get(message.topic)
        if spec is None:
            raise TopicNotFound(topic=message.topic[:100])
        if spec.scope:
            client.principal.require(spec.scope)
        if len(client.subs) >= self.limits.subs:
            raise TooManySubs(limit=self.limits.subs)
        account = client.principal.account_id if spec.personal else None
        topic = self._topic(TopicKey(client.principal.enterprise_id, spec.name, account), spec)
        filter_ = message.filter()
        if message.id in client.subs or any(
            s.group.topic is topic and s.group.filter == filter_ and s.group.mode == message.mode
            for s in client.subs.values()
        ):
            raise Duplicate(topic=spec.name)
        sub = Sub(client, message.id, topic.group(filter_, message.mode))
        client.subs[sub.id] = sub
        self._start(sub, message.since)

    def unsubscribe(self, client: Client, sub_id: int) -> None:
        """End a subscription; an unknown id is no fault (it may have been ended by the hub just now)."""
        sub = client.subs.pop(sub_id, None)
        if sub is not None:
            sub.end()

    def reload(self, sub: Sub) -> None:
        """Begin again with a snapshot, because too much was missed."""
        topic, filter_, mode = sub.group.topic, sub.group.filter, sub.group.mode
        sub.end()
        sub.enter(topic.group(filter_, mode))
        self._start(sub, None)

    def refuse(self, client: Client, error: TwinError, sub_id: int | None = None) -> None:
        """Tell a client what was wrong."""
        message: dict[str, Any] = {"op": "err", "code": error.code}
        if sub_id is not None:
            message["id"] = sub_id
        message["message"] = t(f"error.{error.code}", client.principal.language, **error.params)
        client.send(message)

    def _start(self, sub: Sub, since: int | None) -> None:
        async def run() -> None:
            try:
                await self._load_until_done(sub, since)
            except ConnectionError:
                pass  # the client has gone and has left its groups already
            except TwinError as error:
                self._fail(sub, error)
            except Exception as error:
                log.error("subscription failed", topic=sub.group.topic.key.name, exc_info=error)
                self._fail(sub, Unavailable())
            finally:
                if sub.task is asyncio.current_task():
                    sub.task = None

        sub.task = asyncio.get_running_loop().create_task(run())

    async def _load_until_done(self, sub: Sub, since: int | None) -> None:
        """Load; while the database is away, try again, so that screens come back by themselves."""
        delay = self.limits.retry
        while True:
            try:
                return await self._load(sub, since)
            except Unavailable:
                group = sub.group
                sub.leave()
                sub.enter(group.topic.group(group.filter, group.mode))
                await asyncio.sleep(delay)
                delay = min(2 * delay, 10.0)

    def _fail(self, sub: Sub, error: TwinError) -> None:
        if sub.client.subs.get(sub.id) is sub:
            self.unsubscribe(sub.client, sub.id)
            self.refuse(sub.client, error, sub.id)

    async def _load(self, sub: Sub, since: int | None) -> None:
        """Bring a subscription up to date: the changes since ``since`` when they are all here, else a snapshot; then
        it is live."""
        topic, group, client = sub.group.topic, sub.group, sub.client
        if since is not None and await self._resumable(sub, since):
            start = since
        else:
            start = await self._send_snapshot(sub)
        if topic.spec.source is not None:
            await self.reached(start)
        await client.drained()
        # no await from here on: the client is live from exactly this change on
        live: dict[str, Any] = {"op": "live", "id": sub.id, "seq": start}
        if group.tag:
            live["f"] = group.tag
        client.send(live)
        sub.ready = True
        if sub.backlog is not None:
            sub.backlog.drop_until(start)
        sub.flush()

    async def _resumable(self, sub: Sub, since: int) -> bool:
        """Join after ``since`` if no change after it is missing."""
        topic, group = sub.group.topic, sub.group
        if not topic.keeps(since):
            # A hub that has just started keeps nothing yet; but when nothing has changed since, nothing is missing
            # either.
            base = topic.base
            if topic.spec.source is None or since > topic.position or await topic.spec.source.head(topic.key) > since:
                return False
            if topic.base != base:
                return False
        snapshot = await topic.snapshot() if group.filter and group.visible is None else None
        if snapshot is not None and snapshot.seq < topic.base:
            return False
        self._join(sub, since, snapshot)
        return True

    async def _send_snapshot(self, sub: Sub) -> int:
        topic, client = sub.group.topic, sub.client
        snapshot = await topic.snapshot()
        await snapshot.encode(client.codec)
        if snapshot.seq < topic.base:  # so much has changed meanwhile that some of it is already forgotten
            raise Unavailable
        self._join(sub, snapshot.seq, snapshot)
        pieces = snapshot.pieces(sub.group.filter, client.codec)
        for number, entries in enumerate(pieces, 1):
            await client.drained()
            head = {"op": "snap", "id": sub.id, "topic": topic.key.name, "n": number, "of": len(pieces)}
            client.push(client.codec.delta(head, entries))
        return snapshot.seq

    def _join(self, sub: Sub, seq: int, snapshot: Snapshot | None) -> None:
        """Enter the group with the changes after ``seq`` waiting in the backlog."""
        if snapshot is not None:
            sub.group.learn(snapshot)
        sub.backlog = Backlog(seq, coalesce=sub.group.mode == "latest")
        for delta in sub.group.replay(seq):
            sub.hold(delta)
        # what is put together here was not kept from the client by its slowness
        sub.backlog.skipped = 0
        sub.group.join(sub)

    # Housekeeping ---------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Drop stuck clients, old snapshots and topics that nobody has used for long."""
        now = clock.monotonic()
        for client in list(self.slow):
            if now - client.paused_since > self.limits.stuck:
                log.info("dropped a stuck client", user=client.principal.username, session=client.session)
                client.abort()
                client.detach()
        for key, topic in list(self._topics.items()):
            topic.forget()
            if not topic.groups and not topic.state and now - topic.touched > self.limits.idle_topic:
                self.frames += topic.sent
                del self._topics[key]

    def recheck_scopes(self, client: Client, principal: Principal) -> None:
        """Take over an account's present rights and end what it may no longer read."""
        client.principal = principal
        for sub in list(client.subs.values()):
            scope = sub.group.topic.spec.scope
            if scope and scope not in principal.scopes:
                self._fail(sub, Forbidden(scope=scope))

    def metrics(self) -> dict[str, Any]:
        """Counts for health pages: clients, subscriptions, frames since start, values skipped, late stream values."""
        return {
            "clients": len(self.clients),
            "accounts": len(self.accounts),
            "slow": len(self.slow),
            "subscriptions": sum(len(client.subs) for client in self.clients),
            "topics": len(self._topics),
            "frames": self.frames + sum(topic.sent for topic in self._topics.values()),
            "skipped": self.skipped,
            "late": self.late,
            "position": self.position,
        }
