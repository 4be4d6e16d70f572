"""Roles and their rights, in one place.

The three administrators hold disjoint rights (GB/T 22239 "three powers apart"): one runs the system, one grants access,
one reads the audit trail. A module that brings rights of its own gives them in ``<package>/roles.py`` under the same
name ``ROLE_SCOPES``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from twin.registry import discover

ADMINISTRATORS = ("system_admin", "security_admin", "audit_admin")

#: What each role may do. Own things (session, password, inbox) need no scope.
ROLE_SCOPES: Mapping[str, frozenset[str]] = {
    "system_admin": frozenset(
        {
            "system:read",
            "system:write",
            "map:read",
            "spatial:write",
            "spatial:import",
            "spatial:export",
            "file:read",
            "file:write",
        }
    ),
    "security_admin": frozenset({"account:read", "account:write"}),
    "audit_admin": frozenset({"audit:read"}),
    "leader": frozenset({"map:read", "spatial:export", "file:read"}),
    "manager": frozenset({"map:read", "spatial:write", "spatial:import", "spatial:export", "file:read", "file:write"}),
    "employee": frozenset({"map:read", "file:read", "file:write"}),
    "contractor": frozenset({"map:read", "file:write"}),
    "visitor": frozenset({"file:write"}),
    "regulator": frozenset({"map:read", "spatial:export", "file:read"}),
    # The big screen: reads the map, stays signed in.
    "control": frozenset({"map:read"}),
}

ROLES = tuple(ROLE_SCOPES)


@cache
def role_scopes() -> Mapping[str, frozenset[str]]:
    """The rights of each role, those that modules bring included."""
    found = {role: set(scopes) for role, scopes in ROLE_SCOPES.items()}
    for module in discover.submodules("roles"):
        for role, scopes in module.ROLE_SCOPES.items():
            found[role] |= scopes
    return {role: frozenset(scopes) for role, scopes in found.items()}


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """All rights of somebody who holds ``roles``; unknown roles give none."""
    table = role_scopes()
    return frozenset().union(*(table.get(role, frozenset()) for role in roles))
