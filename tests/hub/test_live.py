"""Snapshots, changes, resuming, filters and modes over real sockets."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
import structlog

from realtime.hub.codec import JSON_PROTOCOL, MSGPACK_PROTOCOL
from realtime.hub.core import Hub
from realtime.hub.limits import Limits
from realtime.hub.sources import feed
from realtime.hub.topic import TopicKey, TopicSpec
from tests.hub.support import OTHER, PLANT, Reader, Rig, eventually, running, zone
from twin import clock
from twin.db.outbox import Event


async def test_snapshot_then_changes_in_order() -> None:
    async with running() as rig, rig.client() as anna:
        rig.source.write(("a", zone("a")), ("b", zone("b")))
        frames = await anna.sub()
        assert [f["op"] for f in frames] == ["snap", "live"]
        assert frames[0]["n"] == frames[0]["of"] == 1 and set(anna.state) == {"a", "b"}
        assert frames[1]["seq"] == 1 and "f" not in frames[1]
        for risk in (3, 2, 1):
            rig.source.write(("a", zone("a", risk=risk)))
        rig.source.write(("b", None))
        risks = []
        while "b" in anna.state:
            delta = await anna.expect("delta")
            risks += [c["v"]["properties"]["risk"] for c in delta["items"] if c["v"]]
        assert risks == [3, 2, 1] and anna.state == {"a": zone("a", risk=1)}
        assert [f["seq"] for f in anna.frames if f["op"] == "delta"] == [2, 3, 4, 5]


async def test_empty_topic_has_an_empty_snapshot() -> None:
    async with running() as rig, rig.client() as anna:
        frames = await anna.sub()
        assert frames[0] == {"op": "snap", "id": 1, "topic": "layer.zone", "n": 1, "of": 1, "items": []}


async def test_snapshot_comes_in_pieces() -> None:
    limits = Limits(chunk_items=40, chunk_bytes=4000)
    async with running(limits) as rig, rig.client() as anna:
        rig.source.write(*((f"z{i}", zone(f"z{i}")) for i in range(100)), ("big", zone("big", note="x" * 9000)))
        frames = await anna.sub()
        pieces = frames[:-1]
        assert len(pieces) > 3 and [p["n"] for p in pieces] == list(range(1, len(pieces) + 1))
        assert {p["of"] for p in pieces} == {len(pieces)} and max(len(p["items"]) for p in pieces) <= 40
        assert len(anna.state) == 101


async def test_changes_while_the_snapshot_is_read_are_not_lost() -> None:
    async with running() as rig, rig.client() as anna:
        rig.source.write(("a", zone("a", risk=4)))
        rig.source.gate = asyncio.Event()
        await anna.send(op="sub", id=1, topic="layer.zone")
        await eventually(lambda: rig.source.reads)
        rig.source.write(("a", zone("a", risk=1)), ("b", zone("b")))
        rig.source.gate.set()
        await anna.until(lambda f: f["op"] == "live")
        assert anna.state == rig.source.rows[TopicKey(PLANT, "layer.zone")]


async def test_a_snapshot_ahead_of_the_follower_waits_for_it_and_drops_what_it_holds() -> None:
    async with running() as rig, rig.client() as anna:
        rig.source.write(("a", zone("a", risk=4)))
        rig.source.write(("a", zone("a", risk=3)), publish=False)
        rig.source.write(("a", zone("a", risk=2)), publish=False)
        await anna.send(op="sub", id=1, topic="layer.zone")
        await anna.expect("snap")
        rig.hub.publish(PLANT, "layer.zone", 2, [("a", zone("a", risk=3))])
        rig.hub.publish(PLANT, "layer.zone", 3, [("a", zone("a", risk=2))])
        assert (await anna.expect("live"))["seq"] == 3
        rig.source.write(("a", zone("a", risk=1)))
        assert (await anna.expect("delta"))["items"][0]["v"]["properties"]["risk"] == 1


async def test_subscribers_who_come_together_share_one_read() -> None:
    async with running() as rig:
        rig.source.write(("a", zone("a")))
        rig.source.gate = asyncio.Event()

        async def watch() -> int:
            async with rig.client() as reader:
                await reader.sub()
                return len(reader.state)

        tasks = [asyncio.create_task(watch()) for _ in range(10)]
        await eventually(lambda: sum(len(c.subs) for c in rig.hub.clients) == 10)
        rig.source.gate.set()
        assert await asyncio.gather(*tasks) == [1] * 10 and rig.source.reads == 1


async def test_resume_brings_only_what_was_missed() -> None:
    async with running() as rig:
        rig.source.write(("a", zone("a", risk=4)))
        async with rig.client() as anna:
            await anna.sub()
            since = anna.seq
        rig.source.write(("a", zone("a", risk=3)))
        rig.source.write(("b", zone("b")))
        async with rig.client() as anna:
            frames = await anna.sub(since=since)
            assert [f["op"] for f in frames] == ["live"] and frames[0]["seq"] == since
            assert [(await anna.expect("delta"))["seq"] for _ in range(2)] == [2, 3]
            assert set(anna.state) == {"a", "b"}


async def test_resume_from_too_far_back_or_from_the_future_gets_a_snapshot() -> None:
    async with running(Limits(ring_items=3)) as rig:
        for i in range(10):
            rig.source.write((f"z{i}", zone(f"z{i}")))
        for since in (2, 99):
            async with rig.client() as anna:
                frames = await anna.sub(since=since)
                assert [f["op"] for f in frames] == ["snap", "live"] and len(anna.state) == 10


async def test_resume_at_a_hub_that_has_just_started() -> None:
    """Two hundred screens that come back after a restart must not all ask for everything."""
    async with running(position=500) as rig, rig.client() as anna:
        key = TopicKey(PLANT, "layer.zone")
        rig.source.rows[key], rig.source.heads[key] = {"a": zone("a")}, 400
        frames = await anna.sub(since=400)
        assert [f["op"] for f in frames] == ["live"] and rig.source.reads == 0
        rig.source.write(("a", zone("a", risk=1)))
        assert (await anna.expect("delta"))["seq"] == 501
        async with rig.client("bob") as bob:
            assert [f["op"] for f in await bob.sub(since=399)] == ["snap", "live"]


async def test_repeated_events_are_passed_on_once() -> None:
    async with running() as rig, rig.client() as anna:
        await anna.sub()
        rig.source.write(("a", zone("a", risk=3)))
        rig.hub.publish(PLANT, "layer.zone", 1, [("a", zone("a", risk=4))])
        rig.source.write(("a", zone("a", risk=2)))
        assert [(await anna.expect("delta"))["seq"] for _ in range(2)] == [1, 2]
        assert anna.state["a"]["properties"]["risk"] == 2


@pytest.mark.parametrize(
    ("options", "seen"),
    [
        ({"bbox": [117.99, 38.99, 118.01, 39.01]}, {"near1", "near4"}),
        ({"bbox": [179.0, 38.0, 118.5, 40.0]}, {"near1", "near4"}),
        ({"where": {"risk": [1, 2]}}, {"near1", "far1"}),
        ({"where": {"risk": 4}}, {"near4"}),
        ({"where": {"flag": True}}, {"near1", "far1"}),
        ({"where": {"flag": [1]}}, set()),
        ({"floor": "F1"}, {"near1", "far1"}),
        ({"where": {"risk": [1]}, "bbox": [117.99, 38.99, 118.01, 39.01]}, {"near1"}),
    ],
)
async def test_filters(options: dict[str, object], seen: set[str]) -> None:
    items = [("near1", zone("near1", risk=1)), ("near4", zone("near4")), ("far1", zone("far1", risk=1, lon=119.0))]
    async with running() as rig, rig.client() as anna, rig.client("bob") as bob:
        await anna.sub(**options)
        rig.source.write(*items)
        await bob.sub(**options)
        assert set(bob.state) == seen
        rig.source.write(("end", zone("end", risk=1)))
        rig.source.write(("end", None), ("near1", None), ("near4", None), ("far1", None))
        if seen:
            await anna.until(lambda _: set(anna.state) >= seen)
            await bob.until(lambda _: not bob.state)
            await anna.until(lambda _: not anna.state)


async def test_what_leaves_a_filter_is_gone_and_what_comes_back_is_there() -> None:
    async with running() as rig, rig.client() as anna, rig.client("bob") as bob:
        rig.source.write(("a", zone("a", risk=1)), ("b", zone("b", risk=4)))
        live = (await anna.sub(where={"risk": [1]}))[-1]
        await bob.sub(where={"risk": [1]})
        assert set(anna.state) == {"a"} and live["f"]
        rig.source.write(("b", zone("b", risk=3)))  # unseen before and after: no frame
        rig.source.write(("a", zone("a", risk=2)))
        for reader in (anna, bob):
            frame = await reader.expect("delta")
            assert frame["items"] == [{"k": "a", "v": None}] and frame["f"] == live["f"] and frame["seq"] == 3
        rig.source.write(("a", zone("a", risk=1)))
        await anna.expect("delta")
        assert set(anna.state) == {"a"}


async def test_who_names_ids_hears_of_them_alone() -> None:
    def value(n: int, v: float) -> tuple[str, dict[str, object]]:
        return f"p{n}", {"id": f"p{n}", "v": v}  # as streams have them: the id is the key

    async with running() as rig, rig.client() as anna:
        await anna.sub(where={"id": ["p1", "p3", "p9"]})
        rig.source.write(*(value(n, 1.0) for n in range(5)))
        await anna.expect("delta")
        assert set(anna.state) == {"p1", "p3"}
        rig.source.write(value(2, 2.0))  # no frame
        rig.source.write(value(3, 3.0), value(4, 3.0))
        frame = await anna.expect("delta")
        assert [(item["k"], item["v"]["v"]) for item in frame["items"]] == [("p3", 3.0)] and frame["seq"] == 3
        rig.source.write(("p1", None))
        await anna.expect("delta")
        assert set(anna.state) == {"p3"}


async def test_resume_with_a_filter_also_learns_what_left_it() -> None:
    async with running() as rig:
        rig.source.write(("a", zone("a", risk=1)), ("b", zone("b", risk=1)))
        async with rig.client() as anna:
            await anna.sub(where={"risk": [1]})
            kept, since = anna.state, anna.seq
        rig.source.write(("a", zone("a", risk=4)))
        async with rig.client() as anna:
            anna.state = dict(kept)
            assert [f["op"] for f in await anna.sub(where={"risk": [1]}, since=since)] == ["live"]
            await anna.expect("delta")
            assert set(anna.state) == {"b"}
            rig.source.write(("b", zone("b", risk=2)))  # seen before the drop, never by this hub's group
            await anna.expect("delta")
            assert not anna.state


async def test_two_subscriptions_to_one_topic_are_told_apart() -> None:
    async with running() as rig, rig.client() as anna:
        one = (await anna.sub(1, where={"risk": [1]}))[-1]["f"]
        two = (await anna.sub(2, where={"risk": [2]}))[-1]["f"]
        assert one != two
        rig.source.write(("a", zone("a", risk=2)))
        assert (await anna.expect("delta"))["f"] == two
        assert (await anna.sub(3, where={"risk": [2]}))[-1]["code"] == "subscription_duplicate"
        await anna.send(op="unsub", id=2)
        assert (await anna.sub(2, where={"risk": [2]}))[-1]["op"] == "live"


async def test_latest_brings_the_newest_of_many() -> None:
    async with running(Limits(pace=0.05)) as rig, rig.client() as anna:
        await anna.sub(mode="latest")
        for i in range(200):
            rig.source.write(("a", zone("a", note=str(i))), (f"k{i % 3}", zone(f"k{i % 3}", note=str(i))))
        await anna.until(lambda _: anna.state.get("a", {}).get("properties", {}).get("note") == "199")
        deltas = [f for f in anna.frames if f["op"] == "delta"]
        assert len(deltas) < 20 and anna.seq == 200 and deltas[0]["f"] == "latest"
        assert all(len({c["k"] for c in d["items"]}) == len(d["items"]) for d in deltas)
        assert anna.state == rig.source.rows[TopicKey(PLANT, "layer.zone")]
        assert not [f for f in anna.frames if f["op"] == "skip"], "pacing is not loss"


async def test_unsubscribed_is_silent() -> None:
    async with running() as rig, rig.client() as anna:
        await anna.sub(1)
        await anna.send(op="unsub", id=1)
        await anna.send(op="ping")
        await anna.expect("pong")
        rig.source.write(("a", zone("a")))
        await anna.send(op="ping")
        await anna.expect("pong")
        assert not rig.hub._topics[TopicKey(PLANT, "layer.zone")].groups


async def test_another_enterprise_sees_nothing() -> None:
    async with running() as rig, rig.client("eve") as eve, rig.client() as anna:
        rig.source.write(("a", zone("a")))
        await eve.sub()
        await anna.sub()
        assert not eve.state and set(anna.state) == {"a"}
        rig.source.write(("b", zone("b")))
        rig.source.write(("e", zone("e")), enterprise=OTHER)
        await eve.expect("delta")
        assert set(eve.state) == {"e"}
        await anna.expect("delta")
        assert set(anna.state) == {"a", "b"}


async def test_an_inbox_is_ones_own() -> None:
    async with running() as rig, rig.client() as anna, rig.client("bob") as bob:
        await anna.sub(topic="inbox")
        await bob.sub(topic="inbox")
        account = rig.accounts.known["anna"].account_id
        rig.source.write(("n1", {"id": "n1", "title": "动火证待审批"}), topic="inbox", account=account)
        await anna.expect("delta")
        assert set(anna.state) == {"n1"}
        await bob.send(op="ping")
        await bob.expect("pong")


async def test_messagepack_says_the_same_as_json() -> None:
    async with running(Limits(chunk_items=3)) as rig:
        rig.source.write(*((f"z{i}", zone(f"z{i}")) for i in range(10)))

        async def script(reader: Reader) -> None:
            await reader.sub(1)
            await reader.sub(2, where={"risk": [1]})

        async with rig.client(protocol=JSON_PROTOCOL) as json, rig.client("bob", protocol=MSGPACK_PROTOCOL) as packed:
            await script(json)
            await script(packed)
            rig.source.write(("z1", zone("z1", risk=1)), ("z2", None), ("新", zone("新")))
            await json.until(lambda f: f.get("f"))
            await packed.until(lambda f: f.get("f"))
            assert json.socket.subprotocol == JSON_PROTOCOL and packed.socket.subprotocol == MSGPACK_PROTOCOL
            assert json.frames[1:] == packed.frames[1:]


async def test_stream_newest_event_time_wins() -> None:
    async with running() as rig, rig.client() as anna:
        assert rig.hub.publish_stream(PLANT, "position", [("p1", 10.0, {"lon": 118.0, "lat": 39.0})]) == 1
        await anna.sub(topic="position")
        assert anna.state["p1"] == {"lon": 118.0, "lat": 39.0, "id": "p1"}
        late = [
            ("p1", 9.0, {"lon": 1.0, "lat": 1.0}),
            ("p1", 10.0, {"lon": 2.0, "lat": 2.0}),
            ("p2", 5.0, {"lon": 3.0, "lat": 3.0}),
        ]
        assert rig.hub.publish_stream(PLANT, "position", late) == 1
        await anna.expect("delta")
        assert anna.state["p1"]["lon"] == 118.0 and anna.state["p2"]["lon"] == 3.0 and rig.hub.late == 2
        rig.hub.publish_stream(PLANT, "position", [("p1", 11.0, None)])
        await anna.expect("delta")
        assert set(anna.state) == {"p2"}
        assert rig.hub.publish_stream(PLANT, "position", [("p1", 10.5, {"lon": 1.0, "lat": 1.0})]) == 0


async def test_facts_of_a_streams_name_are_for_others_and_no_error() -> None:
    """A change of a zone's level is told by the risk engine's stream and kept as a fact of the same name for subscribers of the database."""
    spec = TopicSpec("risk", "map:read")
    hub = Hub([spec], Limits())
    fact = Event(7, PLANT, "risk", "changed", "Z-11", {"zone": "Z-11", "level": 1}, clock.now())

    async def batches() -> AsyncIterator[list[Event]]:
        yield [fact]

    with structlog.testing.capture_logs() as said:
        await feed(hub, batches(), lambda account: None)
    assert said == []


async def _random_life(rig: Rig, dice: random.Random, options: dict[str, object]) -> Reader:
    """A client that comes and goes while everything changes; it ends with what a fresh snapshot shows."""
    state: dict[str, dict[str, object]] = {}
    since: int | None = None
    for _ in range(6):
        async with rig.client() as reader:
            reader.state = dict(state)
            await reader.sub(**options, **({} if since is None else {"since": since}))
            for _ in range(dice.randrange(5)):
                key = f"k{dice.randrange(6)}"
                value = None if dice.random() < 0.3 else zone(key, risk=dice.randrange(1, 5), note=str(dice.random()))
                rig.source.write((key, value))
            await reader.send(op="ping")
            await reader.until(lambda f: f["op"] == "pong")
            state, since = reader.state, reader.seq
        for _ in range(dice.randrange(4)):
            key = f"k{dice.randrange(6)}"
            rig.source.write((key, zone(key, risk=dice.randrange(1, 5), note=str(dice.random()))))
    async with rig.client() as reader:
        reader.state = dict(state)
        await reader.sub(**options, since=since)
        await reader.send(op="ping")
        await reader.until(lambda f: f["op"] == "pong")
        return reader


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("options", [{}, {"where": {"risk": [1, 2]}}])
async def test_stale_state_and_changes_give_the_fresh_state(seed: int, options: dict[str, object]) -> None:
    async with running(Limits(ring_items=8)) as rig:
        reader = await _random_life(rig, random.Random(seed), options)
        rows = rig.source.rows[TopicKey(PLANT, "layer.zone")]
        wanted = {k: v for k, v in rows.items() if not options or v["properties"]["risk"] in (1, 2)}
        assert reader.state == wanted
