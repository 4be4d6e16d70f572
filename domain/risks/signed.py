"""What a signature in the risk register covers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.risks.models import RiskEvent
from twin.signature.port import SignedKind

_FIELDS = (
    "id", "unit_id", "name", "category", "subject", "content", "accident_types", "dictionary_version", "method",
    "factors", "score", "computed_level", "level", "override_reason", "control_level", "department", "owner",
)  # fmt: skip


def override_facts(row: RiskEvent) -> dict[str, Any]:
    """The assessment as it was overridden."""
    return {name: getattr(row, name) for name in _FIELDS}


async def _event(session: AsyncSession, key: str, meaning: str) -> dict[str, Any] | None:
    row = await session.get(RiskEvent, UUID(key))
    return override_facts(row) if row is not None and not row.deleted else None


SIGNED = (SignedKind("risk_event", _event),)
