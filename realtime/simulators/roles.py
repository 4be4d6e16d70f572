"""The right to trip the demo's scenarios."""

from __future__ import annotations

ROLE_SCOPES = {"system_admin": {"demo:scenario"}, "manager": {"demo:scenario"}}
