"""Devices that send frames over plain TCP or UDP: lines, length-prefixed, by pattern, HJ 212-2017. We call, or they do.

What a frame holds and how points are addressed is in :mod:`realtime.ingest.frames`.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
from collections.abc import Callable, Sequence
from typing import Literal, cast

import structlog
from pydantic import BaseModel, Field, field_validator, model_validator

from realtime.history.samples import BAD_OUT_OF_RANGE, GOOD
from realtime.ingest import frames
from realtime.ingest.frames import Reading
from realtime.ingest.plugin import FieldPoint, Sink, SourceError, SourceKind
from twin import clock

log = structlog.get_logger("realtime.ingest")

#: ``TI-1=20.5`` or ``TI-1: 20.5``, any number of them in a frame.
PAIRS = r"(?P<key>[^\s=:,;]+)\s*[=:]\s*(?P<value>[-+0-9.eE]+|true|false|on|off)"
_CALLERS = 64  # connections that a listening source takes
#: s after which a device that has not answered is asked again, and after which a value that stands is a sample again.
_PATIENCE, _AGAIN = 1.0, 1.0


class FramedSettings(BaseModel):
    """A device that sends frames.

    Attributes:
        role: ``client``: we connect (UDP: we ask); ``server``: devices connect to us or send to our port.
        host: the device's, or as server the address that we listen on.
        peers: as server, the devices' addresses that may talk to us; empty: all.
        delimiter: end of a line, with the usual escapes (``\\n``).
        length_bytes, length_order, length_whole: how a length stands before its frame.
        pattern: for texts, an expression with the groups ``key`` and ``value`` and maybe ``time``; as framing
            ``pattern`` it also cuts the frames out of the stream.
        time_pointer: where a JSON frame has its time.
        request, period_s: what is sent to make the device talk, and how often: an alarm may take 500 ms from the source to the screen, so
            five times a second. A device is asked again only when it has answered, or has not for a second.
        silent_s: seconds without a frame after which a connection is taken for dead.
        utc_offset_h: zone of times that say none.
    """

    transport: Literal["tcp", "udp"] = "tcp"
    role: Literal["client", "server"] = "client"
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(ge=1, le=65535)
    peers: list[str] = Field(default=[], max_length=1000)
    framing: Literal["line", "length", "pattern", "hj212"] = "line"
    delimiter: str = Field(default="\\n", min_length=1, max_length=16)
    length_bytes: Literal[1, 2, 4] = 2
    length_order: Literal["big", "little"] = "big"
    length_whole: bool = False
    pattern: str = Field(default=PAIRS, max_length=1000)
    encoding: Literal["utf-8", "gbk", "ascii"] = "utf-8"
    time_pointer: str = Field(default="", max_length=200)
    request: str = Field(default="", max_length=1000)
    period_s: float = Field(default=0.2, ge=0.02, le=3600)
    silent_s: float = Field(default=30.0, ge=0.1, le=86_400)
    utc_offset_h: float = Field(default=8.0, ge=-14, le=14)
    longest: int = Field(default=65_536, ge=64, le=4 * 1024 * 1024)

    @field_validator("pattern")
    @classmethod
    def _groups(cls, value: str) -> str:
        try:
            groups = re.compile(value).groupindex
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        if not {"key", "value"} <= set(groups):
            raise ValueError("the groups key and value are needed")
        return value

    @model_validator(mode="after")
    def _asks(self) -> FramedSettings:
        if self.transport == "udp" and self.role == "client" and not self.request:
            raise ValueError("a UDP client needs a request to send")
        return self


class _Reader:
    """Puts the values of frames into the sink."""

    def __init__(self, settings: FramedSettings, points: Sequence[FieldPoint], sink: Sink) -> None:
        self._settings = settings
        self._sink = sink
        self._pattern = re.compile(settings.pattern)
        self._binary: list[tuple[int, Callable[[bytes], float]]] = []
        self._json: list[tuple[int, str]] = []
        self._keys: dict[str, list[int]] = {}
        self._last: dict[int, tuple[Reading, float]] = {}  # what was delivered last of each point, and when (monotonic)
        self.answered = asyncio.Event()
        for point in points:
            if point.address.startswith("@"):
                self._binary.append((point.tag, frames.binary(point.address)))
            elif point.address.startswith("/") and settings.framing != "hj212":
                self._json.append((point.tag, point.address))
            else:
                self._keys.setdefault(point.address, []).append(point.tag)

    def splitter(self) -> frames.Splitter:
        """A new stream's splitter."""
        s = self._settings
        match s.framing:
            case "line":
                cut = frames.by_line(escaped(s.delimiter))
            case "length":
                cut = frames.by_length(s.length_bytes, s.length_order, s.length_whole, s.longest)
            case "pattern":
                cut = frames.by_pattern(re.compile(s.pattern.encode(s.encoding)))
            case "hj212":
                cut = frames.by_hj212
        return frames.Splitter(cut, s.longest)

    def closed(self, datagram: bytes) -> bytes:
        """A datagram as a stream: its end ends the last line."""
        end = escaped(self._settings.delimiter)
        return datagram if self._settings.framing != "line" or datagram.endswith(end) else datagram + end

    def take(self, frame: bytes) -> bytes | None:
        """Read a frame; the answer that it wants."""
        self.answered.set()
        if self._settings.framing == "hj212":
            for key, reading in frames.readings212(frame, self._settings.utc_offset_h).items():
                self._put(self._keys.get(key, ()), reading)
            return frames.answer212(frame)
        for tag, read in self._binary:
            self._put((tag,), _reading(None, read(frame)))
        if self._json and (document := frames.json_document(frame)) is not None:
            self._take_json(document)
        if self._keys:
            self._take_text(frame)
        return None

    def _take_json(self, document: object) -> None:
        at = self._settings.time_pointer
        ts = frames.instant_of(frames.pointed(document, at), self._settings.utc_offset_h) if at else None
        for tag, pointer in self._json:
            value = frames.pointed(document, pointer)
            if value is not None:
                self._put((tag,), _reading(ts, frames.number(value)))

    def _take_text(self, frame: bytes) -> None:
        for found in self._pattern.finditer(frame.decode(self._settings.encoding, "replace")):
            group = found.groupdict()
            ts = frames.instant_of(group.get("time"), self._settings.utc_offset_h)
            self._put(self._keys.get(group["key"], ()), _reading(ts, frames.number(group["value"])))

    def _put(self, tags: Sequence[int], reading: Reading) -> None:
        for tag in tags:
            if not self._stands(tag, reading):
                self._sink.sample(tag, reading.ts, reading.value, reading.quality)
        if tags:
            self._sink.alive(list(tags))

    def _stands(self, tag: int, reading: Reading) -> bool:
        """Whether it says nothing new: a device that is asked five times a second says the same without a time most of the time."""
        now = clock.monotonic()
        said, at = self._last.get(tag, (None, 0.0))
        if self._settings.request and reading.ts is None and reading == said and now - at < _AGAIN:
            return True
        self._last[tag] = reading, now
        return False


def _reading(ts: int | None, value: float) -> Reading:
    return Reading(ts, value, GOOD if math.isfinite(value) else BAD_OUT_OF_RANGE)


def escaped(text: str) -> bytes:
    """Bytes of a text with ``\\n``, ``\\r``, ``\\t``, ``\\xNN``."""
    return re.sub(
        rb"\\(n|r|t|\\|x[0-9a-fA-F]{2})",
        lambda m: bytes([int(m[1][1:], 16)]) if m[1][:1] == b"x" else {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(m[1], b"\\"),
        text.encode(),
    )  # fmt: skip


class _Datagrams(asyncio.DatagramProtocol):
    """A UDP socket; every datagram is a stream of its own (frames never span datagrams)."""

    def __init__(self, reader: _Reader, peers: Sequence[str]) -> None:
        self._reader = reader
        self._peers = frozenset(peers)
        self._transport: asyncio.DatagramTransport | None = None
        self.heard = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._peers and addr[0] not in self._peers:
            return
        assert self._transport is not None
        self.heard.set()
        for frame in self._reader.splitter().feed(self._reader.closed(data)):
            if answer := self._reader.take(frame):
                self._transport.sendto(answer, addr)


class Framed(SourceKind[FramedSettings]):
    """Framed TCP and UDP."""

    key = "framed"
    model = FramedSettings

    def check(self, address: str) -> None:
        """Refuse what is no key, JSON pointer or byte offset."""
        frames.check_address(address)

    async def run(self, settings: FramedSettings, points: Sequence[FieldPoint], sink: Sink) -> None:
        """Talk to the device, or listen for devices."""
        reader = _Reader(settings, points, sink)
        if settings.transport == "udp":
            await self._udp(settings, reader)
        elif settings.role == "client":
            async with asyncio.timeout(10):
                there, back = await asyncio.open_connection(settings.host, settings.port)
            await self._talk(settings, reader, there, back)
        else:
            await self._listen(settings, reader)
        raise SourceError("the other side hung up")

    async def _talk(
        self, s: FramedSettings, reader: _Reader, there: asyncio.StreamReader, back: asyncio.StreamWriter
    ) -> None:
        """One connection until it ends.

        Raises:
            SourceError: nothing was said for too long.
        """
        splitter = reader.splitter()
        asking = asyncio.create_task(self._ask(s, reader, back.write)) if s.request else None
        try:
            while True:
                try:
                    async with asyncio.timeout(s.silent_s):
                        data = await there.read(65_536)
                except TimeoutError as error:
                    raise SourceError(f"{s.host}:{s.port} says nothing") from error
                if not data:
                    return
                for frame in splitter.feed(data):
                    if answer := reader.take(frame):
                        back.write(answer)
                await back.drain()
        finally:
            if asking is not None:
                asking.cancel()
            back.close()

    @staticmethod
    async def _ask(s: FramedSettings, reader: _Reader, send: Callable[[bytes], object]) -> None:
        request = escaped(s.request)
        while True:
            began = clock.monotonic()
            reader.answered.clear()
            send(request)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(s.period_s, _PATIENCE)):
                    await reader.answered.wait()
            await asyncio.sleep(max(0.0, s.period_s - (clock.monotonic() - began)))

    async def _listen(self, s: FramedSettings, reader: _Reader) -> None:
        tasks: set[asyncio.Task[None]] = set()

        async def handle(there: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            peer = back.get_extra_info("peername")
            if task is None or len(tasks) >= _CALLERS or (s.peers and peer[0] not in s.peers):
                log.warning("a caller is refused", peer=str(peer), port=s.port)
                back.close()
                return
            tasks.add(task)
            try:
                await self._talk(s, reader, there, back)
            except (SourceError, OSError) as error:
                log.info("a device is gone", peer=str(peer), error=str(error))
            except asyncio.CancelledError:
                pass
            finally:
                tasks.discard(task)

        server = await asyncio.start_server(handle, s.host, s.port)
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _udp(self, s: FramedSettings, reader: _Reader) -> None:
        loop = asyncio.get_running_loop()
        protocol = _Datagrams(reader, s.peers if s.role == "server" else ())
        here, there = ((s.host, s.port), None) if s.role == "server" else (None, (s.host, s.port))
        transport, _ = await loop.create_datagram_endpoint(lambda: protocol, local_addr=here, remote_addr=there)
        asking = asyncio.create_task(self._ask(s, reader, transport.sendto)) if s.role == "client" else None
        try:
            while True:
                protocol.heard.clear()
                async with asyncio.timeout(s.silent_s if s.role == "client" else None):
                    await protocol.heard.wait()
        except TimeoutError as error:
            raise SourceError(f"{s.host}:{s.port} says nothing") from error
        finally:
            if asking is not None:
                asking.cancel()
            transport.close()


KIND = Framed()
