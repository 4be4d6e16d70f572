"""The risk register as zones see it: hazard checklist and control list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_EVENTS = (
    "FROM risk_event e JOIN risk_unit u ON u.id = e.unit_id"
    " WHERE NOT e.deleted AND NOT u.deleted AND u.zone_codes && CAST(:zones AS text[])"
)
_MEASURES = (
    "FROM risk_measure m JOIN risk_event e ON e.id = m.event_id JOIN risk_unit u ON u.id = e.unit_id"
    " WHERE NOT m.deleted AND NOT e.deleted AND NOT u.deleted AND u.zone_codes && CAST(:zones AS text[])"
)


async def events_in(session: AsyncSession, zones: Sequence[str], limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many risk events the units of these zones have, and the worst of them (level 1 is the worst)."""
    values = {"zones": list(zones)}
    total = await session.execute(text(f"SELECT count(*) {_EVENTS}"), values)
    rows = await session.execute(
        text(
            "SELECT e.id, e.name, u.code AS unit_code, u.name AS unit_name, e.level, e.control_level, e.department, e.owner"
            f" {_EVENTS} ORDER BY e.level, u.code, e.id LIMIT :limit"
        ),
        {**values, "limit": limit},
    )
    return int(total.scalar_one()), [dict(row) for row in rows.mappings()]


async def measures_in(session: AsyncSession, zones: Sequence[str], limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many control measures these zones have, and those of the worst events first."""
    values = {"zones": list(zones)}
    total = await session.execute(text(f"SELECT count(*) {_MEASURES}"), values)
    rows = await session.execute(
        text(
            "SELECT m.id, m.description, m.check_content, m.owner, e.name AS event, e.level"
            f" {_MEASURES} ORDER BY e.level, u.code, e.id, m.id LIMIT :limit"
        ),
        {**values, "limit": limit},
    )
    return int(total.scalar_one()), [dict(row) for row in rows.mappings()]


async def card_rows(session: AsyncSession, zones: Sequence[str], post: str | None = None) -> list[dict[str, Any]]:
    """Risk events of these zones with each of their measures, the worst first; with a post only those that name it as their owner."""
    named = "AND (e.owner = :post OR m.owner = :post)" if post else ""
    rows = await session.execute(
        text(
            "SELECT e.name, e.content, e.accident_types, e.dictionary_version, m.description, m.check_content"
            " FROM risk_event e JOIN risk_unit u ON u.id = e.unit_id"
            " LEFT JOIN risk_measure m ON m.event_id = e.id AND NOT m.deleted"
            " WHERE NOT e.deleted AND NOT u.deleted AND u.zone_codes && CAST(:zones AS text[])"
            f" {named} ORDER BY e.level, u.code, e.id, m.id LIMIT 200"
        ),
        {"zones": list(zones), "post": post},
    )
    return [dict(row) for row in rows.mappings()]
