"""Hazards for the exchange: what was evaluated as one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry.exports import BEHIND, Mark, behind

# A record or measure is named only if the exchange sends it too: receivers refuse orphans.
_HAZARDS = """
SELECT h.id, h.updated_at AS changed, false AS deleted, h.created_at AS "createDate", h.reporter_name AS "createBy",
       h.updated_at AS "updateDate", coalesce(nullif(h.owner_name, ''), h.reporter_name) AS "updateBy",
       h.hazard_code AS "hazardCode", h.risk_measure_id AS "riskMeasureId",
       (SELECT r.id FROM inspection_record r JOIN inspection_item i ON i.id = r.item_id
        WHERE r.id = h.check_record_id AND i.risk_measure_id IS NOT NULL) AS "checkRecordId",
       h.name AS "dangerName", h.level AS "dangerLevel", h.created_at AS "registTime", h.reporter_name AS registrant,
       h.source AS "dangerSrc", h.manage_type AS "dangerManageType", h.hazard_type AS "hazardDangerType",
       h.category AS "hazardCategory", h.description AS "dangerDesc", d.cause AS "dangerReason",
       d.measures AS "controlMeasures", d.cost, h.owner_name AS "liablePerson", h.deadline AS "dangerManageDeadline",
       a.acceptor_name AS "checkAcceptPerson", h.closed_at AS "checkAcceptTime", a.opinion AS "checkAcceptComment",
       h.photos AS "dangerPicture", d.photos AS "rectifyPicture",
       CASE h.status WHEN 'closed' THEN 9 WHEN 'to_accept' THEN 1 ELSE 0 END AS "dangerState"
FROM hazard h
LEFT JOIN LATERAL (SELECT * FROM hazard_rectification r WHERE r.hazard_id = h.id ORDER BY r.round DESC LIMIT 1) d ON true
LEFT JOIN LATERAL (SELECT * FROM hazard_acceptance c WHERE c.rectification_id = d.id AND h.status = 'closed'
                   ORDER BY c.id DESC LIMIT 1) a ON true
WHERE h.status NOT IN ('reported', 'dismissed')
"""


async def hazards(session: AsyncSession, mark: Mark | None, limit: int) -> list[dict[str, Any]]:
    """``hiddenDanger``; its pictures are ids of live photos."""
    found = await session.execute(text(f"SELECT q.* FROM ({_HAZARDS}) q {BEHIND}"), behind(mark, limit))
    return [dict(row) for row in found.mappings()]
