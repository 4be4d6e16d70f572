"""CQL2-text (OGC 21-065r2) read into CQL2-JSON, so that one translation to SQL serves both encodings.

A recursive descent over the boolean, comparison, spatial and temporal parts; no arithmetic, no array operators.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import shapely
from shapely.geometry import mapping

Node = dict[str, Any]

MAX_LENGTH = 20_000
MAX_DEPTH = 40
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<string>'(?:[^'\\]|''|\\.)*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<name>[^\W\d][\w.:]*)
    |(?P<op><>|<=|>=|=|<|>)
    |(?P<mark>[(),])
    )""",
    re.VERBOSE,
)
_GEOMETRIES = {
    "POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION",
}  # fmt: skip
SPATIAL = {
    "s_intersects", "s_disjoint", "s_within", "s_contains", "s_crosses", "s_touches", "s_overlaps", "s_equals",
    "s_dwithin",
}  # fmt: skip
TEMPORAL = {"t_after", "t_before", "t_during", "t_equals", "t_intersects", "t_disjoint"}


class CqlError(ValueError):
    """The text is not CQL2; ``args`` are the words found and their place (from 1)."""


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.kind, self.value = "", ""
        self.start = 0
        self.advance()

    def advance(self) -> None:
        """Read the next token; ``kind`` is empty at the end."""
        match = _TOKEN.match(self.text, self.at)
        if match is None:
            self.start = len(self.text) - len(self.text[self.at :].lstrip())
            if self.start < len(self.text):
                self.fail()
            self.kind, self.value = "", ""
            return
        self.kind = match.lastgroup or ""
        self.value = match.group(self.kind)
        self.start, self.at = match.start(self.kind), match.end()

    def fail(self) -> NoReturn:
        raise CqlError(self.text[self.start : self.start + 20] or "…", self.start + 1)

    def word(self, *words: str) -> bool:
        """Whether the token is one of these keywords."""
        return self.kind == "name" and self.value.upper() in words

    def accept(self, *words: str) -> bool:
        if self.word(*words):
            self.advance()
            return True
        return False

    def mark(self, mark: str) -> None:
        if self.kind != "mark" or self.value != mark:
            self.fail()
        self.advance()

    def at_mark(self, mark: str) -> bool:
        return self.kind == "mark" and self.value == mark

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail()
        terms = [self.conjunction()]
        while self.accept("OR"):
            terms.append(self.conjunction())
        self.depth -= 1
        return terms[0] if len(terms) == 1 else {"op": "or", "args": terms}

    def conjunction(self) -> Node:
        terms = [self.negation()]
        while self.accept("AND"):
            terms.append(self.negation())
        return terms[0] if len(terms) == 1 else {"op": "and", "args": terms}

    def negation(self) -> Node:
        inverted = False
        while self.accept("NOT"):
            inverted = not inverted
        inner = self.primary()
        return {"op": "not", "args": [inner]} if inverted else inner

    def primary(self) -> Any:
        if self.at_mark("("):
            self.advance()
            inner = self.expression()
            self.mark(")")
            return inner
        if self.kind == "name" and self.value.lower() in SPATIAL | TEMPORAL:
            return self.function()
        left = self.operand()
        return self.predicate(left)

    def function(self) -> Node:
        op = self.value.lower()
        self.advance()
        args = self.arguments()
        if op == "s_dwithin" and len(args) == 4:
            unit = args.pop()
            if not isinstance(unit, dict) or unit.get("property") not in ("meters", "metres", "m"):
                self.fail()
        return {"op": op, "args": args}

    def arguments(self) -> list[Any]:
        self.mark("(")
        args = [self.operand()]
        while self.at_mark(","):
            self.advance()
            args.append(self.operand())
        self.mark(")")
        return args

    def predicate(self, left: Any) -> Any:
        if self.kind == "op":
            op = self.value
            self.advance()
            return {"op": op, "args": [left, self.operand()]}
        if self.accept("IS"):
            inverted = self.accept("NOT")
            if not self.accept("NULL"):
                self.fail()
            return self.wrap({"op": "isNull", "args": [left]}, inverted)
        inverted = self.accept("NOT")
        if self.accept("LIKE"):
            return self.wrap({"op": "like", "args": [left, self.operand()]}, inverted)
        if self.accept("BETWEEN"):
            low = self.operand()
            if not self.accept("AND"):
                self.fail()
            return self.wrap({"op": "between", "args": [left, low, self.operand()]}, inverted)
        if self.accept("IN"):
            return self.wrap({"op": "in", "args": [left, self.arguments()]}, inverted)
        if inverted:
            self.fail()
        return left  # a boolean literal or property by itself

    @staticmethod
    def wrap(node: Node, inverted: bool) -> Node:
        return {"op": "not", "args": [node]} if inverted else node

    def operand(self) -> Any:
        kind, value = self.kind, self.value
        if kind == "number":
            self.advance()
            return float(value) if re.search(r"[.eE]", value) else int(value)
        if kind == "string":
            self.advance()
            return re.sub(r"''|\\'", "'", value[1:-1])
        if kind == "quoted":
            self.advance()
            return {"property": value[1:-1].replace('""', '"')}
        if kind != "name":
            self.fail()
        return self.named(value)

    def named(self, value: str) -> Any:
        upper = value.upper()
        if upper in ("TRUE", "FALSE"):
            self.advance()
            return upper == "TRUE"
        if upper in _GEOMETRIES:
            return self.geometry()
        self.advance()
        if not self.at_mark("("):
            return {"property": value}
        if upper == "CASEI":
            return {"op": "casei", "args": self.arguments()}
        if upper in ("DATE", "TIMESTAMP"):
            (text,) = self.counted(1)
            return {upper.lower(): text}
        if upper == "INTERVAL":
            return {"interval": self.counted(2)}
        if upper == "BBOX":
            return {"bbox": self.arguments()}
        self.fail()

    def counted(self, number: int) -> list[Any]:
        args = self.arguments()
        if len(args) != number:
            self.fail()
        return args

    def geometry(self) -> Any:
        """A WKT geometry: its text up to the closing bracket."""
        depth = 0
        for place in range(self.start, len(self.text)):
            depth += {"(": 1, ")": -1}.get(self.text[place], 0)
            if depth == 0 and self.text[place] == ")":
                try:
                    geometry = shapely.from_wkt(self.text[self.start : place + 1])
                except shapely.errors.GEOSException:
                    self.fail()
                self.at = place + 1
                self.advance()
                return mapping(geometry)
        self.fail()


def parse(text: str) -> Any:
    """CQL2-text as CQL2-JSON.

    Raises:
        CqlError: with the place where it stops making sense.
    """
    if len(text) > MAX_LENGTH:
        raise CqlError(text[:20], MAX_LENGTH)
    parser = _Parser(text)
    node = parser.expression()
    if parser.kind:
        parser.fail()
    return node
