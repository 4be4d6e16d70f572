"""Framed TCP and UDP over real sockets; splitting of streams byte by byte, with rubbish in between."""

from __future__ import annotations

import asyncio
import json
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from realtime.history.samples import BAD_SENSOR_FAILURE, micros
from realtime.ingest import frames
from realtime.ingest.plugin import AddressInvalid, FieldPoint, SourceError
from realtime.ingest.sources.framed import KIND, PAIRS, FramedSettings, escaped
from tests.ingest.support import Ear, eventually, quiet_port

EXAMPLE = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
    b"1C80\r\n"
)  # HJ 212-2017, appendix C
RTD = (
    "QN=20261101080000000;ST=32;CN=2011;PW=123456;MN=A1;Flag=5;"
    "CP=&&DataTime=20261101080000;w01018-Rtd=18.5,w01018-Flag=N;a05002-Rtd=2.5,a05002-Flag=D&&"
)


def setting(**given: Any) -> FramedSettings:
    return FramedSettings.model_validate(given)


@asynccontextmanager
async def listening(settings: FramedSettings, addresses: list[str]) -> AsyncIterator[Ear]:
    ear = Ear()
    task = asyncio.create_task(KIND.run(settings, [FieldPoint(n, a) for n, a in enumerate(addresses)], ear))
    try:
        yield ear
        assert not task.done() or not task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def call(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(10):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)


def test_the_check_of_the_standards_own_example() -> None:
    left = bytearray(EXAMPLE)
    segment = frames.by_hj212(left)
    assert segment is not None and frames.packet212(segment.decode()) == EXAMPLE
    assert frames.fields212(segment)[0]["MN"] == "010000A8900016F000169DC0"


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary(max_size=30), min_size=1, max_size=5), st.data())
def test_frames_survive_any_cut_of_the_stream_and_rubbish_between(rubbish: list[bytes], data: st.DataObject) -> None:
    packet = frames.packet212(RTD)
    stream = b"".join(part.replace(b"#", b".") + packet for part in rubbish)
    splitter = frames.Splitter(frames.by_hj212, 65_536)
    found: list[bytes] = []
    at = 0
    while at < len(stream):
        step = data.draw(st.integers(1, 200))
        found += splitter.feed(stream[at : at + step])
        at += step
    assert found == [RTD.encode()] * len(rubbish)


def test_a_bent_packet_is_no_value_and_does_not_hide_the_next() -> None:
    good = frames.packet212(RTD)
    bent = good.replace(b"18.5", b"81.5")
    assert list(frames.Splitter(frames.by_hj212, 65_536).feed(bent + good)) == [RTD.encode()]


def test_streams_out_of_step_do_not_fill_the_memory() -> None:
    splitter = frames.Splitter(frames.by_line(b"\n"), 100)
    assert list(splitter.feed(b"x" * 1000)) == [] and splitter.skipped == 1000
    assert list(splitter.feed(b"a=1\n")) == [b"a=1"]
    lengths = frames.Splitter(frames.by_length(4, "big", True, 100), 100)
    assert list(lengths.feed(b"\xff\xff\xff\xff")) == []
    assert list(lengths.feed(b"\0\0\0\x06ab\0\0\0\x05c")) == [b"ab", b"c"]
    texts = frames.Splitter(frames.by_pattern(re.compile(PAIRS.encode())), 100)
    assert list(texts.feed(b"... a=1 ;; b: 2 !")) == [b"a=1", b"b: 2"]


@pytest.mark.parametrize(
    ("given_time", "offset", "expected"),
    [
        (1_777_777_777, 8, 1_777_777_777_000_000),
        (1_777_777_777_123, 8, 1_777_777_777_123_000),
        ("2026-05-03T03:09:37Z", 8, 1_777_777_777_000_000),
        ("2026-05-03 11:09:37", 8, 1_777_777_777_000_000),
        ("20260503110937500", 8, 1_777_777_777_500_000),
        ("1777777777.5", 0, 1_777_777_777_500_000),
        ("yesterday", 8, None),
        (True, 8, None),
        (None, 8, None),
    ],
)
def test_times_as_devices_give_them(given_time: Any, offset: float, expected: int | None) -> None:
    assert frames.instant_of(given_time, offset) == expected


def test_addresses_and_settings_that_are_none() -> None:
    for address in ("", " ", "@x:int16", "@3:int99", "@3:int16:middle"):
        with pytest.raises(AddressInvalid):
            KIND.check(address)
    for address in ("TI-1", "/a/0", "@3:int16:little", "w01018-Rtd"):
        KIND.check(address)
    for wrong in ({"pattern": "("}, {"pattern": "x"}, {"transport": "udp"}, {"port": 0}):
        with pytest.raises(ValidationError):
            setting(port=1, **wrong) if "port" not in wrong else setting(**wrong)
    assert escaped("a\\r\\n\\x02\\\\") == b"a\r\n\x02\\"


@pytest.mark.req("S3.2", "M9.1")
async def test_devices_call_with_hj212_packets_and_get_their_answer() -> None:
    port = quiet_port()
    given = setting(role="server", port=port, framing="hj212")
    async with listening(given, ["w01018-Rtd", "A1/a05002-Rtd", "Z9/w01018-Rtd"]) as ear:
        there, back = await call(port)
        packet = frames.packet212(RTD)
        back.write(packet[:50])
        await back.drain()
        back.write(packet[50:] + packet.replace(b"18.5", b"19.5"))
        answer = await asyncio.wait_for(there.readuntil(b"\r\n"), 10)
        back.close()
    segment = frames.by_hj212(bytearray(answer))
    assert segment is not None
    head, _ = frames.fields212(segment)
    assert (head["CN"], head["ST"], head["QN"], head["MN"]) == ("9014", "91", "20261101080000000", "A1")
    at = frames.instant_of("2026-11-01T00:00:00Z", 0)
    assert ear.samples == [(0, at, 18.5, 0), (1, at, 2.5, BAD_SENSOR_FAILURE)]
    assert at == micros(datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.req("S3.2")
async def test_we_call_a_device_that_answers_requests_with_lines() -> None:
    async def device(there: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while await there.readline():
            back.write("温度=20.5;P1=3\r\nP2: nonsense\r\n".encode("gbk"))

    server = await asyncio.start_server(device, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    given = setting(port=port, delimiter="\\r\\n", request="READ\\n", period_s=0.05, encoding="gbk")
    async with listening(given, ["温度", "P1", "P2"]) as ear:
        await eventually(lambda: ear.confirmed.count(0) >= 40 and len(ear.of(0)) >= 2)
    server.close()
    assert set(ear.of(0)) == {20.5} and set(ear.of(1)) == {3.0} and ear.of(2) == []
    assert len(ear.of(0)) * 4 < ear.confirmed.count(0), "what stands is a sample once a second, and confirmed each time"


async def test_a_device_that_takes_its_time_is_not_asked_over_and_over() -> None:
    asked = 0

    async def device(there: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        nonlocal asked
        while await there.readline():
            asked += 1
            await asyncio.sleep(0.3)
            back.write(f"LI-1={asked}\n".encode())

    server = await asyncio.start_server(device, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with listening(setting(port=port, request="READ\n", period_s=0.02), ["LI-1"]) as ear:
        await eventually(lambda: len(ear.of(0)) >= 3)
        waiting = asked - len(ear.of(0))
    server.close()
    assert waiting <= 1 and ear.of(0)[:3] == [1.0, 2.0, 3.0]


@pytest.mark.req("S3.2")
async def test_length_prefixed_frames_binary_and_json() -> None:
    port = quiet_port()
    given = setting(role="server", port=port, framing="length", length_bytes=4, time_pointer="/t")
    async with listening(given, ["/data/0/v", "/ok"]) as ear:
        _, back = await call(port)
        body = json.dumps({"t": 1_777_777_777, "data": [{"v": 4.5}], "ok": True}).encode()
        back.write(struct.pack(">I", len(body)) + body + struct.pack(">I", 3) + b"{{{")
        await eventually(lambda: len(ear.samples) == 2)
        back.close()
    assert [s[1:] for s in ear.samples] == [(1_777_777_777_000_000, 4.5, 0), (1_777_777_777_000_000, 1.0, 0)]
    port = quiet_port()
    given = setting(role="server", port=port, framing="length", length_bytes=2)
    async with listening(given, ["@0:uint16", "@2:float32:little", "@90:int8"]) as ear:
        _, back = await call(port)
        back.write(struct.pack(">HH", 6, 777) + struct.pack("<f", 1.5))
        await eventually(lambda: len(ear.samples) == 3)
        back.close()
    assert ear.of(0) == [777.0] and ear.of(1) == [1.5] and ear.samples[2][3] < 0  # beyond the frame: bad


@pytest.mark.req("S3.2")
async def test_udp_both_ways() -> None:
    port = quiet_port()
    loop = asyncio.get_running_loop()
    async with listening(setting(transport="udp", role="server", port=port), ["TI-1"]) as ear:
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port))

        def sent() -> bool:
            transport.sendto(b"TI-1=7.5")
            return bool(ear.samples)

        await eventually(sent)
        transport.close()
    assert set(ear.of(0)) == {7.5}

    class Device(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.transport.sendto(data.replace(b"?", b"=9"), addr)

    device, _ = await loop.create_datagram_endpoint(Device, local_addr=("127.0.0.1", 0))
    port = device.get_extra_info("sockname")[1]
    async with listening(setting(transport="udp", port=port, request="LI-1?", period_s=0.05), ["LI-1"]) as ear:
        await eventually(lambda: ear.samples)
    device.close()
    assert set(ear.of(0)) == {9.0}


@pytest.mark.req("M9.2")
async def test_a_device_that_hangs_up_or_falls_silent_is_told() -> None:
    async def device(there: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if await there.readline() == b"bye\n":
            back.close()

    server = await asyncio.start_server(device, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(SourceError, match="hung up"):
        await KIND.run(setting(port=port, request="bye\\n"), [], Ear())
    with pytest.raises(SourceError, match="says nothing"):
        await KIND.run(setting(port=port, silent_s=0.1), [], Ear())
    with pytest.raises(SourceError, match="says nothing"):
        await KIND.run(setting(transport="udp", port=port, request="x", silent_s=0.1), [], Ear())
    server.close()
