"""Rights of inspections."""

from __future__ import annotations

ROLE_SCOPES = {
    "leader": frozenset({"inspection:read", "inspection:do"}),
    "manager": frozenset({"inspection:read", "inspection:do", "inspection:plan"}),
    "employee": frozenset({"inspection:read", "inspection:do"}),
    "regulator": frozenset({"inspection:read"}),
    "control": frozenset({"inspection:read"}),
    "system_admin": frozenset({"inspection:read"}),
}
