"""What inspections give to the exchange."""

from __future__ import annotations

from domain.inspections import repository_exports as rows
from twin.registry.exports import Export

EXPORTS = (
    Export("checkTask", 4, (("riskMeasureId", "riskMeasure"),), rows.tasks),
    Export("checkRecord", 5, (("checkTaskId", "checkTask"),), rows.records),
    Export("stopRecord", 7, (("riskUnitId", "riskUnit"),), rows.stops),
)
