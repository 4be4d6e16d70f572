"""Frames in a stream of bytes, and the values in a frame. Pure; the sockets are in ``sources/framed.py``.

Addresses of points, one grammar for all framings: ``@<offset>:<type>[:little]`` a number at a byte of a binary frame;
``/path/to/0`` a JSON pointer (RFC 6901); anything else a key, as the text or the HJ 212 frame gives it
(``w01018-Rtd``, or ``<MN>/w01018-Rtd`` where several stations talk on one line).
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

from realtime.history.samples import (
    BAD,
    BAD_NO_COMMUNICATION,
    BAD_OUT_OF_RANGE,
    BAD_SENSOR_FAILURE,
    GOOD,
    UNCERTAIN,
    micros,
)
from realtime.ingest.plugin import AddressInvalid

_FORMS = {"int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q",
          "uint64": "Q", "float32": "f", "float64": "d"}  # fmt: skip
#: Data flags of HJ 212-2017 (6.6.3, table 8): N running, F stopped, M maintenance, S set by hand, D fault, C calibration,
#: T over the range, B no communication.
_FLAGS = {"N": GOOD, "F": BAD, "M": UNCERTAIN, "S": UNCERTAIN, "D": BAD_SENSOR_FAILURE, "C": UNCERTAIN,
          "T": BAD_OUT_OF_RANGE, "B": BAD_NO_COMMUNICATION}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """A value in a frame: source time in microseconds since 1970 (None: the frame has none), value, quality."""

    ts: int | None
    value: float
    quality: int = GOOD


def number(value: Any) -> float:
    """A value as a number: truth values as 0 and 1, numbers in text read, anything else NaN."""
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        word = value.strip().lower()
        if word in ("true", "on", "false", "off"):
            return float(word in ("true", "on"))
        try:
            return float(word)
        except ValueError:
            return math.nan
    return math.nan


def instant_of(value: Any, utc_offset_h: float) -> int | None:
    """Microseconds since 1970 of a time as devices give it: seconds, milliseconds or microseconds since 1970, ISO 8601,
    or ``YYYYMMDDhhmmss[fff]``. Times without a zone are at ``utc_offset_h``. None when it is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        if not math.isfinite(value) or value <= 0:
            return None
        factor = 1e6 if value < 1e11 else 1e3 if value < 1e14 else 1
        return round(value * factor)
    text = str(value).strip()
    if re.fullmatch(r"\d{14}(\d{3})?", text):
        text = f"{text[:8]}T{text[8:14]}" + (f".{text[14:]}" if text[14:] else "")
    elif re.fullmatch(r"\d{9,16}(\.\d+)?", text):
        return instant_of(float(text), utc_offset_h)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone(timedelta(hours=utc_offset_h)))
    return micros(at.astimezone(UTC))


def check_address(address: str) -> None:
    """Refuse what is no address.

    Raises:
        AddressInvalid: it is none.
    """
    if address.startswith("@"):
        binary(address)
    elif not address.strip() or len(address) > 200:
        raise AddressInvalid(address=address)


def binary(address: str) -> Callable[[bytes], float]:
    """The reader of a number in a binary frame."""
    found = re.fullmatch(r"@(\d{1,5}):(\w+)(?::(big|little))?", address)
    if found is None or found[2] not in _FORMS:
        raise AddressInvalid(address=address)
    offset, form = int(found[1]), struct.Struct(("<" if found[3] == "little" else ">") + _FORMS[found[2]])
    return lambda frame: float(form.unpack_from(frame, offset)[0]) if len(frame) >= offset + form.size else math.nan


def pointed(document: Any, pointer: str) -> Any:
    """What a JSON pointer points to; None when there is nothing."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document


def json_document(frame: bytes) -> Any:
    """The document in a frame; None when it is none."""
    try:
        return json.loads(frame)
    except (ValueError, RecursionError):
        return None


# -- splitting ---------------------------------------------------------------------------------------------------------


class Splitter:
    """Cuts a stream into frames; what is no frame is skipped, and memory stays within ``longest`` bytes."""

    def __init__(self, cut: Callable[[bytearray], bytes | None], longest: int) -> None:
        self._cut = cut
        self._longest = longest
        self._left = bytearray()
        self.skipped = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are whole now."""
        self._left += data
        while (frame := self._cut(self._left)) is not None:
            if frame:
                yield frame
        if len(self._left) > self._longest:
            self.skipped += len(self._left)
            self._left.clear()


def by_line(delimiter: bytes) -> Callable[[bytearray], bytes | None]:
    """Frames that end with a delimiter."""

    def cut(left: bytearray) -> bytes | None:
        at = left.find(delimiter)
        if at < 0:
            return None
        frame = bytes(left[:at])
        del left[: at + len(delimiter)]
        return frame

    return cut


def by_length(
    size: int, order: Literal["big", "little"], whole: bool, longest: int
) -> Callable[[bytearray], bytes | None]:
    """Frames behind their length; ``whole``: the length counts itself, too. A length beyond ``longest`` means that the
    stream is out of step: it is dropped up to here."""

    def cut(left: bytearray) -> bytes | None:
        if len(left) < size:
            return None
        length = int.from_bytes(left[:size], order) - (size if whole else 0)
        if not 0 <= length <= longest:
            left.clear()
            return None
        if len(left) < size + length:
            return None
        frame = bytes(left[size : size + length])
        del left[: size + length]
        return frame

    return cut


def by_pattern(pattern: re.Pattern[bytes]) -> Callable[[bytearray], bytes | None]:
    """Frames that match; what lies between is skipped."""

    def cut(left: bytearray) -> bytes | None:
        found = pattern.search(left)
        if found is None or found.end() == 0:
            return None
        frame = found[0]
        del left[: found.end()]
        return bytes(frame)

    return cut


def by_hj212(left: bytearray) -> bytes | None:
    """Data segments of HJ 212-2017 packets (6.3.1): ``##``, four digits of length, the segment, CRC, CR LF.

    A packet whose check does not fit is skipped: never a value that the line has bent.
    """
    while True:
        at = left.find(b"##")
        if at < 0:
            del left[: max(0, len(left) - 1)]
            return None
        del left[:at]
        if len(left) < 6:
            return None
        if not left[2:6].isdigit():
            del left[:2]
            continue
        length = int(left[2:6])
        if len(left) < 6 + length + 4:
            return None
        segment, check = bytes(left[6 : 6 + length]), bytes(left[6 + length : 10 + length])
        if f"{crc212(segment):04X}".encode() == check.upper():
            del left[: 10 + length]
            return segment
        del left[:2]


# -- HJ 212 ------------------------------------------------------------------------------------------------------------


def crc212(data: bytes) -> int:
    """The check of HJ 212-2017, appendix A (not the one of Modbus: the byte meets the upper half only)."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def packet212(segment: str) -> bytes:
    """A data segment as a packet."""
    data = segment.encode("ascii")
    return b"##%04d%s%04X\r\n" % (len(data), data, crc212(data))


def fields212(frame: bytes) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Head (QN, ST, CN, MN, Flag ...) and the groups of the command part (each split at ``;``, joined at ``,``)."""
    text = frame.decode("ascii", "replace")
    head_text, _, rest = text.partition("CP=&&")
    head = dict(part.split("=", 1) for part in head_text.split(";") if "=" in part)
    body = rest.rsplit("&&", 1)[0]
    return head, [dict(p.split("=", 1) for p in group.split(",") if "=" in p) for group in body.split(";") if group]


def readings212(frame: bytes, utc_offset_h: float) -> dict[str, Reading]:
    """The values of a data segment by ``code-field`` and ``MN/code-field``, at the packet's DataTime."""
    head, groups = fields212(frame)
    at = next((group["DataTime"] for group in groups if "DataTime" in group), None)
    ts = instant_of(at, utc_offset_h) if at else None
    found: dict[str, Reading] = {}
    for group in groups:
        flag = next((value for key, value in group.items() if key.endswith("-Flag")), "N")
        for key, text in group.items():
            if "-" not in key or key.endswith(("-Flag", "-SampleTime")):
                continue
            value = number(text)
            quality = _FLAGS.get(flag[:1].upper(), UNCERTAIN)
            found[key] = Reading(ts, value, quality if math.isfinite(value) or quality < 0 else BAD_OUT_OF_RANGE)
    station = head.get("MN", "")
    return {**found, **{f"{station}/{key}": reading for key, reading in found.items()}}


def answer212(frame: bytes) -> bytes | None:
    """The answer (data received, CN 9014) to a packet that wants one (Flag bit 0); None for all others."""
    head, _ = fields212(frame)
    flag = head.get("Flag", "0")
    if not flag.isdigit() or not int(flag) & 1 or head.get("ST") == "91":
        return None
    parts = [f"QN={head.get('QN', '')}", "ST=91", "CN=9014"]
    parts += [f"{key}={head[key]}" for key in ("PW", "MN") if key in head]
    return packet212(";".join([*parts, "Flag=4", "CP=&&&&"]))
