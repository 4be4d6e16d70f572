"""The right that factors bring: ``risk:tell`` tells facts that rules of the dynamic risk lift zones by."""

from __future__ import annotations

ROLE_SCOPES = {"system_admin": {"risk:tell"}, "manager": {"risk:tell"}, "control": {"risk:tell"}}
