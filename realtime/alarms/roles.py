"""Rights that alarms bring."""

from __future__ import annotations

_DESK = {"alarm:acknowledge", "alarm:handle", "alarm:shelve"}
ROLE_SCOPES = {
    "system_admin": {"alarm:write"},
    "manager": _DESK | {"alarm:write"},
    "leader": {"alarm:acknowledge", "alarm:handle"},
    "employee": {"alarm:acknowledge", "alarm:handle"},
    "control": _DESK,
}
