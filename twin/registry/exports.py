"""How modules give rows to the exchange with regulators: submodule ``exports``, attribute ``EXPORTS``.

A row is a dict in the form of the exchange (domain reference, section 2) with Python values: times are ``datetime``;
targets spell them. Common fields are ``id, deleted, createDate, createBy, updateDate, updateBy``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry import discover

#: Where a target stands: time of change and id of the last row it got.
Mark = tuple[datetime, UUID]
#: Rows behind a mark in the order of change (deleted ones too), at most so many.
Rows = Callable[[AsyncSession, Mark | None, int], Awaitable[list[dict[str, Any]]]]


@dataclass(frozen=True)
class Export:
    """A kind of row, e.g. ``riskUnit``.

    Attributes:
        order: parents have smaller numbers than their children.
        parents: field -> kind of the row that it names.
    """

    kind: str
    order: int
    parents: tuple[tuple[str, str], ...]
    rows: Rows


@cache
def exports() -> tuple[Export, ...]:
    """Every kind, parents first."""
    found = [e for module in discover.submodules("exports") for e in module.EXPORTS]
    return tuple(sorted(found, key=lambda e: e.order))


#: SQL of a page behind a mark, for queries whose rows have ``changed`` and ``id``.
BEHIND = (
    " WHERE CAST(:changed AS timestamptz) IS NULL OR (q.changed, q.id) > (:changed, :id)"
    " ORDER BY q.changed, q.id LIMIT :limit"
)


def behind(mark: Mark | None, limit: int) -> dict[str, Any]:
    """Values for ``BEHIND``."""
    return {"changed": mark[0] if mark else None, "id": mark[1] if mark else UUID(int=0), "limit": limit}
