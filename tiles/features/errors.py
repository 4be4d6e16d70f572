"""Errors of the OGC API. A query that does not hold is a 400, as OGC API - Features Part 1 demands (7.5.1)."""

from __future__ import annotations

from typing import Any

from twin.errors import TwinError


class QueryInvalid(TwinError):
    """A parameter of the query does not hold; ``errors`` names it."""

    code = "query_invalid"
    status = 400

    @classmethod
    def of(cls, where: str, code: str, **params: Any) -> QueryInvalid:
        """One fault: the parameter and why (text ``error.<code>``)."""
        return cls(errors=[{"where": where[:60], "code": code, **{k: str(v)[:100] for k, v in params.items()}}])
