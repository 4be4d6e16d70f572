"""Rights of the early-warning index."""

from __future__ import annotations

READ, MANAGE = "index:read", "index:manage"

ROLE_SCOPES = {
    "leader": frozenset({READ, MANAGE}),
    "manager": frozenset({READ, MANAGE}),
    "employee": frozenset({READ}),
    "regulator": frozenset({READ}),
    "control": frozenset({READ}),
    "system_admin": frozenset({READ}),
}
