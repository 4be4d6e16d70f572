"""JSON and MessagePack frames, encoded once and shared by every client that gets the same content.

A frame is the finished WebSocket frame (RFC 6455, 5.2: FIN, opcode, length, unmasked payload), so sending it to one
more client is one
``transport.write``. Encoded items are kept on the :class:`Item`, so clients with different filters share them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgpack
import orjson

JSON_PROTOCOL = "twin.json.1"
MSGPACK_PROTOCOL = "twin.msgpack.1"


class Item:
    """One change: a key and its new value (a GeoJSON feature on layer topics), or None when it is gone.

    Attributes:
        box: cache of the filter module: the value's bounding box.
    """

    __slots__ = ("_encoded", "_entry", "box", "key", "value")

    def __init__(self, key: str, value: dict[str, Any] | None) -> None:
        self.key = key
        self.value = value
        self.box: Any = False
        self._entry: dict[str, bytes] | None = None
        self._encoded: dict[str, bytes] | None = None

    def entry(self, codec: Codec) -> bytes:
        """``{"k": key, "v": value}`` encoded, as it stands in a delta."""
        if self._entry is None:
            self._entry = {}
        found = self._entry.get(codec.name)
        if found is None:
            found = self._entry[codec.name] = codec.encode({"k": self.key, "v": self.value})
        return found

    def encoded(self, codec: Codec) -> bytes:
        """The bare value encoded, as it stands in a snapshot."""
        if self._encoded is None:
            self._encoded = {}
        found = self._encoded.get(codec.name)
        if found is None:
            found = self._encoded[codec.name] = codec.encode(self.value)
        return found


class Codec(Protocol):
    """A subprotocol's way of writing messages."""

    name: str

    def encode(self, value: Any) -> bytes:
        """A value as bytes."""

    def frame(self, message: dict[str, Any]) -> bytes:
        """A whole message as a WebSocket frame."""

    def delta(self, head: dict[str, Any], entries: Sequence[bytes]) -> bytes:
        """A message with the field ``items`` put together from encoded items, as a frame."""


def websocket_frame(opcode: int, payload: bytes) -> bytes:
    """A final, unmasked frame (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


class JsonCodec:
    """Text frames of JSON."""

    name = JSON_PROTOCOL

    def encode(self, value: Any) -> bytes:
        return orjson.dumps(value)

    def frame(self, message: dict[str, Any]) -> bytes:
        return websocket_frame(1, orjson.dumps(message))

    def delta(self, head: dict[str, Any], entries: Sequence[bytes]) -> bytes:
        return websocket_frame(1, b'%s,"items":[%s]}' % (orjson.dumps(head)[:-1], b",".join(entries)))


class MsgpackCodec:
    """Binary frames of MessagePack."""

    name = MSGPACK_PROTOCOL

    def encode(self, value: Any) -> bytes:
        packed: bytes = msgpack.packb(value)
        return packed

    def frame(self, message: dict[str, Any]) -> bytes:
        return websocket_frame(2, msgpack.packb(message))

    def delta(self, head: dict[str, Any], entries: Sequence[bytes]) -> bytes:
        packer = msgpack.Packer()
        parts = [packer.pack_map_header(len(head) + 1)]
        for key, value in head.items():
            parts += (packer.pack(key), packer.pack(value))
        parts += (packer.pack("items"), packer.pack_array_header(len(entries)), *entries)
        return websocket_frame(2, b"".join(parts))


JSON = JsonCodec()
MSGPACK = MsgpackCodec()


def for_subprotocol(name: str | None) -> Codec:
    """The codec of a negotiated subprotocol; JSON without one."""
    return MSGPACK if name == MSGPACK_PROTOCOL else JSON


def decode(data: str | bytes) -> Any:
    """A client's message: text is JSON, binary is MessagePack.

    Raises:
        ValueError: when it is neither, or holds more than plain data.
    """
    if isinstance(data, str):
        return orjson.loads(data)
    try:
        return msgpack.unpackb(data, strict_map_key=True, ext_hook=_no_extension, timestamp=0)
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise ValueError(str(error)) from error


def _no_extension(code: int, _data: bytes) -> Any:
    raise ValueError(f"extension type {code}")


def chunked(entries: Iterable[bytes], count: int, size: int) -> list[list[bytes]]:
    """Encoded items in pieces of at most ``count`` items and about ``size`` bytes; at least one piece, which may be
    empty.

    A single item larger than ``size`` stands alone.
    """
    chunks: list[list[bytes]] = [[]]
    filled = 0
    for entry in entries:
        if chunks[-1] and (len(chunks[-1]) >= count or filled + len(entry) > size):
            chunks.append([])
            filled = 0
        chunks[-1].append(entry)
        filled += len(entry) + 1
    return chunks
