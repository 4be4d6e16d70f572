"""Slow, stuck, rude and unwelcome clients: each gets a clear answer and none costs the others anything."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

import httpx
import msgpack
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime.hub.codec import MSGPACK_PROTOCOL
from realtime.hub.limits import Limits
from realtime.hub.topic import TopicKey
from tests.hub.support import PLANT, Reader, Rig, eventually, running, zone

ZONES = TopicKey(PLANT, "layer.zone")


def narrow(port: int) -> socket.socket:
    """A connected socket whose receive buffer is small, so that not reading is felt soon."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    sock.setblocking(False)
    return sock


async def flood_until_slow(rig: Rig, quick: Reader | None = None, keys: int = 5) -> int:
    """Change ``keys`` zones again and again until bob no longer takes it, and then some; how many changes. ``quick``
    keeps up."""
    count, beyond = 0, 0
    while beyond < 500 or count % 10:
        key = f"k{count % keys}"
        rig.source.write((key, zone(key, note=f"{count} " + "x" * 2000)))
        count += 1
        bob = next((client for client in rig.hub.clients if client.principal.username == "bob"), None)
        if bob is None:
            break  # dropped already
        beyond += bob.paused
        assert count < 20_000
        if count % 10 == 0:
            if quick is not None:
                await quick.until(lambda _: quick.seq == rig.source.seq)
            await asyncio.sleep(0)
    return count


@pytest.mark.parametrize("mode", ["batch", "latest"])
async def test_a_slow_reader_gets_the_newest_and_is_told_what_it_missed(mode: str) -> None:
    limits = Limits(write_high=8192, queue_bytes=50_000, pace=0.001)
    async with (
        running(limits) as rig,
        rig.client() as anna,
        rig.client("bob", sock=narrow(rig.port), max_queue=1) as bob,
    ):
        await anna.sub()
        await bob.sub(mode=mode)
        count = await flood_until_slow(rig, anna)
        assert sum(f["op"] == "delta" for f in anna.frames) == count, "the quick one missed nothing"
        await bob.until(lambda _: bob.state == rig.source.rows[ZONES])
        skipped = sum(f["count"] for f in bob.frames if f["op"] == "skip")
        assert skipped > 0 and rig.hub.skipped == skipped and bob.seq == count
        if mode == "batch":
            got = sum(len(f["items"]) for f in bob.frames if f["op"] == "delta")
            assert got + skipped == count, "every change was either sent or counted"
        notes = [
            int(c["v"]["properties"]["note"].split()[0]) for f in bob.frames if f["op"] == "delta" for c in f["items"]
        ]
        for key in range(5):
            mine = [n for n in notes if n % 5 == key]
            assert mine == sorted(mine), "never an older one after a newer"


async def test_a_reader_that_missed_too_many_keys_gets_a_new_snapshot() -> None:
    limits = Limits(write_high=8192, queue_bytes=20_000, queue_keys=50)
    async with running(limits) as rig, rig.client("bob", sock=narrow(rig.port), max_queue=1) as bob:
        await bob.sub()
        await flood_until_slow(rig, keys=200)
        await bob.until(lambda _: sum(f["op"] == "live" for f in bob.frames) == 2)
        assert bob.state == rig.source.rows[ZONES] and any(f["op"] == "skip" for f in bob.frames)
        rig.source.write(("k0", None))
        await bob.until(lambda _: "k0" not in bob.state)


async def test_a_large_snapshot_for_a_slow_reader_does_not_lose_what_changes_meanwhile() -> None:
    limits = Limits(write_high=8192, chunk_items=10, queue_bytes=20_000)
    async with running(limits) as rig, rig.client("bob", sock=narrow(rig.port), max_queue=1) as bob:
        rig.source.write(*((f"k{i}", zone(f"k{i}", note="x" * 5000)) for i in range(1000)))
        await bob.send(op="sub", id=1, topic="layer.zone")
        await eventually(lambda: rig.hub.slow)
        for i in range(200):
            rig.source.write((f"k{i % 20}", zone(f"k{i % 20}", note=str(i))))
        rig.source.write(("k999", None))
        await bob.until(lambda _: bob.state == rig.source.rows[ZONES])


async def test_a_stuck_reader_is_dropped_and_the_others_never_notice() -> None:
    limits = Limits(write_high=8192, queue_bytes=20_000, stuck=0.2)
    async with (
        running(limits) as rig,
        rig.client() as anna,
        rig.client("bob", sock=narrow(rig.port), max_queue=1) as bob,
    ):
        await anna.sub()
        await bob.sub()
        await flood_until_slow(rig, anna)
        await eventually(lambda: len(rig.hub.clients) == 1)
        assert not rig.hub.slow and next(iter(rig.hub.clients)).principal.username == "anna"
        with pytest.raises((ConnectionClosed, AssertionError, TimeoutError)):
            while True:
                await bob.next(seconds=5)


@pytest.mark.parametrize(
    "message",
    [
        "", "{", "[]", "null", "{}", '{"op":"dance"}', '{"op":"sub"}', '{"op":"sub","id":"1","topic":"layer.zone"}',
        '{"op":"sub","id":-1,"topic":"layer.zone"}', '{"op":"sub","id":1,"topic":"layer.zone","bbox":[1,2,3]}',
        '{"op":"sub","id":1,"topic":"layer.zone","bbox":[0,5,1,-5]}',
        '{"op":"sub","id":1,"topic":"layer.zone","since":-1}',
        '{"op":"sub","id":1,"topic":"layer.zone","where":{"risk":{"$gt":1}}}',
        '{"op":"sub","id":1,"topic":"layer.zone","x":1}',
        '{"op":"sub","id":1,"topic":"layer.zone","mode":"all"}', "[" * 5000, b"\xc1", b"\x81\xa2op\xc7\x01\x05\x00",
        b"\x93",
        msgpack.packb({"op": "sub", "id": True, "topic": "layer.zone"}), msgpack.packb({1: 2}), b"\xdd\xff\xff\xff\xff",
    ],
)  # fmt: skip
async def test_malformed_messages_are_refused_and_the_connection_lives(message: str | bytes) -> None:
    async with running() as rig, rig.client() as anna:
        await anna.socket.send(message)
        assert (await anna.expect("err"))["code"] == "malformed"
        assert (await anna.sub())[-1]["op"] == "live"


async def test_after_several_malformed_messages_it_is_over() -> None:
    async with running(Limits(bad_messages=3)) as rig, rig.client() as anna, rig.client("bob") as bob:
        await bob.sub()
        for _ in range(3):
            await anna.socket.send("nonsense")
        assert await anna.closed() == 1008
        assert [f["code"] for f in anna.frames[1:]] == ["malformed"] * 3
        rig.source.write(("a", zone("a")))
        await bob.expect("delta")


async def test_too_long_a_message_closes() -> None:
    async with running() as rig, rig.client() as anna:
        await anna.socket.send("x" * (64 * 1024 + 1))
        assert await anna.closed() == 1009
        await eventually(lambda: not rig.hub.clients)


async def test_a_client_that_talks_without_pause_is_closed() -> None:
    async with running(Limits(burst=20, per_second=0.1)) as rig, rig.client() as anna:
        for _ in range(30):
            await anna.send(op="pong")
        assert await anna.closed() == 1008 and anna.frames[-1]["code"] == "too_many_messages"


async def test_random_bytes_never_hurt() -> None:
    async with running(Limits(bad_messages=1000, burst=1000)) as rig, rig.client(protocol=MSGPACK_PROTOCOL) as anna:
        for size in range(1, 200):
            await anna.socket.send(os.urandom(size))
        frames = await anna.until(lambda f: f["op"] == "pong" or len(anna.frames) >= 200)
        assert {f["op"] for f in frames} == {"err"}
        assert (await anna.sub())[-1]["op"] == "live"


async def test_what_an_account_may_not_read_is_refused() -> None:
    async with running(Limits(subs=2)) as rig, rig.client() as anna:
        assert (await anna.sub(1, "layer.secret"))[-1]["code"] == "forbidden"
        assert (await anna.sub(1, "layer.nothing"))[-1]["code"] == "topic_not_found"
        await anna.sub(1)
        assert (await anna.sub(1, "inbox"))[-1]["code"] == "subscription_duplicate"
        await anna.sub(2, "inbox")
        assert (await anna.sub(3, "position"))[-1]["code"] == "too_many_subscriptions"


@pytest.mark.parametrize(
    ("token", "headers"),
    [("anna", {}), (None, {"Cookie": "other=1; twin_session=anna"}), (None, {"Authorization": "bearer anna"})],
)
async def test_ways_to_sign_in(token: str | None, headers: dict[str, str]) -> None:
    async with running() as rig, rig.client(token, headers=headers) as anna:
        if token is None:
            anna.hello = await anna.expect("hello")
        assert anna.hello["heartbeat"] == 15.0 and anna.hello["session"]
        assert (await anna.sub())[-1]["op"] == "live"


async def test_sign_in_by_the_first_message() -> None:
    async with running() as rig, rig.client(None) as anna:
        await anna.send(op="auth", token="anna")
        await anna.expect("hello")
        assert (await anna.sub())[-1]["op"] == "live"


@pytest.mark.parametrize(
    ("token", "first", "code", "close"),
    [
        ("nobody", None, "unauthenticated", 4401),
        (None, '{"op":"auth","token":"nobody"}', "unauthenticated", 4401),
        (None, '{"op":"sub","id":1,"topic":"layer.zone"}', "unauthenticated", 4401),
        (None, "rubbish", "malformed", 1008),
        (None, None, "auth_timeout", 4401),
    ],
)
async def test_who_cannot_sign_in_is_told_and_closed(
    token: str | None, first: str | None, code: str, close: int
) -> None:
    async with running(Limits(auth_seconds=0.2 if first is None else 5.0)) as rig:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with rig.client(None, headers=headers) as anna:
            if first:
                await anna.socket.send(first)
            assert await anna.closed() == close
            assert [f["code"] for f in anna.frames] == [code] and anna.frames[0]["message"]
        await eventually(lambda: rig.listener.metrics()["connections"] == 0)


async def test_a_session_that_ends_closes_its_connections() -> None:
    async with running(Limits(recheck=0.05)) as rig, rig.client() as anna, rig.client("bob") as bob:
        await anna.sub()
        del rig.accounts.known["anna"]
        assert await anna.closed() == 4401 and anna.frames[-1]["code"] == "unauthenticated"
        assert (await bob.sub())[-1]["op"] == "live"


async def test_an_event_about_an_account_is_looked_at_at_once() -> None:
    async with running() as rig, rig.client() as anna:
        account = rig.accounts.known.pop("anna").account_id
        rig.listener.account_changed(account)
        assert await anna.closed() == 4401


async def test_a_lost_right_ends_the_subscription_only() -> None:
    async with running(Limits(recheck=0.05)) as rig, rig.client() as anna:
        await anna.sub(1)
        await anna.sub(2, "inbox")
        old = rig.accounts.known["anna"]
        rig.accounts.add("anna", scopes=(), account=old.account_id)
        error = await anna.expect("err")
        assert (error["code"], error["id"]) == ("forbidden", 1)
        rig.source.write(("a", zone("a")))
        rig.source.write(("n", {"id": "n"}), topic="inbox", account=old.account_id)
        assert (await anna.expect("delta"))["topic"] == "inbox"


async def test_a_database_that_is_away_throws_nobody_out() -> None:
    async with running(Limits(recheck=0.02)) as rig, rig.client() as anna:
        await anna.sub()
        looked = 0

        async def away(_token: str) -> Any:
            nonlocal looked
            looked += 1
            raise OSError("connection refused")

        rig.listener.auth._lookup = away
        await eventually(lambda: looked > 2)
        rig.source.write(("a", zone("a")))
        await anna.expect("delta")


async def test_a_source_that_is_away_is_asked_again_and_the_screen_comes_back() -> None:
    async with running(Limits(retry=0.01)) as rig, rig.client() as anna:
        rig.source.write(("a", zone("a")))
        rig.source.away = 3
        await anna.sub(where={"risk": [4]})
        assert set(anna.state) == {"a"} and rig.source.reads == 4
        rig.source.write(("b", zone("b")))
        await anna.expect("delta")
        await anna.send(op="unsub", id=1)
        rig.source.away = 1_000_000
        rig.hub._topics[ZONES].restart(rig.hub.position)
        await anna.send(op="sub", id=2, topic="layer.zone")
        reads = rig.source.reads
        await eventually(lambda: rig.source.reads > reads + 1)
        await anna.send(op="unsub", id=2)
        await eventually(lambda: not rig.hub._topics[ZONES].groups)


async def test_too_many_connections_of_one_account_are_refused_politely_and_harm_nobody() -> None:
    async with running(Limits(per_account=20), remember=60) as rig, rig.client("bob") as bob:
        await bob.sub()
        opened: list[ClientConnection] = []

        async def attempt() -> int:
            connection = await connect(
                f"ws://127.0.0.1:{rig.port}/",
                additional_headers={"Authorization": "Bearer anna"},
                compression=None,
                proxy=None,
            )
            if b'"hello"' in await connection.recv(decode=False):
                opened.append(connection)
                return 0
            await connection.wait_closed()
            return connection.close_code or 0

        codes = await asyncio.gather(*(attempt() for _ in range(200)))
        assert sorted(codes) == [0] * 20 + [4429] * 180
        assert rig.accounts.lookups == 2, "a flood does not reach the database"
        rig.source.write(("a", zone("a")))
        await bob.expect("delta")
        for connection in opened:
            await connection.close()
        await eventually(lambda: len(rig.hub.clients) == 1)
        async with rig.client():
            pass


async def test_more_connections_than_the_hub_may_hold_are_refused() -> None:
    async with running(Limits(connections=3, anonymous=2)) as rig:
        async with rig.client(None), rig.client(None):
            with pytest.raises(InvalidStatus) as refused:
                async with rig.client():
                    pass
            assert refused.value.response.status_code == 503
        await eventually(lambda: rig.listener.metrics()["connections"] == 0)
        async with rig.client() as anna:
            assert (await anna.sub())[-1]["op"] == "live"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:8080", True), ("https://twin.example", True), ("http://evil.example", False), ("null",
        False),
        ("http://127.0.0.1.evil.example", False), ("http://[", False),
    ],
)  # fmt: skip
async def test_pages_of_other_sites_may_not_connect(origin: str, allowed: bool) -> None:
    async with running(origins=frozenset({"https://twin.example"})) as rig:
        if allowed:
            async with rig.client(headers={"Origin": origin}):
                return
        with pytest.raises(InvalidStatus) as refused:
            async with rig.client(headers={"Origin": origin}):
                pass
        assert refused.value.response.status_code == 403


async def test_heartbeat_both_ways() -> None:
    async with running(Limits(heartbeat=0.1)) as rig, rig.client() as anna, rig.client("bob") as bob:
        await anna.send(op="ping")
        await anna.until(lambda f: f["op"] == "pong")
        for _ in range(6):  # longer than a silent client may stay
            await anna.until(lambda f: f["op"] == "ping")
            await anna.send(op="pong")
        assert anna.hello["heartbeat"] == 0.1
        await eventually(lambda: len(rig.hub.clients) == 1)
        assert next(iter(rig.hub.clients)).principal.username == "anna"
        with pytest.raises(ConnectionClosed):
            while True:
                await bob.next()


async def test_counts_without_signing_in() -> None:
    async with running() as rig, rig.client() as anna:
        await anna.sub()
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"http://127.0.0.1:{rig.port}/health")
        body = answer.json()
        assert body["status"] == "ok" and body["clients"] == 1 and body["subscriptions"] == 1 and body["frames"] >= 3


async def test_stopping_says_goodbye() -> None:
    async with running() as rig, rig.client() as anna:
        await anna.sub()
        await rig.listener.stop()
        assert await anna.closed() == 1001


async def test_a_client_that_vanishes_leaves_nothing_behind() -> None:
    async with running() as rig:
        async with rig.client() as anna:
            await anna.sub(where={"risk": [1]}, mode="latest")
            anna.socket.transport.abort()
            await eventually(lambda: not rig.hub.clients)
        assert not rig.hub.accounts and not rig.hub._topics[ZONES].groups
        rig.source.write(("a", zone("a")))
