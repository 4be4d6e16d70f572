"""What the risk register gives to the exchange."""

from __future__ import annotations

from domain.risks import repository_exports as rows
from twin.registry.exports import Export

EXPORTS = (
    Export("riskUnit", 1, (), rows.units),
    Export("riskEvent", 2, (("riskUnitId", "riskUnit"),), rows.events),
    Export("riskMeasure", 3, (("riskEventId", "riskEvent"),), rows.measures),
)
