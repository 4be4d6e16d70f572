"""Badges issued and given back: one badge in one hand, one hand with one badge. Shared by people and vehicles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.tracking.models import Badge, BadgeBinding
from twin.errors import Conflict, NotFound
from twin.ids import uuid7


class BadgeNotFound(NotFound):
    """No badge of this code, or it is out of use."""

    code = "badge_not_found"


class BadgeTaken(Conflict):
    """Somebody else carries this badge; ``params`` say who."""

    code = "badge_taken"


class HasBadge(Conflict):
    """This person or vehicle has a badge already; it is given back first."""

    code = "has_badge"


class NoBadge(NotFound):
    """This person or vehicle has no badge to give back."""

    code = "no_badge"


@dataclass(frozen=True)
class Carrier:
    """Who or what is to carry a badge; ``kind`` is person or vehicle, ``klass`` employee, contractor, truck ..."""

    kind: str
    id: UUID
    name: str
    klass: str
    department: str = ""


@dataclass(frozen=True)
class Carried:
    """A badge in somebody's hands; ``until`` None: still."""

    badge: str
    subject_name: str
    since: datetime
    until: datetime | None


async def issue(
    session: AsyncSession, enterprise_id: UUID, carrier: Carrier, badge_code: str, at: datetime
) -> BadgeBinding:
    """Put a badge into somebody's hands.

    Raises:
        BadgeNotFound, BadgeTaken, HasBadge: as their names say; nothing is changed.
    """
    kind = "vehicle_unit" if carrier.kind == "vehicle" else "badge"
    found = await session.execute(select(Badge).where(Badge.code == badge_code, Badge.kind == kind, Badge.active))
    badge = found.scalar_one_or_none()
    if badge is None:
        raise BadgeNotFound(badge=badge_code)
    holder = await _open(session, BadgeBinding.badge_id == badge.id)
    if holder is not None:
        raise BadgeTaken(badge=badge_code, name=holder.subject_name)
    if await binding_of(session, carrier.kind, carrier.id) is not None:
        raise HasBadge(name=carrier.name)
    made = BadgeBinding(
        id=uuid7(), enterprise_id=enterprise_id, badge_id=badge.id, subject_kind=carrier.kind, subject_id=carrier.id,
        subject_name=carrier.name, klass=carrier.klass, department=carrier.department, since=at,
    )  # fmt: skip
    session.add(made)
    try:
        await session.flush()
    except IntegrityError as error:  # two desks at once: the database lets one through
        if isinstance(error.orig, UniqueViolation):
            raise BadgeTaken(badge=badge_code, name="") from error
        raise
    return made


async def give_back(session: AsyncSession, kind: str, subject_id: UUID, at: datetime) -> str:
    """End a binding; the badge's code.

    Raises:
        NoBadge: there is none.
    """
    binding = await binding_of(session, kind, subject_id)
    if binding is None:
        raise NoBadge
    binding.until = max(at, binding.since)
    await session.flush()
    badge = await session.get(Badge, binding.badge_id)
    assert badge is not None
    return badge.code


async def binding_of(session: AsyncSession, kind: str, subject_id: UUID) -> BadgeBinding | None:
    """The open binding of a person or vehicle."""
    return await _open(session, (BadgeBinding.subject_kind == kind) & (BadgeBinding.subject_id == subject_id))


async def _open(session: AsyncSession, where: object) -> BadgeBinding | None:
    found = await session.execute(select(BadgeBinding).where(BadgeBinding.until.is_(None), where))  # type: ignore[arg-type]
    return found.scalar_one_or_none()


async def rename(session: AsyncSession, carrier: Carrier) -> None:
    """Let an open binding say what its carrier is called and belongs to now."""
    await session.execute(
        update(BadgeBinding)
        .where(
            BadgeBinding.subject_kind == carrier.kind,
            BadgeBinding.subject_id == carrier.id,
            BadgeBinding.until.is_(None),
        )
        .values(subject_name=carrier.name, klass=carrier.klass, department=carrier.department)
    )


async def history(session: AsyncSession, kind: str, subject_id: UUID) -> list[Carried]:
    """Every badge that a person or vehicle has carried, newest first."""
    rows = await session.execute(
        text(
            "SELECT g.code, b.subject_name, b.since, b.until FROM badge_binding b JOIN badge g ON g.id = b.badge_id"
            " WHERE b.subject_kind = :k AND b.subject_id = :s ORDER BY b.since DESC, b.id DESC LIMIT 500"
        ),
        {"k": kind, "s": subject_id},
    )
    return [Carried(*row) for row in rows]


async def carriers(session: AsyncSession, badge_code: str) -> list[Carried]:
    """Everybody who has carried a badge, newest first."""
    rows = await session.execute(
        text(
            "SELECT g.code, b.subject_name, b.since, b.until FROM badge_binding b JOIN badge g ON g.id = b.badge_id"
            " WHERE g.code = :c ORDER BY b.since DESC, b.id DESC LIMIT 500"
        ),
        {"c": badge_code},
    )
    return [Carried(*row) for row in rows]
