"""Sparkplug B 3.0 payloads (the protobuf message ``org.eclipse.tahu.protobuf.Payload``) and the state of an edge node.

Only what measuring points need: names, aliases, times, numbers, null, historical, the quality property. Other fields
(templates, data sets, files) are skipped by their wire type, as protobuf wants.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from realtime.history.samples import BAD, BAD_NO_COMMUNICATION, BAD_OUT_OF_RANGE, GOOD

#: Widths of the signed integer types (6.4.16): they travel as unsigned numbers.
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
INT32, INT64, DOUBLE, BOOLEAN = 3, 4, 10, 11
_MASK = (1 << 64) - 1
#: The property "Quality" (6.4.10): 192 good, 0 bad, 500 stale.
_QUALITIES = {192: GOOD, 0: BAD, 500: BAD_NO_COMMUNICATION}


class Malformed(ValueError):
    """Bytes that are no such message."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric; ``ts`` in milliseconds since 1970 (None: not given), ``value`` NaN when null or no number."""

    name: str
    value: float
    ts: int | None = None
    alias: int | None = None
    datatype: int | None = None
    quality: int = GOOD


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload; ``ts`` in milliseconds since 1970."""

    metrics: tuple[Metric, ...] = ()
    ts: int | None = None
    seq: int | None = None


# -- wire --------------------------------------------------------------------------------------------------------------


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("varint")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _MASK, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and content of every field: an int for varints, bytes for all others."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise Malformed("wire type")
        if at + size > len(data):
            raise Malformed("cut off")
        yield key >> 3, data[at : at + size]
        at += size


def _int(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise Malformed("a number was expected")
    return value


def _bytes(value: int | bytes, size: int | None = None) -> bytes:
    if isinstance(value, int) or (size is not None and len(value) != size):
        raise Malformed("bytes were expected")
    return value


def _quality(data: bytes) -> int:
    keys: list[str] = []
    values: list[int | None] = []
    for number, content in _fields(data):
        if number == 1:
            keys.append(_bytes(content).decode("utf-8", "replace"))
        elif number == 2:
            found = [_int(c) for n, c in _fields(_bytes(content)) if n in (3, 4)]
            values.append(found[0] if found else None)
    given = dict(zip(keys, values, strict=False)).get("Quality")
    return GOOD if given is None else _QUALITIES.get(given, BAD)


def _metric(data: bytes) -> Metric:
    name, ts, alias, datatype, null, quality = "", None, None, None, False, GOOD
    value: float = math.nan
    raw: int | None = None
    for number, content in _fields(data):
        match number:
            case 1:
                name = _bytes(content).decode("utf-8", "replace")
            case 2:
                alias = _int(content)
            case 3:
                ts = _int(content)
            case 4:
                datatype = _int(content)
            case 7:
                null = bool(_int(content))
            case 9:
                quality = _quality(_bytes(content))
            case 10 | 11:
                raw = _int(content)
            case 12:
                value = struct.unpack("<f", _bytes(content, 4))[0]
            case 13:
                value = struct.unpack("<d", _bytes(content, 8))[0]
            case 14:
                value = float(bool(_int(content)))
    if raw is not None:
        value = integer(raw, datatype)
    if null:
        value = math.nan
    if not math.isfinite(value) and quality >= 0:
        quality = BAD if null else BAD_OUT_OF_RANGE
    return Metric(name, value, ts, alias, datatype, quality)


def integer(raw: int, datatype: int | None) -> float:
    """An integer metric: the signed types in two's complement of their width."""
    width = _SIGNED.get(datatype or 0)
    if width is not None:
        raw &= (1 << width) - 1
        raw -= (raw >> (width - 1)) << width
    return float(raw)


def decode(data: bytes) -> Payload:
    """Read a payload.

    Raises:
        Malformed: it is none.
    """
    ts, seq = None, None
    metrics: list[Metric] = []
    for number, content in _fields(data):
        if number == 1:
            ts = _int(content)
        elif number == 2:
            metrics.append(_metric(_bytes(content)))
        elif number == 3:
            seq = _int(content)
    return Payload(tuple(metrics), ts, seq)


def _put(value: int) -> bytes:
    out = bytearray()
    value &= _MASK
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, wire: int, content: bytes) -> bytes:
    return _put(number << 3 | wire) + (_put(len(content)) if wire == 2 else b"") + content


def encode(payload: Payload) -> bytes:
    """Write a payload (types: Int32, Int64, Boolean, else Double)."""
    out = b"" if payload.ts is None else _field(1, 0, _put(payload.ts))
    for m in payload.metrics:
        datatype = DOUBLE if m.datatype is None else m.datatype
        body = _field(1, 2, m.name.encode()) if m.name else b""
        body += b"" if m.alias is None else _field(2, 0, _put(m.alias))
        body += b"" if m.ts is None else _field(3, 0, _put(m.ts))
        body += _field(4, 0, _put(datatype))
        if not math.isfinite(m.value):
            body += _field(7, 0, _put(1))
        elif datatype == INT32:
            body += _field(10, 0, _put(int(m.value) & 0xFFFFFFFF))
        elif datatype == INT64:
            body += _field(11, 0, _put(int(m.value)))
        elif datatype == BOOLEAN:
            body += _field(14, 0, _put(int(m.value)))
        else:
            body += _field(13, 1, struct.pack("<d", m.value))
        out += _field(2, 2, body)
    return out + (b"" if payload.seq is None else _field(3, 0, _put(payload.seq)))


def rebirth(now_ms: int) -> bytes:
    """The command that makes an edge node tell all its metrics again (NCMD, 6.4.7)."""
    return encode(Payload((Metric("Node Control/Rebirth", 1.0, now_ms, datatype=BOOLEAN),), now_ms))


# -- state -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Value:
    """A value for a point: device ("" for the node's own), metric name, source time in microseconds, value, quality."""

    device: str
    name: str
    ts: int | None
    value: float
    quality: int


@dataclass
class EdgeNode:
    """What is known of one edge node: whether it and its devices were born, its sequence, its aliases (6.4.6, 6.4.17).

    Attributes:
        lost: it must be born again before its data can be trusted to be complete.
    """

    lost: bool = True
    born: set[str] = field(default_factory=set)
    _seq: int | None = None
    _bdseq: float | None = None
    _aliases: dict[int, tuple[str, str, int | None]] = field(default_factory=dict)

    def take(self, verb: str, device: str, payload: Payload) -> list[Value]:
        """The values in a message. ``born`` and ``lost`` follow: after a gap in the sequence the node is lost, and what
        it says meanwhile still counts (every metric has its own time)."""
        if verb == "NDEATH":
            bdseq = _bdseq(payload.metrics)
            if bdseq is None or self._bdseq is None or bdseq == self._bdseq:  # not the will of an earlier session
                self.born.clear()
                self.lost = True
            return []
        if verb == "NBIRTH":
            self.lost, self._seq, self._bdseq = False, payload.seq, _bdseq(payload.metrics)
            self.born = {""}
            self._aliases.clear()
        else:
            expected = None if self._seq is None else (self._seq + 1) % 256
            if payload.seq != expected or "" not in self.born:
                self.lost = True
            self._seq = payload.seq
        if verb == "DBIRTH":
            self.born.add(device)
        elif verb == "DDEATH":
            self.born.discard(device)
            return []
        elif verb == "DDATA" and device not in self.born:
            self.lost = True
        return [value for m in payload.metrics if (value := self._value(verb, device, m, payload.ts)) is not None]

    def _value(self, verb: str, device: str, metric: Metric, ts: int | None) -> Value | None:
        name, value, datatype = metric.name, metric.value, metric.datatype
        if verb in ("NBIRTH", "DBIRTH"):
            if metric.alias is not None:
                self._aliases[metric.alias] = (device, name, datatype)
        elif not name and metric.alias is not None:
            known = self._aliases.get(metric.alias)
            if known is None:
                self.lost = True
                return None
            device, name, birth = known
            if datatype is None and math.isfinite(value) and birth in _SIGNED:  # the type stands in the birth only
                value = integer(int(value), birth)
        at = metric.ts if metric.ts is not None else ts
        return Value(device, name, None if at is None else at * 1000, value, metric.quality)


def _bdseq(metrics: Sequence[Metric]) -> float | None:
    return next((m.value for m in metrics if m.name == "bdSeq"), None)
