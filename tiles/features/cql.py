"""CQL2 filters (OGC 21-065r2) as SQL with bound parameters.

CQL2-text is read into the form of CQL2-JSON (``tiles.features.cqltext``), and that one form becomes SQL here, so both languages mean the
same. Every name is looked up in the layer's declaration and every value is bound: no text of the request ever reaches the database as SQL.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tiles.features.cqltext import CqlSyntax, read
from twin.errors import TwinError
from twin.registry.layer import Field, Layer

MAX_DEPTH = 40
MAX_NODES = 2_000
MAX_LENGTH = 100_000
GEOMETRY = "geom"

_COMPARE = {"=": "=", "<>": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_ARITHMETIC = {"+", "-", "*", "/"}
_SPATIAL = {
    "s_intersects": "ST_Intersects", "s_disjoint": "ST_Disjoint", "s_within": "ST_Within", "s_contains": "ST_Contains",
    "s_crosses": "ST_Crosses", "s_touches": "ST_Touches", "s_overlaps": "ST_Overlaps", "s_equals": "ST_Equals",
}  # fmt: skip
_TEMPORAL = {"t_after": ">", "t_before": "<", "t_equals": "="}
_CASTS = {"datetime": "timestamptz"}
_GEOMETRIES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}


class CqlFault(TwinError):
    """The filter does not hold; ``params['reason']`` says why and where."""

    code = "bad_filter"
    status = 400


@dataclass
class Condition:
    """A SQL condition with its parameters."""

    sql: str
    params: dict[str, Any] = field(default_factory=dict)


def parse_text(text: str, layer: Layer, srid: int) -> Condition:
    """The condition of a CQL2-text filter; literals of geometry are in ``srid``, x before y.

    Raises:
        CqlFault: naming the place of the fault.
    """
    if len(text) > MAX_LENGTH:
        raise CqlFault(reason="too long")
    try:
        tree = read(text)
    except (CqlSyntax, RecursionError) as error:
        raise CqlFault(reason=str(error)[:200]) from error
    return _Translator(layer, srid).run(tree)


def parse_json(text: str, layer: Layer, srid: int) -> Condition:
    """The condition of a CQL2-JSON filter.

    Raises:
        CqlFault: naming the fault.
    """
    if len(text) > MAX_LENGTH:
        raise CqlFault(reason="too long")
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CqlFault(reason=f"JSON: {str(error)[:100]}") from error
    return _Translator(layer, srid).run(tree)


class _Translator:
    def __init__(self, layer: Layer, srid: int) -> None:
        self.layer = layer
        self.srid = srid
        self.params: dict[str, Any] = {}
        self.nodes = 0

    def run(self, tree: Any) -> Condition:
        return Condition(self.condition(tree, 0), self.params)

    def bind(self, value: Any, cast: str = "") -> str:
        name = f"q{len(self.params)}"
        self.params[name] = value
        return f"CAST(:{name} AS {cast})" if cast else f":{name}"

    def condition(self, node: Any, depth: int) -> str:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise CqlFault(reason="too deep or too large")
        if isinstance(node, bool):
            return "true" if node else "false"
        if isinstance(node, dict) and "property" in node:
            column, found = self.column(node)
            if found.kind != "boolean":
                raise CqlFault(reason=f"{found.name} is not a condition")
            return column
        op, args = _operation(node)
        if op in ("and", "or"):
            if not args:
                raise CqlFault(reason=f"{op} without arguments")
            return "(" + f" {op.upper()} ".join(self.condition(a, depth + 1) for a in args) + ")"
        if op == "not":
            (inner,) = _exactly(args, 1, op)
            return f"NOT ({self.condition(inner, depth + 1)})"
        if op in _SPATIAL:
            return self.spatial(op, args)
        if op in _TEMPORAL:
            left, right = _exactly(args, 2, op)
            return self.compare(_TEMPORAL[op], left, right, depth)
        return self.predicate(op, args, depth)

    def predicate(self, op: str, args: list[Any], depth: int) -> str:
        if op in _COMPARE:
            left, right = _exactly(args, 2, op)
            return self.compare(_COMPARE[op], left, right, depth)
        if op == "isNull":
            (inner,) = _exactly(args, 1, op)
            if isinstance(inner, dict) and inner.get("property") == GEOMETRY:
                return "geom IS NULL"
            return f"{self.value(inner, None, depth)[0]} IS NULL"
        if op == "between":
            inner, low, high = _exactly(args, 3, op)
            kind = self.kind(inner)
            return " ".join(
                (
                    self.value(inner, kind, depth)[0],
                    "BETWEEN",
                    self.value(low, kind, depth)[0],
                    "AND",
                    self.value(high, kind, depth)[0],
                )
            )
        if op == "in":
            inner, values = _exactly(args, 2, op)
            if not isinstance(values, list) or not 0 < len(values) <= 1000:
                raise CqlFault(reason="in: a list of values is needed")
            kind = self.kind(inner)
            return (
                f"{self.value(inner, kind, depth)[0]} IN ({', '.join(self.value(v, kind, depth)[0] for v in values)})"
            )
        if op == "like":
            inner, pattern = _exactly(args, 2, op)
            folded = isinstance(pattern, dict)
            text = self.value(inner, "string", depth)[0]
            mask = self.value(pattern, "string", depth)[0] if folded else self.bind(_text(pattern))
            return f"{text} LIKE {mask}"
        raise CqlFault(reason=f"unknown operator {str(op)[:40]}")

    def compare(self, sign: str, left: Any, right: Any, depth: int) -> str:
        kind = self.kind(left) or self.kind(right)
        return f"{self.value(left, kind, depth)[0]} {sign} {self.value(right, kind, depth)[0]}"

    def kind(self, node: Any) -> str | None:
        """The kind that a comparison has by its property: literals follow it."""
        if isinstance(node, dict):
            if "property" in node:
                return self.column(node)[1].kind
            if node.get("op") in ("casei", "accenti"):
                return "string"
            if node.get("op") in _ARITHMETIC:
                return "number"
        return None

    def column(self, node: dict[str, Any]) -> tuple[str, Field]:
        name = node["property"]
        found = self.layer.field(name) if isinstance(name, str) else None
        if found is None:
            raise CqlFault(reason=f"unknown property {str(name)[:60]}")
        return f'"{found.name}"', found

    def value(self, node: Any, kind: str | None, depth: int) -> tuple[str, str | None]:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            raise CqlFault(reason="too deep or too large")
        if isinstance(node, dict):
            if "property" in node:
                column, found = self.column(node)
                if kind in ("number", "integer") and found.kind not in ("number", "integer"):
                    raise CqlFault(reason=f"{found.name} is not a number")
                if kind == "string" and found.kind != "string":
                    raise CqlFault(reason=f"{found.name} is not text")
                return column, found.kind
            if "timestamp" in node or "date" in node:
                return self.bind(_instant(node.get("timestamp", node.get("date"))), "timestamptz"), "datetime"
            op, args = _operation(node)
            if op == "casei":
                return f"lower({self.value(_exactly(args, 1, op)[0], 'string', depth + 1)[0]})", "string"
            if op in _ARITHMETIC:
                left, right = _exactly(args, 2, op)
                a, b = self.value(left, "number", depth + 1)[0], self.value(right, "number", depth + 1)[0]
                return (f"({a} / NULLIF({b}, 0))" if op == "/" else f"({a} {op} {b})"), "number"
            raise CqlFault(reason=f"{str(op)[:40]} is not a value")
        return self.literal(node, kind), kind

    def literal(self, node: Any, kind: str | None) -> str:
        if isinstance(node, bool):
            if kind not in (None, "boolean"):
                raise CqlFault(reason="a boolean is compared with something else")
            return "true" if node else "false"
        if isinstance(node, (int, float)):
            if kind not in (None, "number", "integer"):
                raise CqlFault(reason=f"the number {node} is compared with something else")
            return self.bind(float(node), "double precision")
        if isinstance(node, str):
            if kind == "datetime":
                return self.bind(_instant(node), "timestamptz")
            if kind not in (None, "string"):
                raise CqlFault(reason=f"the text '{node[:40]}' is compared with something else")
            return self.bind(_text(node), "text")
        raise CqlFault(reason=f"{str(node)[:40]} is not a value")

    def spatial(self, op: str, args: list[Any]) -> str:
        left, right = _exactly(args, 2, op)
        a, b = self.geometry(left), self.geometry(right)
        return f"{_SPATIAL[op]}({a}, {b})"

    def geometry(self, node: Any) -> str:
        if isinstance(node, dict) and "property" in node:
            if node["property"] not in (GEOMETRY, "geometry"):
                raise CqlFault(reason=f"{str(node['property'])[:60]} is not a geometry")
            return "geom"
        if isinstance(node, dict) and "bbox" in node:
            box = node["bbox"]
            if not isinstance(box, list) or len(box) not in (4, 6) or not all(_is_number(v) for v in box):
                raise CqlFault(reason="bbox: 4 or 6 numbers are needed")
            low, high = box[: len(box) // 2], box[len(box) // 2 :]
            made = f"ST_MakeEnvelope({', '.join(self.bind(float(v), 'double precision') for v in (*low[:2], *high[:2]))}, {self.srid})"
        elif isinstance(node, dict) and node.get("type") in _GEOMETRIES and _coordinates(node.get("coordinates")):
            text = json.dumps({"type": node["type"], "coordinates": node["coordinates"]})
            made = f"ST_SetSRID(ST_GeomFromGeoJSON({self.bind(text)}), {self.srid})"
        else:
            raise CqlFault(reason="a geometry is needed")
        return made if self.srid == 4326 else f"ST_Transform({made}, 4326)"


def _operation(node: Any) -> tuple[str, list[Any]]:
    if not isinstance(node, dict) or not isinstance(node.get("op"), str) or not isinstance(node.get("args"), list):
        raise CqlFault(reason=f"{str(node)[:60]} is not an operation")
    return node["op"], node["args"]


def _exactly(args: list[Any], count: int, op: str) -> list[Any]:
    if len(args) != count:
        raise CqlFault(reason=f"{op}: {count} arguments are needed")
    return args


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise CqlFault(reason="text is needed")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9


def _coordinates(node: Any, depth: int = 0) -> bool:
    if depth > 4 or not isinstance(node, list) or not node:
        return False
    if all(_is_number(v) for v in node):
        return 2 <= len(node) <= 3
    return all(_coordinates(child, depth + 1) for child in node)


def _instant(value: Any) -> Any:
    from tiles.features.params import instant  # the parameter's own rule for instants

    try:
        return instant(str(value))
    except ValueError as error:
        raise CqlFault(reason=f"{str(value)[:40]} is not an instant") from error
