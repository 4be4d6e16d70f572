"""What hazards give to the exchange."""

from __future__ import annotations

from domain.hazards import repository_exports as rows
from twin.registry.exports import Export

EXPORTS = (
    Export("hiddenDanger", 6, (("riskMeasureId", "riskMeasure"), ("checkRecordId", "checkRecord")), rows.hazards),
)
