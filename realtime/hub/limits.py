"""What the hub allows and how it paces; tests use smaller ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds that keep one client, account or topic from costing the others anything.

    Attributes:
        heartbeat: seconds between pings; a client that answers neither of two is dropped.
        auth_seconds: time for the first message with a token.
        recheck: seconds between looks whether the session or token still holds.
        stuck: a client that takes nothing for so many seconds is dropped.
        pace: seconds between frames of a ``latest`` subscription (10 Hz).
        per_account, connections, anonymous: connections of one account, of all, and of those not signed in yet.
        subs: subscriptions of a connection.
        message_bytes: longest client message; bad_messages: malformed ones until the connection is closed.
        burst, per_second: client messages at once and in the long run.
        chunk_items, chunk_bytes: size of a piece of a snapshot.
        ring_items: changes kept per topic for resuming.
        queue_bytes: frames kept for a slow client before only the newest per key stays; queue_keys: keys until it gets
            a new snapshot.
        write_high: bytes handed to the kernel's care per client before its queue is used.
        snapshot_age: seconds for which clients share one snapshot (with the changes since).
        catch_up: seconds for which a subscription waits for the follower.
        retry: seconds until a snapshot that could not be read is tried again; doubles up to 10 s.
        idle_topic: seconds after which a topic without subscribers forgets its ring.
    """

    heartbeat: float = 15.0
    auth_seconds: float = 5.0
    recheck: float = 60.0
    stuck: float = 30.0
    pace: float = 0.1
    per_account: int = 200
    connections: int = 5000
    anonymous: int = 500
    subs: int = 64
    message_bytes: int = 64 * 1024
    bad_messages: int = 5
    burst: int = 200
    per_second: float = 20.0
    chunk_items: int = 500
    chunk_bytes: int = 256 * 1024
    ring_items: int = 5000
    queue_bytes: int = 512 * 1024
    queue_keys: int = 10_000
    write_high: int = 64 * 1024
    snapshot_age: float = 5.0
    catch_up: float = 5.0
    retry: float = 0.5
    idle_topic: float = 600.0
