"""What hazards give to the exchange."""

from __future__ import annotations

import base64
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from domain.hazards import repository_exports as rows
from twin.registry.exports import Export, Mark

#: Pixels each way of a picture: far below the 5 MB that a receiver takes, and a page of rows stays small.
_SIDE = 1280


async def _hazards(session: AsyncSession, mark: Mark | None, limit: int) -> list[dict[str, Any]]:
    """``hiddenDanger`` with the first picture of how it was found and of how it was put right (JPEG, base64)."""
    from domain.hazards.pictures import small

    found = await rows.hazards(session, mark, limit)
    for row in found:
        for field in ("dangerPicture", "rectifyPicture"):
            pictures = await small(session, (row[field] or [])[:1], _SIDE)
            row[field] = base64.b64encode(pictures[0]).decode() if pictures else None
    return found


EXPORTS = (Export("hiddenDanger", 6, (("riskMeasureId", "riskMeasure"), ("checkRecordId", "checkRecord")), _hazards),)
