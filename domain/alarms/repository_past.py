"""SQL of the alarms that were open at a past instant."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

#: Row-level security says the same, but in words that no index understands.
_OWN = "enterprise_id = CAST(current_setting('twin.enterprise', true) AS uuid)"
#: Raised by then, and not closed by then: a row is closed as soon as it was both given back and handled.
_OPEN_THEN = (
    f"SELECT * FROM alarm WHERE {_OWN} AND raised_at <= :at AND status <> 'closed'"
    f" UNION ALL SELECT * FROM alarm WHERE {_OWN} AND raised_at <= :at AND status = 'closed'"
    " AND greatest(returned_at, handled_at) > :at"
)


async def open_at(session: AsyncSession, at: datetime, limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many alarms were open at an instant, and the newest of them as their rows stand now."""
    total = await session.execute(text(f"SELECT count(*) FROM ({_OPEN_THEN}) a"), {"at": at})
    rows = await session.execute(
        text(f"SELECT * FROM ({_OPEN_THEN}) a ORDER BY id DESC LIMIT :limit"), {"at": at, "limit": limit}
    )
    return int(total.scalar_one()), [dict(row) for row in rows.mappings()]
