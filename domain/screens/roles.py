"""The right that big screens bring: ``screens:write`` lays them out."""

from __future__ import annotations

ROLE_SCOPES = {"system_admin": {"screens:write"}, "manager": {"screens:write"}}
