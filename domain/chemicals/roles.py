"""Rights of chemicals and major hazards."""

from __future__ import annotations

READ, WRITE = "chemicals:read", "chemicals:write"

ROLE_SCOPES = {
    "leader": frozenset({READ}),
    "manager": frozenset({READ, WRITE}),
    "employee": frozenset({READ}),
    "regulator": frozenset({READ}),
    "control": frozenset({READ}),
    "system_admin": frozenset({READ, WRITE}),
}
