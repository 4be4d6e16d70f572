"""Who is asking, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request  # what FastAPI calls Request; the hub and the worker need no FastAPI

from twin.errors import Forbidden


@dataclass(frozen=True)
class Principal:
    """A signed-in account (person or machine).

    Attributes:
        scopes: rights such as ``map:read``; ``*`` never occurs: rights are listed.
        zones, departments: limits of write rights; empty means the whole enterprise.
    """

    account_id: UUID
    enterprise_id: UUID
    username: str
    name: str
    roles: tuple[str, ...]
    scopes: frozenset[str]
    zones: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    language: str = "zh-CN"

    def require(self, scope: str) -> None:
        """Refuse unless the principal holds ``scope``.

        Raises:
            Forbidden: with the missing scope named.
        """
        if scope not in self.scopes:
            raise Forbidden(scope=scope)

    def require_zone(self, zone_code: str | None) -> None:
        """Refuse a write to a zone outside the principal's zones.

        Raises:
            Forbidden: when rights are limited to other zones.
        """
        if self.zones and (zone_code is None or zone_code not in self.zones):
            raise Forbidden(scope="zone", zone=zone_code or "")

    def require_department(self, department: str | None) -> None:
        """Refuse a write to another department's things.

        Raises:
            Forbidden: when rights are limited to other departments.
        """
        if self.departments and (department is None or department not in self.departments):
            raise Forbidden(scope="department", department=department or "")


async def current_principal(request: Request) -> Principal:
    """FastAPI dependency: the signed-in principal by session cookie or bearer token.

    Raises:
        Unauthenticated: nobody is signed in, or the session or token expired.
    """
    from twin.auth.service import authenticate_request

    return await authenticate_request(request)
