"""MQTT against a real broker: plain JSON by mapping, Sparkplug B with births, deaths, gaps; protobuf is the judge."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from realtime.history.samples import BAD, BAD_NO_COMMUNICATION, BAD_OUT_OF_RANGE, GOOD
from realtime.ingest import sparkplug
from realtime.ingest.plugin import AddressInvalid, FieldPoint, SourceError
from realtime.ingest.sources.mqtt import KIND, MqttSettings
from realtime.ingest.sparkplug import BOOLEAN, INT32, EdgeNode, Malformed, Metric, Payload
from realtime.simulators.broker import DemoBroker
from tests.ingest.support import Ear, eventually, quiet_port

AT = 1_777_777_777_000  # ms


@asynccontextmanager
async def broker() -> AsyncIterator[DemoBroker]:
    made = DemoBroker(quiet_port())
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def listening(port: int, addresses: Sequence[str], **more: Any) -> AsyncIterator[Ear]:
    ear = Ear()
    settings = MqttSettings.model_validate({"host": "127.0.0.1", "port": port, "user": "gateway", **more})
    task = asyncio.create_task(KIND.run(settings, [FieldPoint(n, a) for n, a in enumerate(addresses)], ear))
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(client: aiomqtt.Client, topic: str, payload: bytes, ear: Ear, tag: int) -> None:
    """Publish until the source hears it (it may not have subscribed yet)."""
    async with asyncio.timeout(60):
        while not ear.of(tag):
            await client.publish(topic, payload, qos=1)
            await asyncio.sleep(0.05)


def judge() -> type[Any]:
    """The Payload message as protobuf itself builds it from the field numbers of the specification."""
    file = descriptor_pb2.FileDescriptorProto(name="spb.proto", package="spb", syntax="proto2")
    kind = descriptor_pb2.FieldDescriptorProto

    def message(name: str, *fields: tuple[str, int, int, int, str]) -> None:
        made = file.message_type.add(name=name)
        for field, number, type_, label, of in fields:
            made.field.add(name=field, number=number, type=type_, label=label, type_name=of or None)

    one, many = kind.LABEL_OPTIONAL, kind.LABEL_REPEATED
    message("Value", ("type", 1, kind.TYPE_UINT32, one, ""), ("int_value", 3, kind.TYPE_UINT32, one, ""))
    message("Set", ("keys", 1, kind.TYPE_STRING, many, ""), ("values", 2, kind.TYPE_MESSAGE, many, ".spb.Value"))
    message(
        "Metric",
        ("name", 1, kind.TYPE_STRING, one, ""),
        ("alias", 2, kind.TYPE_UINT64, one, ""),
        ("timestamp", 3, kind.TYPE_UINT64, one, ""),
        ("datatype", 4, kind.TYPE_UINT32, one, ""),
        ("is_null", 7, kind.TYPE_BOOL, one, ""),
        ("properties", 9, kind.TYPE_MESSAGE, one, ".spb.Set"),
        ("int_value", 10, kind.TYPE_UINT32, one, ""),
        ("long_value", 11, kind.TYPE_UINT64, one, ""),
        ("float_value", 12, kind.TYPE_FLOAT, one, ""),
        ("double_value", 13, kind.TYPE_DOUBLE, one, ""),
        ("boolean_value", 14, kind.TYPE_BOOL, one, ""),
        ("string_value", 15, kind.TYPE_STRING, one, ""),
    )
    message(
        "Payload",
        ("timestamp", 1, kind.TYPE_UINT64, one, ""),
        ("metrics", 2, kind.TYPE_MESSAGE, many, ".spb.Metric"),
        ("seq", 3, kind.TYPE_UINT64, one, ""),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    made: type[Any] = message_factory.GetMessageClass(pool.FindMessageTypeByName("spb.Payload"))
    return made


def test_the_decoder_reads_what_protobuf_writes_and_the_other_way_round() -> None:
    theirs = judge()(timestamp=AT, seq=7)
    theirs.metrics.add(name="温度", timestamp=AT + 1, datatype=9, float_value=1.5)
    theirs.metrics.add(alias=3, datatype=3, int_value=(1 << 32) - 5)
    theirs.metrics.add(name="long", datatype=4, long_value=(1 << 64) - 9)
    theirs.metrics.add(name="on", datatype=11, boolean_value=True)
    theirs.metrics.add(name="none", datatype=10, is_null=True)
    theirs.metrics.add(name="text", datatype=12, string_value="x")
    stale = theirs.metrics.add(name="stale", datatype=10, double_value=2.0)
    stale.properties.keys.append("Quality")
    stale.properties.values.add(type=3, int_value=500)
    ours = sparkplug.decode(theirs.SerializeToString())
    assert (ours.ts, ours.seq) == (AT, 7)
    assert [m.value for m in ours.metrics[:4]] == [1.5, -5.0, -9.0, 1.0] and ours.metrics[0].name == "温度"
    assert ours.metrics[1].alias == 3 and ours.metrics[0].ts == AT + 1
    assert [m.quality for m in ours.metrics] == [
        GOOD, GOOD, GOOD, GOOD, BAD, BAD_OUT_OF_RANGE, BAD_NO_COMMUNICATION,
    ]  # fmt: skip
    back = judge().FromString(
        sparkplug.encode(
            Payload((Metric("a", -3.0, AT, 9, INT32), Metric("b", 2.5), Metric("c", math.nan), Metric("d", 1.0, datatype=BOOLEAN)), AT, 255)
        )
    )  # fmt: skip
    assert (back.timestamp, back.seq) == (AT, 255) and back.metrics[0].int_value == (1 << 32) - 3
    assert back.metrics[1].double_value == 2.5 and back.metrics[2].is_null and back.metrics[3].boolean_value


@pytest.mark.parametrize("data", [b"\x08", b"\x12\x7f", b"\x0b", b"\x08" + b"\xff" * 11, b"\x0a\x01x"])
def test_bytes_that_are_no_payload(data: bytes) -> None:
    with pytest.raises(Malformed):
        sparkplug.decode(data)


def test_a_node_is_lost_after_a_gap_and_an_old_will_kills_nobody() -> None:
    node = EdgeNode()
    birth = Payload((Metric("bdSeq", 4.0), Metric("T", 1.0, AT, 1)), AT, 0)
    assert [v.value for v in node.take("NBIRTH", "", birth)][1:] == [1.0] and not node.lost
    assert node.take("NDATA", "", Payload((Metric("", 2.0, AT, 1),), AT, 1))[0].name == "T" and not node.lost
    node.take("NDEATH", "", Payload((Metric("bdSeq", 3.0),), AT))
    assert not node.lost and node.born == {""}
    found = node.take("NDATA", "", Payload((Metric("T", 5.0, AT),), AT, 3))
    assert found[0].value == 5.0 and node.lost  # 2 is missing
    node.take("NBIRTH", "", birth)
    node.take("DDATA", "D", Payload((), AT, 1))
    assert node.lost  # a device that was never born
    node.take("NDEATH", "", Payload((Metric("bdSeq", 4.0),), AT))
    assert not node.born


def test_addresses_that_are_none() -> None:
    for address in ("", "#/v", "a/+/b#/v"):
        with pytest.raises(AddressInvalid):
            KIND.check(address)
    KIND.check("wh/1/t")
    KIND.check("wh/1/t#/value")


@pytest.mark.req("M9.1", "S7.5")
async def test_plain_messages_by_mapping_and_what_was_said_while_the_gateway_was_away() -> None:
    async with broker() as peer, aiomqtt.Client("127.0.0.1", peer.port, username="field") as field:
        addresses = ["wh/1#/t", "wh/1#/rh", "wh/2", "wh/1#/gone"]
        given = {"client_id": "gateway", "time_pointer": "/ts"}
        async with listening(peer.port, addresses, **given) as ear:
            await until(field, "wh/1", json.dumps({"ts": AT, "t": 21.5, "rh": "40"}).encode(), ear, 0)
            await field.publish("wh/2", b"7.25", qos=1)
            await field.publish("wh/1", b'{"t": "hot"}', qos=1)
            await eventually(lambda: len(ear.of(0)) >= 2 and ear.of(2) and math.isnan(ear.of(0)[-1]))
            assert ear.samples[0] == (0, AT * 1000, 21.5, 0) and ear.of(1)[0] == 40.0 and ear.of(2)[0] == 7.25
            assert ear.of(3) == [] and ear.samples[-1][3] < 0
        await eventually(lambda: peer.away("gateway"))
        for n in range(5):
            await field.publish("wh/1", json.dumps({"ts": AT + 1000 * n, "t": n}).encode(), qos=1)
        async with listening(peer.port, addresses, **given) as ear:
            await eventually(lambda: len(ear.of(0)) >= 5)
            assert ear.of(0) == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.req("M9.1", "M9.2")
async def test_sparkplug_births_data_gaps_and_deaths() -> None:
    async with broker() as peer, aiomqtt.Client("127.0.0.1", peer.port, username="edge") as edge:
        await edge.subscribe("spBv1.0/G/NCMD/E", qos=1)
        commands: list[bytes] = []

        async def obey() -> None:
            with contextlib.suppress(aiomqtt.MqttError):
                async for message in edge.messages:
                    commands.append(bytes(message.payload))

        obeying = asyncio.create_task(obey())
        addresses = ["G/E#pressure", "G/E/D1#level", "G/E/D1#no/such"]
        async with listening(peer.port, addresses, payload="sparkplug_b", host_id="twin") as ear:
            # A host that comes later asks for a birth; then everything has its source time.
            await eventually(lambda: commands)
            asked = sparkplug.decode(commands[0]).metrics[0]
            assert (asked.name, asked.value) == ("Node Control/Rebirth", 1.0)

            async def say(verb: str, *metrics: Metric, seq: int | None, device: str = "") -> None:
                topic = f"spBv1.0/G/{verb}/E" + (f"/{device}" if device else "")
                await edge.publish(topic, sparkplug.encode(Payload(metrics, AT + 9, seq)), qos=1)

            await say("NBIRTH", Metric("bdSeq", 0.0), Metric("pressure", 1.5, AT, 7), seq=0)
            await say("DBIRTH", Metric("level", 50.0, AT), seq=1, device="D1")
            await say("NDATA", Metric("", 1.75, AT + 1, 7), seq=2)
            await eventually(lambda: len(ear.of(0)) == 2 and ear.of(1) and {0, 1} <= set(ear.confirmed))
            assert ear.samples[:3] == [
                (0, AT * 1000, 1.5, 0), (1, AT * 1000, 50.0, 0), (0, (AT + 1) * 1000, 1.75, 0),
            ]  # fmt: skip
            await say("DDEATH", seq=3, device="D1")
            await eventually(lambda: len(ear.of(1)) == 2)
            assert ear.last(1)[3] == BAD_NO_COMMUNICATION and ear.last(0)[3] == GOOD
            await say("NDEATH", Metric("bdSeq", 0.0), seq=None)
            await eventually(lambda: len(ear.of(0)) == 3)
            assert ear.last(0)[3] == BAD_NO_COMMUNICATION
        obeying.cancel()
        await asyncio.gather(obeying, return_exceptions=True)


@pytest.mark.req("M9.2")
async def test_a_broker_that_goes_is_told_and_none_at_all() -> None:
    port = quiet_port()
    settings = MqttSettings(host="127.0.0.1", port=port, user="gateway", timeout_s=3, keepalive_s=1)
    with pytest.raises(SourceError):
        await KIND.run(settings, [FieldPoint(0, "t")], Ear())
    peer = DemoBroker(port)
    await peer.start()
    ear = Ear()
    task = asyncio.create_task(KIND.run(settings, [FieldPoint(0, "t")], ear))
    async with aiomqtt.Client("127.0.0.1", port, username="field") as field:
        await until(field, "t", b"1", ear, 0)
    await peer.stop()
    with pytest.raises(SourceError):
        await asyncio.wait_for(task, 20)
