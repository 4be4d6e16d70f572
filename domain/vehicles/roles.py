"""The right that vehicles bring: ``vehicles:write`` keeps them and their units."""

from __future__ import annotations

ROLE_SCOPES = {"system_admin": {"vehicles:write"}, "manager": {"vehicles:write"}}
