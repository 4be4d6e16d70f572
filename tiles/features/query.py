"""The parameters of an items request, read strictly: what does not hold is a 400 that names the parameter."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shapely.geometry.base import BaseGeometry

from tiles.features.cql2_text import CqlError, parse
from tiles.features.crs import DEFAULT, Crs, box_to_database, find
from tiles.features.errors import QueryInvalid
from tiles.features.repository_filter import check_text, corners, instant, kind_of
from twin.registry.layer import Field, Layer

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
MAX_SORT = 6
FORMATS = ("json", "geojson", "html")
RESERVED = (
    "f", "limit", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs", "sortby", "next",
    "lang",
)  # fmt: skip


@dataclass(frozen=True)
class SortKey:
    """A property to sort by."""

    name: str
    descending: bool


@dataclass
class ItemsQuery:
    """What a page of features must satisfy.

    Attributes:
        area: EPSG:4326; features that intersect it.
        heights: features whose height range meets this one (metres above the ellipsoid).
        interval: first and last moment; None is open.
        equal: property and value pairs.
        condition: CQL2-JSON; its geometries are in ``filter_crs``.
        after: values of the sort keys and the id of the last feature of the page before.
    """

    limit: int = DEFAULT_LIMIT
    crs: Crs = DEFAULT
    area: BaseGeometry | None = None
    heights: tuple[float, float] | None = None
    interval: tuple[datetime | None, datetime | None] | None = None
    equal: list[tuple[Field | None, Any]] = field(default_factory=list)
    condition: Any = None
    filter_crs: Crs = DEFAULT
    sort: tuple[SortKey, ...] = ()
    after: list[Any] | None = None


def parse_items(pairs: Iterable[tuple[str, str]], layer: Layer, site_crs: list[int]) -> ItemsQuery:
    """Read the query string of an items request.

    Raises:
        QueryInvalid: the first parameter that does not hold.
    """
    given = once(pairs)
    query = ItemsQuery()
    for name, value in given.items():
        if name not in RESERVED:
            query.equal.append(_equal(layer, name, value))
    query.limit = _limit(given.get("limit"))
    query.crs = _crs(given, "crs", site_crs)
    if "bbox" in given:
        query.area, query.heights = _bbox(given["bbox"], _crs(given, "bbox-crs", site_crs))
    elif "bbox-crs" in given:
        _crs(given, "bbox-crs", site_crs)
    if "datetime" in given:
        query.interval = interval(given["datetime"])
    query.filter_crs = _crs(given, "filter-crs", site_crs)
    query.condition = _filter(given)
    query.sort = _sort(given.get("sortby"), layer)
    if "next" in given:
        query.after = read_token(given["next"], query.sort, layer)
    return query


def once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parameters by name; none may come twice."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise QueryInvalid.of(name, "query_twice")
        found[name] = check_text(value, name) if name != "filter" else value
        if name == "filter" and "\x00" in value:
            raise QueryInvalid.of(name, "query_text")
    return found


def only(pairs: Iterable[tuple[str, str]], *allowed: str) -> dict[str, str]:
    """Parameters of a resource that knows only these.

    Raises:
        QueryInvalid: another one (OGC API - Features Part 1, 7.5.1).
    """
    found = once(pairs)
    for name in found:
        if name not in allowed:
            raise QueryInvalid.of(name, "query_unknown")
    return found


def _equal(layer: Layer, name: str, value: str) -> tuple[Field | None, Any]:
    kind = kind_of(layer, name)
    if kind is None:
        raise QueryInvalid.of(name, "query_unknown")
    declared = layer.field(name)
    if kind == "number":
        return declared, _number(value, name)
    if kind == "boolean":
        if value.lower() not in ("true", "false", "1", "0"):
            raise QueryInvalid.of(name, "query_boolean", value=value)
        return declared, value.lower() in ("true", "1")
    if kind == "datetime":
        return declared, instant(value, name)
    return declared, value


def _number(text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise QueryInvalid.of(where, "query_number", value=text) from None
    if not math.isfinite(number):
        raise QueryInvalid.of(where, "query_number", value=text)
    return number


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise QueryInvalid.of("limit", "query_limit", value=text, maximum=MAX_LIMIT)
    return min(int(text), MAX_LIMIT)  # more than the maximum is no error (Part 1, 7.15.2)


def _crs(given: dict[str, str], name: str, site_crs: list[int]) -> Crs:
    if name not in given:
        return DEFAULT
    found = find(given[name], site_crs)
    if found is None:
        raise QueryInvalid.of(name, "query_crs", value=given[name])
    return found


def _bbox(text: str, crs: Crs) -> tuple[BaseGeometry, tuple[float, float] | None]:
    numbers = [_number(part, "bbox") for part in text.split(",")]
    try:
        (low, high), heights = corners(numbers)
        return box_to_database(low, high, crs), heights
    except ValueError:
        raise QueryInvalid.of("bbox", "query_bbox", value=text) from None


def interval(text: str) -> tuple[datetime | None, datetime | None]:
    """An instant or ``start/end`` with ``..`` (or nothing) for an open end."""
    parts = text.split("/")
    if len(parts) == 1:
        return instant(parts[0], "datetime")
    if len(parts) != 2 or all(p in ("", "..") for p in parts):
        raise QueryInvalid.of("datetime", "query_datetime", value=text)
    first = None if parts[0] in ("", "..") else instant(parts[0], "datetime")[0]
    last = None if parts[1] in ("", "..") else instant(parts[1], "datetime")[1]
    if first and last and first > last:
        raise QueryInvalid.of("datetime", "query_datetime", value=text)
    return first, last


def _filter(given: dict[str, str]) -> Any:
    language = given.get("filter-lang", "")
    if language not in ("", "cql2-text", "cql2-json"):
        raise QueryInvalid.of("filter-lang", "query_filter_lang", value=language)
    text = given.get("filter")
    if text is None:
        return None
    if language == "cql2-json" or (not language and text.lstrip().startswith("{")):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise QueryInvalid.of("filter", "query_json") from None
    try:
        return parse(text)
    except CqlError as error:
        raise QueryInvalid.of("filter", "query_cql", found=error.args[0], place=error.args[1]) from None


def _sort(text: str | None, layer: Layer) -> tuple[SortKey, ...]:
    keys: list[SortKey] = []
    for part in (text or "").split(",") if text is not None else ():
        # A plus sign that was not percent-encoded arrives as a space.
        name = part.strip().removeprefix("+")
        descending = name.startswith("-")
        name = name.removeprefix("-")
        if kind_of(layer, name) is None or name in [k.name for k in keys] or len(keys) == MAX_SORT:
            raise QueryInvalid.of("sortby", "query_sortby", value=part)
        keys.append(SortKey(name, descending))
    return tuple(keys)


def make_token(keys: bytes) -> str:
    """The opaque ``next`` value: the last feature's sort values and id, as the database wrote them (a JSON array)."""
    return base64.urlsafe_b64encode(keys).decode().rstrip("=")


def read_token(token: str, sort: tuple[SortKey, ...], layer: Layer) -> list[Any]:
    """The values inside a ``next`` token, checked against the sort keys.

    Raises:
        QueryInvalid: it was not made here, or for another ``sortby``.
    """
    bad = QueryInvalid.of("next", "query_next")
    try:
        values = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise bad from None
    if not isinstance(values, list) or len(values) != len(sort) + 1 or not isinstance(values[-1], str):
        raise bad
    found: list[Any] = []
    for key, value in zip((*sort, SortKey("id", False)), values, strict=True):
        kind = kind_of(layer, key.name)
        if value is None:
            found.append(None)
        elif kind == "datetime" and isinstance(value, str):
            found.append(instant(value, "next")[0])
        elif kind == "boolean" and isinstance(value, bool):
            found.append(value)
        elif kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
            found.append(float(value))
        elif kind == "string" and isinstance(value, str):
            found.append(check_text(value, "next"))
        else:
            raise bad
    if found[-1] is None:
        raise bad
    return found
