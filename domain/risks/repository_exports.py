"""Rows of the register for the exchange."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry.exports import BEHIND, Mark, behind

_COMMON = (
    'x.id, x.updated_at AS changed, x.deleted, x.created_at AS "createDate", x.created_by AS "createBy",'
    ' x.updated_at AS "updateDate", x.updated_by AS "updateBy"'
)
_UNITS = (
    f'SELECT {_COMMON}, o.hazard_code AS "hazardCode", x.department AS "hazardDep",'
    ' x.liable_person AS "hazardLiablePerson", x.name AS "riskUnitName", x.level AS "riskClass"'
    " FROM risk_unit x JOIN risk_object o ON o.id = x.object_id"
)
_EVENTS = f'SELECT {_COMMON}, x.unit_id AS "riskUnitId", x.name AS "riskEventName" FROM risk_event x'
_MEASURES = (
    f'SELECT {_COMMON}, x.event_id AS "riskEventId", x.data_src AS "dataSrc", x.description AS "riskMeasureDesc",'
    ' x.classify1, x.classify2, x.classify3, x.check_content AS "troubleshootContent" FROM risk_measure x'
)


async def _run(session: AsyncSession, query: str, mark: Mark | None, limit: int) -> list[dict[str, Any]]:
    found = await session.execute(text(f"SELECT q.* FROM ({query}) q {BEHIND}"), behind(mark, limit))
    return [dict(row) for row in found.mappings()]


async def units(session: AsyncSession, mark: Mark | None, limit: int) -> list[dict[str, Any]]:
    """``riskUnit``."""
    return await _run(session, _UNITS, mark, limit)


async def events(session: AsyncSession, mark: Mark | None, limit: int) -> list[dict[str, Any]]:
    """``riskEvent``."""
    return await _run(session, _EVENTS, mark, limit)


async def measures(session: AsyncSession, mark: Mark | None, limit: int) -> list[dict[str, Any]]:
    """``riskMeasure``."""
    return await _run(session, _MEASURES, mark, limit)
