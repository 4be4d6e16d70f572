"""How modules let their records be signed: submodule ``signed``, attribute ``SIGNED``.

A check asks the module for the record's content as it is now and compares it with what was signed, so whatever has
been changed since shows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry import discover

#: Content of the record ``key`` for a signature that means ``meaning``; None when it is gone.
Content = Callable[[AsyncSession, str, str], Awaitable[dict[str, Any] | None]]


@dataclass(frozen=True)
class SignedKind:
    """A kind of record that is signed; its title is the text ``signed.<kind>``."""

    kind: str
    content: Content


@cache
def signed_kinds() -> dict[str, SignedKind]:
    """Every kind by name."""
    return {s.kind: s for module in discover.submodules("signed") for s in module.SIGNED}
