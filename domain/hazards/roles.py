"""Rights of the hazard loop."""

from __future__ import annotations

ROLE_SCOPES = {
    "leader": frozenset({"hazard:read", "hazard:evaluate", "hazard:assign", "file:write"}),
    "manager": frozenset({"hazard:read", "hazard:report", "hazard:evaluate", "hazard:assign"}),
    "employee": frozenset({"hazard:read", "hazard:report"}),
    "contractor": frozenset({"hazard:report"}),
    "regulator": frozenset({"hazard:read"}),
    "control": frozenset({"hazard:read"}),
    "system_admin": frozenset({"hazard:read"}),
}
