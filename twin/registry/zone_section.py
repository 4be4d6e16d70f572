"""Everything about a zone in one answer: modules add their part by a submodule ``zone_sections`` with ``SECTIONS``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.registry import discover

#: Rows for these zones (codes: the zone and all below it) in the language ``zh-CN`` or ``en``; JSON-ready.
Load = Callable[[UnitOfWork, Principal, Sequence[str], str], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class ZoneSection:
    """A part of the answer about a zone.

    Attributes:
        key: its name in the answer, unique.
        scope: right that the reader needs; without it the part is left out.
        load: gives ``{"total": n, "items": [...]}`` (or other facts of the module), at most a screenful of rows.
    """

    key: str
    scope: str
    load: Load


@cache
def zone_sections() -> tuple[ZoneSection, ...]:
    """Every declared section, by key.

    Raises:
        ValueError: two modules declare the same key.
    """
    found: dict[str, ZoneSection] = discover.declared("zone_sections", "SECTIONS")
    return tuple(found[key] for key in sorted(found))


def in_language(rows: Sequence[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """Rows with ``name`` in the reader's language (``name_en`` where there is one) and no other name."""
    return [
        {k: (row["name_en"] or v) if k == "name" and language == "en" else v for k, v in row.items() if k != "name_en"}
        for row in rows
    ]
