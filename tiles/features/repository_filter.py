"""CQL2-JSON to SQL with bound parameters: no text of a client ever becomes part of a statement.

Kinds are checked before the database sees anything, so that a wrong comparison is a clear 400 and no server error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tiles.features.cql2_text import MAX_DEPTH, SPATIAL, TEMPORAL
from tiles.features.crs import DEFAULT, Crs, box_to_database, to_database
from tiles.features.errors import QueryInvalid
from twin.registry.layer import Layer

MAX_VERTICES = 20_000
MAX_VALUES = 2_000
_COMPARE = {"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CAST = {"string": "text", "number": "double precision", "boolean": "boolean", "datetime": "timestamptz"}
#: Two-sided spatial operators: the PostGIS function of ``op(stored, given)``; with the sides changed it is the third.
_SPATIAL = {
    "s_intersects": ("ST_Intersects", "ST_Intersects"),
    "s_within": ("ST_Within", "ST_Contains"),
    "s_contains": ("ST_Contains", "ST_Within"),
    "s_crosses": ("ST_Crosses", "ST_Crosses"),
    "s_touches": ("ST_Touches", "ST_Touches"),
    "s_overlaps": ("ST_Overlaps", "ST_Overlaps"),
    "s_equals": ("ST_Equals", "ST_Equals"),
}
GEOMETRY_NAMES = ("geometry", "geom")
_METRES_PER_DEGREE = 111_000.0


class Params:
    """Values on their way to the database; :meth:`bind` gives the placeholder."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def bind(self, value: Any, cast: str) -> str:
        """Placeholder of a value with the SQL type ``cast``."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"CAST(%({name})s AS {cast})"

    def geometry(self, geometry: BaseGeometry) -> str:
        """Placeholder of a geometry in EPSG:4326."""
        return f"ST_GeomFromWKB({self.bind(shapely.to_wkb(geometry), 'bytea')}, 4326)"


def kind_of(layer: Layer, name: str) -> str | None:
    """``string``, ``number``, ``boolean`` or ``datetime``: how values of a property compare."""
    if name == "id":
        return "string"
    field = layer.field(name)
    return None if field is None else ("number" if field.kind == "integer" else field.kind)


def column(name: str) -> str:
    """A property's column as it is compared."""
    return "id::text" if name == "id" else f'"{name}"'


def check_text(value: str, where: str) -> str:
    """A text that the database can hold."""
    if "\x00" in value or len(value) > 4000:
        raise QueryInvalid.of(where, "query_text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise QueryInvalid.of(where, "query_text") from None
    return value


def instant(text: str, where: str) -> tuple[datetime, datetime]:
    """First and last moment that a date or a date-time (RFC 3339) stands for; a date is the whole day in UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, AttributeError):
        raise QueryInvalid.of(where, "query_datetime", value=text) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC)
        last = moment + timedelta(days=1, microseconds=-1) if len(text.strip()) <= 10 else moment
    except OverflowError:
        raise QueryInvalid.of(where, "query_datetime", value=text) from None
    return moment, last


class Translator:
    """Turns a filter of one layer into a condition."""

    def __init__(self, layer: Layer, params: Params, crs: Crs = DEFAULT) -> None:
        self.layer = layer
        self.params = params
        self.crs = crs
        self.depth = 0

    def refuse(self, code: str, **params: Any) -> QueryInvalid:
        return QueryInvalid.of("filter", code, **params)

    def condition(self, node: Any) -> str:
        """SQL of a boolean node.

        Raises:
            QueryInvalid: unknown operators and properties, kinds that do not compare, geometries that are none.
        """
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refuse("query_too_deep")
        try:
            return self._condition(node)
        finally:
            self.depth -= 1

    def _condition(self, node: Any) -> str:
        if isinstance(node, bool):
            return "true" if node else "false"
        if not isinstance(node, dict):
            raise self.refuse("query_not_boolean", found=node)
        if "property" in node:
            sql, kind = self.operand(node)
            if kind != "boolean":
                raise self.refuse("query_not_boolean", found=node["property"])
            return f"({sql} IS TRUE)"
        op, args = node.get("op"), node.get("args")
        if not isinstance(op, str) or not isinstance(args, list):
            raise self.refuse("query_not_boolean", found=node)
        return self._operator(op.lower() if op.lower() in SPATIAL | TEMPORAL else op, args)

    def _operator(self, op: str, args: list[Any]) -> str:
        table: dict[str, tuple[Callable[[list[Any]], str], int]] = {
            "not": (lambda a: f"(NOT {self.condition(a[0])})", 1),
            "like": (self._like, 2),
            "between": (self._between, 3),
            "in": (self._in, 2),
            "isNull": (lambda a: f"({self.operand(a[0])[0]} IS NULL)", 1),
            "s_dwithin": (self._dwithin, 3),
            "s_disjoint": (lambda a: f"(NOT {self._spatial('s_intersects', a)})", 2),
        }
        if op in ("and", "or"):
            if not 1 <= len(args) <= MAX_VALUES:
                raise self.refuse("query_arguments", op=op)
            return "(" + f" {op.upper()} ".join(self.condition(a) for a in args) + ")"
        if op in table:
            act, count = table[op]
        elif op in _COMPARE:
            act, count = (lambda a: self._compare(op, a)), 2
        elif op in _SPATIAL:
            act, count = (lambda a: self._spatial(op, a)), 2
        elif op in TEMPORAL:
            act, count = (lambda a: self._temporal(op, a)), 2
        else:
            raise self.refuse("query_operator", op=op)
        if len(args) != count:
            raise self.refuse("query_arguments", op=op)
        return act(args)

    def operand(self, node: Any) -> tuple[str, str]:
        """SQL and kind of a property, literal or ``casei`` of one."""
        if isinstance(node, dict) and isinstance(node.get("property"), str):
            name = node["property"]
            kind = kind_of(self.layer, name)
            if kind is None:
                raise self.refuse("query_property", name=name)
            return column(name), kind
        if isinstance(node, dict) and node.get("op") == "casei" and isinstance(node.get("args"), list) and node["args"]:
            sql, kind = self.operand(node["args"][0])
            if kind != "string":
                raise self.refuse("query_kinds", left=kind, right="casei")
            return f"lower({sql})", kind
        value, kind = self.literal(node)
        return self.params.bind(value, _CAST[kind]), kind

    def literal(self, node: Any) -> tuple[Any, str]:
        """Value and kind of a constant."""
        if isinstance(node, bool):
            return node, "boolean"
        if isinstance(node, int | float):
            if not math.isfinite(node) or abs(node) > 1e300:
                raise self.refuse("query_number", value=node)
            return float(node), "number"
        if isinstance(node, str):
            return check_text(node, "filter"), "string"
        if isinstance(node, dict) and len(node) == 1:
            ((name, text),) = node.items()
            if name in ("date", "timestamp") and isinstance(text, str):
                return instant(text, "filter")[0], "datetime"
        raise self.refuse("query_literal", value=node)

    def _pair(self, left: Any, right: Any) -> tuple[str, str, str]:
        (a, kind), (b, other) = self.operand(left), self.operand(right)
        if kind == other:
            return a, b, kind
        # A time may be written as a plain string.
        for given, sql, want, is_left in ((right, b, kind, False), (left, a, other, True)):
            if want == "datetime" and isinstance(given, str):
                sql = self.params.bind(instant(given, "filter")[0], "timestamptz")
                return (sql, b, want) if is_left else (a, sql, want)
        raise self.refuse("query_kinds", left=kind, right=other)

    def _compare(self, op: str, args: list[Any]) -> str:
        a, b, kind = self._pair(*args)
        if kind == "boolean" and op not in ("=", "<>"):
            raise self.refuse("query_kinds", left=kind, right=op)
        return f"({a} {_COMPARE[op]} {b})"

    def _like(self, args: list[Any]) -> str:
        (a, kind), (b, other) = self.operand(args[0]), self.operand(args[1])
        pattern = args[1]["args"][0] if isinstance(args[1], dict) and args[1].get("op") == "casei" else args[1]
        if kind != "string" or other != "string" or not isinstance(pattern, str):
            raise self.refuse("query_kinds", left=kind, right="like")
        if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
            raise self.refuse("query_text")
        return f"({a} LIKE {b})"

    def _between(self, args: list[Any]) -> str:
        a, low, kind = self._pair(args[0], args[1])
        _, high, _ = self._pair(args[0], args[2])
        if kind == "boolean":
            raise self.refuse("query_kinds", left=kind, right="between")
        return f"({a} BETWEEN {low} AND {high})"

    def _in(self, args: list[Any]) -> str:
        sql, kind = self.operand(args[0])
        values = args[1]
        if not isinstance(values, list) or not 1 <= len(values) <= MAX_VALUES:
            raise self.refuse("query_arguments", op="in")
        if any(isinstance(v, dict) and "op" in v for v in values):  # casei on the right
            return "(" + " OR ".join(f"({sql} = {self._pair(args[0], v)[1]})" for v in values) + ")"
        found = []
        for value in values:
            literal, other = self.literal(value)
            if other == "string" and kind == "datetime":
                literal, other = instant(value, "filter")[0], "datetime"
            if other != kind:
                raise self.refuse("query_kinds", left=kind, right=other)
            found.append(literal)
        return f"({sql} = ANY({self.params.bind(found, _CAST[kind] + '[]')}))"

    def _spatial(self, op: str, args: list[Any]) -> str:
        stored_first, geometry = self._geometry_args(args)
        name = _SPATIAL[op][0 if stored_first else 1]
        return f"{name}(geom, {self.params.geometry(geometry)})"

    def _dwithin(self, args: list[Any]) -> str:
        _, geometry = self._geometry_args(args[:2])
        value, kind = self.literal(args[2])
        if kind != "number" or not 0 <= value <= 1e7:
            raise self.refuse("query_number", value=args[2])
        given = self.params.geometry(geometry)
        # The box narrows by the index; the distance is taken on the ellipsoid.
        reach = value / _METRES_PER_DEGREE / max(0.01, math.cos(math.radians(min(89.4, _furthest(geometry, value)))))
        near = f"geom && ST_Expand({given}, {self.params.bind(reach, 'double precision')})"
        metres = self.params.bind(value, "double precision")
        return f"({near} AND ST_DWithin(ST_Force2D(geom)::geography, {given}::geography, {metres}))"

    def _geometry_args(self, args: list[Any]) -> tuple[bool, BaseGeometry]:
        named = [isinstance(a, dict) and a.get("property") in GEOMETRY_NAMES for a in args]
        if sum(named) != 1:
            raise self.refuse("query_geometry_sides")
        return named[0], self.geometry(args[1 if named[0] else 0])

    def geometry(self, node: Any) -> BaseGeometry:
        """A GeoJSON geometry or ``{"bbox": [...]}`` of the filter, flat, in EPSG:4326."""
        try:
            if isinstance(node, dict) and isinstance(node.get("bbox"), list):
                numbers = [float(v) for v in node["bbox"]]
                return box_to_database(*corners(numbers)[0], self.crs)
            made = shape(node)
            if made.is_empty or shapely.get_num_coordinates(made) > MAX_VERTICES:
                raise ValueError
            if not all(math.isfinite(v) and abs(v) < 1e9 for v in made.bounds):
                raise ValueError
            made = to_database(made, self.crs)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, ShapelyError) as error:
            raise self.refuse("query_geometry") from error
        west, south, east, north = made.bounds
        if not made.is_valid or west < -360 or east > 360 or south < -90 or north > 90:
            raise self.refuse("query_geometry")
        return made

    def _temporal(self, op: str, args: list[Any]) -> str:
        if not (isinstance(args[0], dict) and isinstance(args[0].get("property"), str)):
            raise self.refuse("query_arguments", op=op)
        sql, kind = self.operand(args[0])
        if kind != "datetime":
            raise self.refuse("query_kinds", left=kind, right=op)
        first, last = self._span(args[1])
        low = "" if first is None else self.params.bind(first, "timestamptz")
        high = "" if last is None else self.params.bind(last, "timestamptz")
        if op == "t_after":
            return f"({sql} > {high})" if high else "false"
        if op == "t_before":
            return f"({sql} < {low})" if low else "false"
        strict = op == "t_during"  # an instant is during an interval only between its ends
        bounds = [f"{sql} {'>' if strict else '>='} {low}"] * bool(low)
        bounds += [f"{sql} {'<' if strict else '<='} {high}"] * bool(high)
        inside = "(" + (" AND ".join(bounds) or f"{sql} IS NOT NULL") + ")"
        return f"(NOT {inside})" if op == "t_disjoint" else inside

    def _span(self, node: Any) -> tuple[datetime | None, datetime | None]:
        if isinstance(node, dict) and isinstance(node.get("interval"), list) and len(node["interval"]) == 2:
            ends = [next(iter(v.values())) if isinstance(v, dict) and v else v for v in node["interval"]]
            if not all(isinstance(v, str) for v in ends):
                raise self.refuse("query_datetime", value=node)
            first = None if ends[0] in ("..", "") else instant(ends[0], "filter")[0]
            last = None if ends[1] in ("..", "") else instant(ends[1], "filter")[1]
            return first, last
        text = node if isinstance(node, str) else next(iter(node.values()), None) if isinstance(node, dict) else None
        if not isinstance(text, str):
            raise self.refuse("query_datetime", value=node)
        return instant(text, "filter")


def corners(
    numbers: Sequence[float],
) -> tuple[tuple[tuple[float, float], tuple[float, float]], tuple[float, float] | None]:
    """Lower and upper corner of a box of 4 or 6 numbers, and its height range.

    Raises:
        ValueError: another count, or not finite.
    """
    if len(numbers) not in (4, 6) or not all(math.isfinite(n) for n in numbers):
        raise ValueError("a box has 4 or 6 numbers")
    half = len(numbers) // 2
    heights = (numbers[2], numbers[5]) if half == 3 else None
    if heights and heights[0] > heights[1]:
        raise ValueError("upside down")
    return ((numbers[0], numbers[1]), (numbers[half], numbers[half + 1])), heights


def _furthest(geometry: BaseGeometry, metres: float) -> float:
    """The highest latitude that may be reached, in degrees."""
    return max(abs(float(geometry.bounds[1])), abs(float(geometry.bounds[3]))) + metres / _METRES_PER_DEGREE
