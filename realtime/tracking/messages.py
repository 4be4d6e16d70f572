"""What gateways send: one JSON message schema, one binary record for large fleets, and how both become measurements.

JSON (``GET /api/positions/schema``): see :class:`Report`. Binary frame, little-endian: ``TWP1``, gateway (16 bytes,
UTF-8, padded with zeros), record count (u32), then records of :data:`WIRE`. A vendor's own JSON is first put into the
shape of :class:`Report` by its mapping file (:mod:`realtime.tracking.vendors`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from realtime.positioning.types import MEASUREMENT, Kind, Records, Source, measurements

if TYPE_CHECKING:
    from realtime.tracking.world import Names

#: Kinds of binary records besides those of the engine.
BATTERY, SOS, HEARTBEAT, FIX_DEGREES = 20, 21, 22, 23
MAGIC = b"TWP1"
_HEAD = struct.Struct("<4s16sI")
WIRE = np.dtype(
    [
        ("badge", "S12"), ("kind", "u1"), ("source", "u1"), ("floor", "<i2"), ("anchor", "S12"), ("anchor2", "S12"),
        ("time", "<f8"), ("value", "<f8"), ("x", "<f8"), ("y", "<f8"), ("sigma", "<f4"),
    ]
)  # fmt: skip
#: Largest message of any transport in bytes.
LARGEST = 4 * 1024 * 1024


class MessageInvalid(Exception):
    """Bytes that are no message; what is wrong."""


class Fix(BaseModel):
    """A finished position: ``lon`` and ``lat`` (degrees, EPSG:4326), or ``x`` and ``y`` (m, site frame)."""

    model_config = ConfigDict(extra="forbid")

    lon: float | None = None
    lat: float | None = None
    x: float | None = None
    y: float | None = None
    sigma: float | None = Field(default=None, description="1-sigma per axis, m")
    floor: str | int | None = Field(default=None, description="code of the floor, or its level")
    source: Literal["gnss", "vendor"] = "vendor"


class Observation(BaseModel):
    """What one badge measured or had measured, at one instant or over a second."""

    model_config = ConfigDict(extra="forbid")

    badge: str = Field(description="code of the badge or vehicle unit")
    t: float | None = Field(default=None, description="s since 1970 UTC of the measurement; default: the report's")
    ranges: list[tuple[str, float]] = Field(default=[], description="two-way ranges: anchor, m")
    tdoa: list[tuple[str, str, float]] = Field(default=[], description="anchor, anchor 2, metres nearer to 2")
    rssi: list[tuple[str, float]] = Field(default=[], description="receiver or beacon, dBm")
    fix: Fix | None = None
    pressure: float | None = Field(default=None, description="hPa")
    moving: bool | None = Field(default=None, description="accelerometer")
    battery: float | None = Field(default=None, description="percent")
    sos: bool = Field(default=False, description="the SOS button is pressed")


class Report(BaseModel):
    """A message of a gateway."""

    model_config = ConfigDict(extra="forbid", title="PositionReport")

    gateway: str = Field(description="name of the sender")
    t: float | None = Field(default=None, description="s since 1970 UTC; default of its observations")
    badges: list[Observation] = []
    references: list[tuple[str, float]] = Field(default=[], description="fixed barometers: anchor, hPa")


@dataclass
class Heard:
    """A message as the tracker takes it. ``measurements``: rows of badges and anchors, -1 for unknown ones."""

    gateway: str
    measurements: Records
    sos: list[tuple[str, float]] = field(default_factory=list)
    battery: list[tuple[str, float]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)


def decode(payload: bytes, names: Names, now: float) -> Heard:
    """A message as measurements; an observation without any time happened ``now``.

    Raises:
        MessageInvalid: neither a frame nor a JSON report. A part of a report that does not fit is refused with it.
    """
    if payload[:4] == MAGIC:
        return _frame(payload, names)
    try:
        report = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise MessageInvalid(str(error)) from error
    return from_report(report, names, now)


def from_report(report: Any, names: Names, now: float) -> Heard:
    """A report (the JSON of :class:`Report`) as measurements.

    Raises:
        MessageInvalid: it is not one.
    """
    try:
        return _report(report, names, now)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise MessageInvalid(f"{type(error).__name__}: {error}") from error


def _report(report: dict[str, Any], names: Names, now: float) -> Heard:
    at = report.get("t")
    at = now if at is None else float(at)
    heard = Heard(str(report["gateway"])[:64], measurements(0))
    rows: list[tuple[Any, ...]] = []
    badges, anchors = names.badges, names.anchors
    for seen in report.get("badges") or ():
        code = seen["badge"]
        row = badges.get(code, -1)
        if row < 0:
            heard.unknown.add(str(code)[:64])
        given = seen.get("t")
        t = at if given is None else float(given)
        for anchor, value in seen.get("ranges") or ():
            rows.append((row, Kind.RANGE, 0, anchors.get(anchor, -1), -1, t, value, 0.0, 0.0, 0.0, 0))
        for anchor, second, value in seen.get("tdoa") or ():
            pair = anchors.get(anchor, -1), anchors.get(second, -1)
            rows.append((row, Kind.TDOA, 0, *pair, t, value, 0.0, 0.0, 0.0, 0))
        for anchor, value in seen.get("rssi") or ():
            rows.append((row, Kind.RSSI, 0, anchors.get(anchor, -1), -1, t, value, 0.0, 0.0, 0.0, 0))
        if (fix := seen.get("fix")) is not None:
            rows.append(_fix(row, t, fix, names))
        if (pressure := seen.get("pressure")) is not None:
            rows.append((row, Kind.PRESSURE, 0, -1, -1, t, pressure, 0.0, 0.0, 0.0, 0))
        if (moving := seen.get("moving")) is not None:
            rows.append((row, Kind.MOTION, 0, -1, -1, t, 1.0 if moving else 0.0, 0.0, 0.0, 0.0, 0))
        if row >= 0 and (battery := seen.get("battery")) is not None:
            heard.battery.append((code, float(battery)))
        if row >= 0 and seen.get("sos"):
            heard.sos.append((code, t))
    for anchor, value in report.get("references") or ():
        rows.append((-1, Kind.REFERENCE, 0, anchors.get(anchor, -1), -1, at, value, 0.0, 0.0, 0.0, 0))
    heard.measurements = np.array(rows, MEASUREMENT)
    return heard


def _fix(row: int, t: float, fix: dict[str, Any], names: Names) -> tuple[Any, ...]:
    if fix.get("lon") is not None:
        x, y = (float(v[0]) for v in names.frame.to_local(np.array([float(fix["lon"])]), np.array([float(fix["lat"])])))
    else:
        x, y = float(fix["x"]), float(fix["y"])
    floor = fix.get("floor")
    level = names.levels.get(floor, 0) if isinstance(floor, str) else int(floor or 0)
    source = Source.GNSS if fix.get("source") == "gnss" else Source.VENDOR
    return (row, Kind.FIX, source, -1, -1, t, 0.0, x, y, float(fix.get("sigma") or 0.0), level)


def _frame(payload: bytes, names: Names) -> Heard:
    if len(payload) < _HEAD.size:
        raise MessageInvalid("a frame is cut short")
    _, gateway, count = _HEAD.unpack_from(payload)
    if len(payload) != _HEAD.size + count * WIRE.itemsize:
        raise MessageInvalid("a frame's length does not fit its count")
    wire = np.frombuffer(payload, WIRE, count, _HEAD.size)
    badge = names.badge_rows(wire["badge"])
    heard = Heard(gateway.rstrip(b"\0").decode("utf-8", "replace"), measurements(0))
    strangers = (badge < 0) & (wire["badge"] != b"")
    if strangers.any():
        heard.unknown = {code.decode("ascii", "replace") for code in np.unique(wire["badge"][strangers])[:100]}
    kind = wire["kind"]
    own = badge >= 0
    for record in wire[own & (kind == BATTERY)]:
        heard.battery.append((record["badge"].decode(), float(record["value"])))
    for record in wire[own & (kind == SOS)]:
        heard.sos.append((record["badge"].decode(), float(record["time"])))
    keep = (kind <= Kind.MOTION) | (kind == FIX_DEGREES)
    if not keep.all():
        wire, badge, kind = wire[keep], badge[keep], kind[keep]
    out = measurements(wire.size, badge=badge, kind=kind, source=wire["source"], floor=wire["floor"])
    for name in ("time", "value", "x", "y", "sigma"):
        out[name] = wire[name]
    out["anchor"] = names.anchor_rows(wire["anchor"])
    if (kind == Kind.TDOA).any():
        out["anchor2"] = names.anchor_rows(wire["anchor2"])
    degrees = kind == FIX_DEGREES
    if degrees.any():
        out["kind"][degrees] = Kind.FIX
        out["x"][degrees], out["y"][degrees] = names.frame.to_local(wire["x"][degrees], wire["y"][degrees])
    heard.measurements = out
    return heard


def encode(gateway: str, records: NDArray[np.void]) -> bytes:
    """A binary frame of records (dtype :data:`WIRE`)."""
    return _HEAD.pack(MAGIC, gateway.encode()[:16], records.size) + records.tobytes()


def wire(count: int, **columns: Any) -> NDArray[np.void]:
    """``count`` zeroed records with the given columns filled."""
    out = np.zeros(count, WIRE)
    for name, values in columns.items():
        out[name] = values
    return out


def schema() -> dict[str, Any]:
    """JSON Schema of a report."""
    return Report.model_json_schema()


__all__ = ["Heard", "MessageInvalid", "Report", "decode", "encode", "from_report", "schema", "wire"]
