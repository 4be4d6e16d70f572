"""Rights that live positions bring: ``people:read`` sees who is where, ``positioning:write`` sends measurements."""

from __future__ import annotations

ROLE_SCOPES = {
    "system_admin": {"positioning:write", "positioning:read"},
    "leader": {"people:read", "positioning:read"},
    "manager": {"people:read", "positioning:read"},
    "control": {"people:read", "positioning:read"},
}
