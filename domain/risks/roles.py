"""Rights of the risk register."""

from __future__ import annotations

_READ = frozenset({"risk:read"})
ROLE_SCOPES = {
    "leader": _READ,
    "manager": frozenset({"risk:read", "risk:write"}),
    "employee": _READ,
    "regulator": _READ,
    "control": _READ,
    "system_admin": _READ,
}
