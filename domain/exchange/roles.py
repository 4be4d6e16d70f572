"""Rights of the exchange."""

from __future__ import annotations

ROLE_SCOPES = {"manager": frozenset({"exchange:manage"}), "system_admin": frozenset({"exchange:manage"})}
