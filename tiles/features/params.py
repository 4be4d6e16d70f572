"""Query parameters of OGC API requests, parsed strictly: an unknown or broken parameter is a 400 that names it (Req. /core/query-param-invalid)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import QueryParams

from tiles.features import crs as systems
from tiles.features.cql import Condition, parse_json, parse_text
from twin.errors import TwinError
from twin.registry.layer import Field, Layer

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
_COMMON = frozenset(
    {
        "f",
        "lang",
        "limit",
        "bbox",
        "bbox-crs",
        "crs",
        "datetime",
        "filter",
        "filter-lang",
        "filter-crs",
        "sortby",
        "next",
    }
)
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?")


class BadParameter(TwinError):
    """A query parameter is unknown or does not hold; ``params['name']`` says which."""

    code = "bad_parameter"
    status = 400


@dataclass(frozen=True)
class Query:
    """A parsed request for items."""

    limit: int = DEFAULT_LIMIT
    bbox: tuple[float, ...] | None = None
    bbox_srid: int = 4326
    crs: systems.System = systems.CRS84
    start: datetime | None = None
    end: datetime | None = None
    equals: tuple[tuple[Field, Any], ...] = ()
    condition: Condition | None = None
    sort: tuple[tuple[Field, bool], ...] = ()
    after: tuple[Any, ...] | None = None
    raw: dict[str, str] = field(default_factory=dict)


def parse(params: QueryParams, layer: Layer, allowed: Iterable[systems.System]) -> Query:
    """The query of an items request.

    Raises:
        BadParameter: naming the first parameter that does not hold.
    """
    raw = {}
    for name, value in params.multi_items():
        if name in raw:
            raise BadParameter(name=name, reason="repeated")
        if "\x00" in value:
            raise BadParameter(name=name, reason="nul")
        raw[name] = value
    known = {s.uri: s for s in allowed}
    equals = []
    for name, value in raw.items():
        if name in _COMMON:
            continue
        found = layer.field(name)
        if found is None:
            raise BadParameter(name=name[:60], reason="unknown")
        equals.append((found, typed(found, value)))
    start, end = _interval(raw.get("datetime"))
    bbox_crs = _system(raw.get("bbox-crs"), known, "bbox-crs")
    return Query(
        limit=_limit(raw.get("limit")),
        bbox=_bbox(raw.get("bbox"), bbox_crs),
        bbox_srid=bbox_crs.srid,
        crs=_system(raw.get("crs"), known, "crs"),
        start=start,
        end=end,
        equals=tuple(equals),
        condition=_filter(raw, layer, _system(raw.get("filter-crs"), known, "filter-crs")),
        sort=_sort(raw.get("sortby"), layer),
        after=decode(raw["next"]) if "next" in raw else None,
        raw=raw,
    )


def typed(target: Field, value: str) -> Any:
    """A value of a field's kind from its text.

    Raises:
        BadParameter: when it is not one.
    """
    try:
        if target.kind == "integer":
            number = int(value)
            if abs(number) > 2**31 - 1:
                raise ValueError(value)
            return number
        if target.kind == "number":
            real = float(value)
            if real != real or abs(real) == float("inf"):
                raise ValueError(value)
            return real
        if target.kind == "boolean":
            return {"true": True, "false": False}[value.lower()]
        if target.kind == "datetime":
            return instant(value)
    except (ValueError, KeyError) as error:
        raise BadParameter(name=target.name, reason=target.kind) from error
    return value


def instant(value: str) -> datetime:
    """An RFC 3339 date or date-time; a date alone is its midnight, UTC.

    Raises:
        ValueError: when it is neither.
    """
    if not _RFC3339.fullmatch(value):
        raise ValueError(value)
    at = datetime.fromisoformat(value.upper().replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _interval(value: str | None) -> tuple[datetime | None, datetime | None]:
    if value is None:
        return None, None
    parts = value.split("/")
    try:
        if len(parts) == 1:
            at = instant(parts[0])
            # A bare date means that day.
            return at, at.replace(hour=23, minute=59, second=59, microsecond=999999) if len(parts[0]) == 10 else at
        start, end = (None if p in ("", "..") else instant(p) for p in parts)
        if len(parts) != 2 or (start is None and end is None) or (start and end and start > end):
            raise ValueError(value)
    except (ValueError, TypeError) as error:
        raise BadParameter(name="datetime", reason="datetime") from error
    return start, end


def _limit(value: str | None) -> int:
    if value is None:
        return DEFAULT_LIMIT
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:12]):
        raise BadParameter(name="limit", reason="integer")
    return min(int(value[:12]), MAX_LIMIT)


def _bbox(value: str | None, system: systems.System) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        numbers = [float(v) for v in value.split(",")]
    except ValueError as error:
        raise BadParameter(name="bbox", reason="bbox") from error
    if len(numbers) not in (4, 6) or not all(abs(n) < 1e9 for n in numbers):
        raise BadParameter(name="bbox", reason="bbox")
    half = len(numbers) // 2
    low, high = numbers[:half], numbers[half:]
    if system.flip:
        low[:2], high[:2] = low[1::-1], high[1::-1]
    if any(a > b for a, b in zip(low[1:], high[1:], strict=True)):
        raise BadParameter(name="bbox", reason="bbox")
    return (*low, *high)


def _system(value: str | None, known: dict[str, systems.System], name: str) -> systems.System:
    if value is None:
        return systems.CRS84
    found = known.get(value)
    if found is None:
        raise BadParameter(name=name, reason="crs")
    return found


def _sort(value: str | None, layer: Layer) -> tuple[tuple[Field, bool], ...]:
    if value is None:
        return ()
    keys = []
    for part in value.split(","):
        found = layer.field(part.strip().lstrip("+-"))
        if found is None or len(keys) >= 4:
            raise BadParameter(name="sortby", reason="unknown")
        keys.append((found, part.strip().startswith("-")))
    return tuple(keys)


def _filter(raw: dict[str, str], layer: Layer, system: systems.System) -> Condition | None:
    text = raw.get("filter")
    if text is None:
        return None
    language = raw.get("filter-lang", "cql2-json" if text.lstrip().startswith("{") else "cql2-text")
    if language == "cql2-text":
        return parse_text(text, layer, system.srid)
    if language == "cql2-json":
        return parse_json(text, layer, system.srid)
    raise BadParameter(name="filter-lang", reason="unknown")


def encode(values: Iterable[Any]) -> str:
    """An opaque token of the last row's sort values and id."""
    plain = [
        v.isoformat() if isinstance(v, datetime) else v if isinstance(v, (int, float, bool, type(None))) else str(v)
        for v in values
    ]
    return base64.urlsafe_b64encode(json.dumps(plain, ensure_ascii=False).encode()).decode().rstrip("=")


def decode(token: str) -> tuple[Any, ...]:
    """The values of a token.

    Raises:
        BadParameter: when we did not make it.
    """
    try:
        values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if not isinstance(values, list) or not values:
            raise ValueError(token)
        return tuple(values)
    except ValueError as error:
        raise BadParameter(name="next", reason="token") from error
