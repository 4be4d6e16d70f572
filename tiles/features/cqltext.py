"""CQL2-text read into CQL2-JSON by recursive descent (the grammar of OGC 21-065r2, Annex B, as far as the conformance page names)."""

from __future__ import annotations

import re
from typing import Any

from shapely import wkt
from shapely.errors import ShapelyError
from shapely.geometry import mapping

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"[^"]+")
    | (?P<name>[^\W\d][\w.]*)
    | (?P<sign><>|<=|>=|[=<>(),+\-*/])
    )""",
    re.VERBOSE,
)
_WKT = {"POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING", "POLYGON", "MULTIPOLYGON"}
_PREDICATES = {
    "s_intersects", "s_disjoint", "s_within", "s_contains", "s_crosses", "s_touches", "s_overlaps", "s_equals", "t_after", "t_before", "t_equals",
}  # fmt: skip
_MAX_DEPTH = 60


class CqlSyntax(ValueError):
    """The text does not follow the grammar; the message says where."""


def read(text: str) -> Any:
    """The filter as CQL2-JSON.

    Raises:
        CqlSyntax: with the position of the fault.
    """
    reader = _Reader(text)
    tree = reader.boolean()
    if reader.kind is not None:
        raise reader.fault("the end")
    return tree


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.start = 0
        self.kind: str | None = None
        self.value = ""
        self.depth = 0
        self.next()

    def next(self) -> None:
        if not self.text[self.at :].strip():
            self.kind, self.start, self.at = None, len(self.text), len(self.text)
            return
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            raise CqlSyntax(f"unexpected character at {self.at + 1}: {self.text[self.at : self.at + 12].strip()!r}")
        self.kind = match.lastgroup
        assert self.kind is not None
        self.value = match.group(self.kind)
        self.start, self.at = match.start(self.kind), match.end()

    def fault(self, wanted: str) -> CqlSyntax:
        return CqlSyntax(f"{wanted} expected at {self.start + 1}: {self.text[self.start : self.start + 12]!r}")

    def word(self, *words: str) -> bool:
        """Take the keyword if it is next."""
        if self.kind == "name" and self.value.upper() in words:
            self.next()
            return True
        return False

    def sign(self, sign: str) -> bool:
        if self.kind == "sign" and self.value == sign:
            self.next()
            return True
        return False

    def need(self, sign: str) -> None:
        if not self.sign(sign):
            raise self.fault(f"'{sign}'")

    def boolean(self) -> Any:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise CqlSyntax("nested too deeply")
        parts = [self.conjunction()]
        while self.word("OR"):
            parts.append(self.conjunction())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else {"op": "or", "args": parts}

    def conjunction(self) -> Any:
        parts = [self.negation()]
        while self.word("AND"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else {"op": "and", "args": parts}

    def negation(self) -> Any:
        if self.word("NOT"):
            return {"op": "not", "args": [self.negation()]}
        return self.predicate()

    def predicate(self) -> Any:
        if self.kind == "name" and self.value.lower() in _PREDICATES:
            op = self.value.lower()
            self.next()
            self.need("(")
            args = [self.operand(), self._then_operand()]
            self.need(")")
            return {"op": op, "args": args}
        if self.kind == "sign" and self.value == "(":
            # Either a condition in brackets or the start of an arithmetic expression: try the first, go back for the second.
            state = (self.at, self.start, self.kind, self.value, self.depth)
            self.next()
            try:
                inner = self.boolean()
                self.need(")")
                if not self._goes_on():
                    return inner
            except CqlSyntax:
                pass
            self.at, self.start, self.kind, self.value, self.depth = state
        if self.word("TRUE"):
            return True
        if self.word("FALSE"):
            return False
        return self.comparison(self.expression())

    def _goes_on(self) -> bool:
        words = {"LIKE", "BETWEEN", "IN", "IS"}
        return (self.kind == "sign" and self.value in "=<>+-*/<=>=") or (
            self.kind == "name" and self.value.upper() in words
        )

    def _then_operand(self) -> Any:
        self.need(",")
        return self.operand()

    def comparison(self, left: Any) -> Any:
        if self.kind == "sign" and self.value in ("=", "<>", "<", ">", "<=", ">="):
            op = self.value
            self.next()
            return {"op": op, "args": [left, self.expression()]}
        if self.word("IS"):
            negated = self.word("NOT")
            if not self.word("NULL"):
                raise self.fault("NULL")
            return self.maybe_not(negated, {"op": "isNull", "args": [left]})
        negated = self.word("NOT")
        if self.word("LIKE"):
            return self.maybe_not(negated, {"op": "like", "args": [left, self.expression()]})
        if self.word("BETWEEN"):
            low = self.expression()
            if not self.word("AND"):
                raise self.fault("AND")
            return self.maybe_not(negated, {"op": "between", "args": [left, low, self.expression()]})
        if self.word("IN"):
            self.need("(")
            values = [self.expression()]
            while self.sign(","):
                values.append(self.expression())
            self.need(")")
            return self.maybe_not(negated, {"op": "in", "args": [left, values]})
        if negated:
            raise self.fault("LIKE, BETWEEN or IN")
        if isinstance(left, dict) and "property" in left:
            return left
        raise self.fault("a comparison")

    @staticmethod
    def maybe_not(negated: bool, node: Any) -> Any:
        return {"op": "not", "args": [node]} if negated else node

    def expression(self) -> Any:
        left = self.term()
        while self.kind == "sign" and self.value in "+-":
            op = self.value
            self.next()
            left = {"op": op, "args": [left, self.term()]}
        return left

    def term(self) -> Any:
        left = self.operand()
        while self.kind == "sign" and self.value in "*/":
            op = self.value
            self.next()
            left = {"op": op, "args": [left, self.operand()]}
        return left

    def operand(self) -> Any:
        kind, value = self.kind, self.value
        if kind == "number":
            self.next()
            number = float(value)
            return int(number) if number.is_integer() and "." not in value and "e" not in value.lower() else number
        if kind == "text":
            self.next()
            return value[1:-1].replace("''", "'")
        if kind == "quoted":
            self.next()
            return {"property": value[1:-1]}
        if kind == "name":
            return self.named(value)
        if self.sign("("):
            self.depth += 1
            if self.depth > _MAX_DEPTH:
                raise CqlSyntax("nested too deeply")
            inner = self.expression()
            self.depth -= 1
            self.need(")")
            return inner
        raise self.fault("a value")

    def named(self, value: str) -> Any:
        upper = value.upper()
        if upper in _WKT:
            return self.geometry()
        self.next()
        if upper in ("TRUE", "FALSE"):
            return upper == "TRUE"
        if upper in ("TIMESTAMP", "DATE") and self.sign("("):
            text = self.value
            if self.kind != "text":
                raise self.fault("an instant")
            self.next()
            self.need(")")
            return {upper.lower(): text[1:-1]}
        if upper == "BBOX" and self.sign("("):
            numbers = [self.operand()]
            while self.sign(","):
                numbers.append(self.operand())
            self.need(")")
            return {"bbox": numbers}
        if upper in ("CASEI", "ACCENTI") and self.sign("("):
            inner = self.expression()
            self.need(")")
            return {"op": value.lower(), "args": [inner]}
        return {"property": value}

    def geometry(self) -> Any:
        """A WKT literal: from the keyword to its closing bracket."""
        begin, level = self.start, 0
        for index in range(self.start, len(self.text)):
            level += {"(": 1, ")": -1}.get(self.text[index], 0)
            if self.text[index] == ")" and level == 0:
                self.at = index + 1
                break
        else:
            raise self.fault("a geometry")
        literal = self.text[begin : self.at]
        try:
            shape = wkt.loads(literal)
        except ShapelyError as error:
            raise CqlSyntax(f"geometry at {begin + 1}: {str(error)[:80]}") from error
        self.next()
        made = mapping(shape)
        return {"type": made["type"], "coordinates": _lists(made["coordinates"])}


def _lists(node: Any) -> Any:
    return [_lists(child) for child in node] if isinstance(node, tuple) else node
