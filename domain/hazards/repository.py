"""Queries of hazards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.hazards.models import Hazard, HazardAcceptance, HazardCriteria, HazardNotice, HazardRectification
from twin.auth.models import Account, AccountRole

_COLUMNS = (
    "h.id, h.code, h.name, h.version, h.status, h.level, h.hazard_type, h.source, h.category, h.manage_type,"
    " h.description, h.zone_code, h.department, h.origin, h.reporter_id, h.reporter_name, h.owner_id, h.owner_name,"
    " h.acceptor_ids, h.created_at, h.deadline, h.days_left, h.overdue, h.rectified_at, h.closed_at, h.photos,"
    " h.criteria, h.criteria_version, h.plan, h.dismiss_reason, h.send_back_reason, h.extension_until, h.extension_reason,"
    " h.risk_measure_id, h.round, h.hazard_code, h.check_record_id, h.origin_key, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat"
)
OPEN = ("reported", "to_assign", "rectifying", "extension_asked", "to_accept")


@dataclass(frozen=True)
class Asked:
    """Filters of the ledger."""

    status: str = ""
    level: int | None = None
    hazard_type: int | None = None
    source: int | None = None
    zone: str = ""
    department: str = ""
    overdue: bool | None = None
    owner_id: UUID | None = None
    mine: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    def sql(self) -> tuple[str, dict[str, Any]]:
        """Conditions on ``h`` and their values."""
        parts, values = ["true"], dict[str, Any]()
        columns = {"status": "status", "level": "level", "hazard_type": "hazard_type", "source": "source",
                   "zone": "zone_code", "department": "department", "overdue": "overdue", "owner_id": "owner_id"}  # fmt: skip
        for name, column in columns.items():
            value = getattr(self, name)
            if value not in ("", None):
                parts.append(f"h.{column} = :{name}")
                values[name] = value
        if self.mine is not None:
            parts.append(
                "((h.owner_id = :mine AND h.status IN ('rectifying', 'extension_asked'))"
                " OR (h.status = 'to_accept' AND h.acceptor_ids @> ARRAY[CAST(:mine AS uuid)]))"
            )
            values["mine"] = self.mine
        if self.since is not None:
            parts.append("h.created_at >= :since")
            values["since"] = self.since
        if self.until is not None:
            parts.append("h.created_at < :until")
            values["until"] = self.until
        if self.text:
            parts.append("(h.name ILIKE :text OR h.code ILIKE :text OR h.description ILIKE :text)")
            values["text"] = f"%{self.text.replace('%', '').replace('_', '')}%"
        return " AND ".join(parts), values


async def page(session: AsyncSession, asked: Asked, before: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Hazards, newest first."""
    where, values = asked.sql()
    if before is not None:
        where, values = f"{where} AND h.id < :before", {**values, "before": before}
    found = await session.execute(
        text(f"SELECT {_COLUMNS} FROM hazard h WHERE {where} ORDER BY h.id DESC LIMIT :limit"),
        {**values, "limit": limit},
    )
    return [dict(row) for row in found.mappings()]


async def one(session: AsyncSession, hazard_id: UUID, *, hold: bool = False) -> dict[str, Any] | None:
    """A hazard by its columns; ``hold`` keeps others from stepping on until this transaction ends."""
    await session.flush()
    found = await session.execute(
        text(f"SELECT {_COLUMNS} FROM hazard h WHERE h.id = :id" + (" FOR UPDATE" if hold else "")), {"id": hazard_id}
    )
    row = found.mappings().first()
    return dict(row) if row is not None else None


async def next_number(session: AsyncSession, enterprise_id: UUID, day: date) -> int:
    """Reserve a number of the day."""
    found = await session.execute(
        text(
            "INSERT INTO hazard_number (enterprise_id, day, last) VALUES (:e, :d, 1)"
            " ON CONFLICT (enterprise_id, day) DO UPDATE SET last = hazard_number.last + 1 RETURNING last"
        ),
        {"e": enterprise_id, "d": day},
    )
    return int(found.scalar_one())


async def reserved(session: AsyncSession, day: date) -> int:
    """The last number of a day that was reserved."""
    found = await session.execute(text("SELECT last FROM hazard_number WHERE day = :d"), {"d": day})
    return int(found.scalar() or 0)


async def people(session: AsyncSession, ids: Collection[UUID] | None = None) -> list[tuple[Account, list[str]]]:
    """Active accounts (of these ids) with their roles, by name."""
    query = (
        select(Account, AccountRole.role)
        .outerjoin(AccountRole, AccountRole.account_id == Account.id)
        .where(Account.active)
        .order_by(Account.name, Account.id)
    )
    if ids is not None:
        query = query.where(Account.id.in_(ids))
    found: dict[UUID, tuple[Account, list[str]]] = {}
    for account, role in await session.execute(query):
        found.setdefault(account.id, (account, []))[1].extend([role] if role else [])
    return list(found.values())


async def rectifications(session: AsyncSession, hazard_ids: Sequence[UUID]) -> list[HazardRectification]:
    """Rounds of hazards, oldest first."""
    found = await session.scalars(
        select(HazardRectification)
        .where(HazardRectification.hazard_id.in_(hazard_ids))
        .order_by(HazardRectification.hazard_id, HazardRectification.round)
    )
    return list(found)


async def acceptances(session: AsyncSession, rectification_ids: Sequence[UUID]) -> list[HazardAcceptance]:
    """Signed acceptances, oldest first."""
    found = await session.scalars(
        select(HazardAcceptance)
        .where(HazardAcceptance.rectification_id.in_(rectification_ids))
        .order_by(HazardAcceptance.id)
    )
    return list(found)


async def notices(session: AsyncSession) -> list[HazardNotice]:
    """The enterprise's rules."""
    return list(await session.scalars(select(HazardNotice).order_by(HazardNotice.id)))


async def criteria(session: AsyncSession) -> list[HazardCriteria]:
    """The enterprise's own versions of the criteria."""
    return list(await session.scalars(select(HazardCriteria).order_by(HazardCriteria.id)))


async def clear_notices(session: AsyncSession) -> None:
    """Take all rules away."""
    await session.execute(delete(HazardNotice))


async def due(session: AsyncSession, before: datetime) -> list[tuple[UUID, UUID, int, datetime]]:
    """Hazards under way whose deadline lies before an instant: enterprise, id, times escalated, deadline."""
    found = await session.execute(
        text(
            "SELECT enterprise_id, id, escalated, deadline FROM hazard"
            " WHERE status IN ('rectifying', 'extension_asked') AND deadline <= :t ORDER BY deadline"
        ),
        {"t": before},
    )
    return [(r[0], r[1], r[2], r[3]) for r in found]


async def count_days(session: AsyncSession, now: datetime) -> list[tuple[UUID, UUID]]:
    """Bring the days left up to date; enterprise and id of those that changed."""
    found = await session.execute(
        text(
            "UPDATE hazard SET days_left = floor(extract(epoch FROM deadline - :now) / 86400)"
            " WHERE status IN ('rectifying', 'extension_asked', 'to_accept') AND deadline IS NOT NULL"
            " AND days_left IS DISTINCT FROM floor(extract(epoch FROM deadline - :now) / 86400)"
            " RETURNING enterprise_id, id"
        ),
        {"now": now},
    )
    return [(r[0], r[1]) for r in found]


async def statistics(session: AsyncSession, asked: Asked) -> list[dict[str, Any]]:
    """Counts by every attribute at once; the service folds them."""
    where, values = asked.sql()
    found = await session.execute(
        text(
            "SELECT h.status, h.level, h.hazard_type, h.source, coalesce(h.zone_code, '') AS zone, h.department,"
            " count(*) AS n, count(*) FILTER (WHERE h.overdue) AS overdue,"
            " count(*) FILTER (WHERE h.status = 'closed' AND h.deadline IS NOT NULL) AS ended,"
            " count(*) FILTER (WHERE h.status = 'closed' AND h.rectified_at <= h.deadline) AS on_time"
            f" FROM hazard h WHERE {where} GROUP BY 1, 2, 3, 4, 5, 6"
        ),
        values,
    )
    return [dict(row) for row in found.mappings()]


async def repeats(session: AsyncSession, asked: Asked, within: timedelta) -> tuple[int, int]:
    """Hazards with a zone, and those of them that follow one of the same zone and class within a span."""
    where, values = asked.sql()
    found = await session.execute(
        text(
            "SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT 1 FROM hazard p WHERE p.zone_code = h.zone_code"
            " AND p.hazard_type = h.hazard_type AND p.status <> 'dismissed' AND p.created_at < h.created_at"
            " AND p.created_at > h.created_at - CAST(:within AS interval)))"
            f" FROM hazard h WHERE h.status <> 'dismissed' AND h.zone_code IS NOT NULL AND {where}"
        ),
        {**values, "within": within},
    )
    row = found.one()
    return int(row[0]), int(row[1])


async def add(session: AsyncSession, hazard: Hazard) -> None:
    """Keep a new hazard."""
    session.add(hazard)
    await session.flush()


async def by_origin(session: AsyncSession, origin: str, key: str) -> UUID | None:
    """The hazard that came from a record of another module."""
    found = await session.execute(select(Hazard.id).where(Hazard.origin == origin, Hazard.origin_key == key))
    return found.scalar()


async def zone_centre(session: AsyncSession, codes: Sequence[str]) -> tuple[float, float] | None:
    """A place inside the first of these zones."""
    found = await session.execute(
        text(
            "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(ST_Force2D(geom)) AS p FROM zone"
            " WHERE code = ANY(:c) ORDER BY code LIMIT 1) q"
        ),
        {"c": list(codes)},
    )
    row = found.first()
    return (row[0], row[1]) if row is not None else None


async def zone_department(session: AsyncSession, code: str | None) -> str:
    """The department of a zone, empty without one."""
    found = await session.execute(text("SELECT department FROM zone WHERE code = :c LIMIT 1"), {"c": code})
    return found.scalar() or ""
