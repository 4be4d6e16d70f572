"""Rights that people bring: ``people:write`` keeps them and their badges, ``people:call`` calls and recalls them."""

from __future__ import annotations

ROLE_SCOPES = {
    "system_admin": {"people:read", "people:write"},
    "manager": {"people:write", "people:call"},
    "leader": {"people:call"},
    "control": {"people:call"},
}
