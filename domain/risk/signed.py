"""What signatures on the risk map cover: rules, and decisions on zones."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from realtime.risk import repository
from realtime.risk.repository import OverrideRow, RuleRow
from twin.signature.port import SignedKind


def rule_facts(row: RuleRow) -> dict[str, Any]:
    """A rule as it was signed."""
    return {name: getattr(row, name) for name in ("key", "title_zh", "title_en", "icon", "body", "enabled", "version")}


def override_facts(row: OverrideRow) -> dict[str, Any]:
    """A decision as it was signed."""
    return {name: getattr(row, name) for name in ("id", "zone", "level", "reason", "at", "until", "by_name")}


async def _rule(session: AsyncSession, key: str, meaning: str) -> dict[str, Any] | None:
    return next((rule_facts(row) for row in await repository.rule_rows(session) if row.key == key), None)


async def _override(session: AsyncSession, key: str, meaning: str) -> dict[str, Any] | None:
    row = await repository.override(session, UUID(key))
    return override_facts(row) if row else None


SIGNED = (SignedKind("risk_rule", _rule), SignedKind("risk_override", _override))
