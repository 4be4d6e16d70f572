"""Queries of the early-warning index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.early_warning.models import IndexModel, IndexPoint, IndexTarget

#: Row-level security says the same, but in words that no index understands.
_OWN = "enterprise_id = CAST(current_setting('twin.enterprise', true) AS uuid)"


# ---- model and targets


async def model(session: AsyncSession) -> IndexModel | None:
    """The newest version."""
    return (await session.scalars(select(IndexModel).order_by(IndexModel.version.desc()).limit(1))).first()


async def model_versions(session: AsyncSession) -> list[IndexModel]:
    """The newest hundred, newest first."""
    return list(await session.scalars(select(IndexModel).order_by(IndexModel.version.desc()).limit(100)))


async def add_version(session: AsyncSession, kind: type[IndexModel | IndexTarget], values: dict[str, Any]) -> bool:
    """Add a version; whether nobody else did first."""
    done = await session.execute(insert(kind).values(values).on_conflict_do_nothing().returning(kind.version))
    return done.first() is not None


async def targets(session: AsyncSession) -> dict[str, IndexTarget]:
    """The newest version for each indicator that has one."""
    found = await session.scalars(select(IndexTarget).order_by(IndexTarget.key, IndexTarget.version))
    return {row.key: row for row in found}


# ---- areas


async def areas(session: AsyncSession) -> dict[str, tuple[str, str, frozenset[str]]]:
    """Zones of kind area: code -> (name, English name, codes of the area and of all below it)."""
    rows = await session.execute(
        text(
            "WITH RECURSIVE t(area, code) AS (SELECT code, code FROM zone WHERE kind = 'area'"
            " UNION SELECT t.area, z.code FROM zone z JOIN t ON z.parent_code = t.code)"
            " SELECT a.code, a.name, a.name_en, array_agg(t.code) AS inside FROM t JOIN zone a ON a.code = t.area"
            " GROUP BY 1, 2, 3 ORDER BY 1"
        )
    )
    return {r.code: (r.name, r.name_en, frozenset(r.inside)) for r in rows}


# ---- history


async def add_points(session: AsyncSession, points: Sequence[dict[str, Any]]) -> int:
    """Write hours down; those that are there stay as they are. How many were new."""
    if not points:
        return 0
    made = insert(IndexPoint).on_conflict_do_nothing().returning(IndexPoint.at)
    return len((await session.execute(made, points)).all())


async def point_before(session: AsyncSession, scope: str, at: datetime) -> IndexPoint | None:
    """The newest hour up to an instant."""
    query = (
        select(IndexPoint)
        .where(text(_OWN), IndexPoint.scope == scope, IndexPoint.at <= at)
        .order_by(IndexPoint.at.desc())
        .limit(1)
    )
    return (await session.scalars(query)).first()


_COLUMNS = "at, value, level, vetoes, aspects, model_version, computed_later"


async def hours(session: AsyncSession, scope: str, start: datetime, end: datetime, limit: int) -> list[dict[str, Any]]:
    """The newest ``limit`` hours of a span, oldest first."""
    rows = await session.execute(
        text(
            f"SELECT * FROM (SELECT {_COLUMNS} FROM index_point WHERE {_OWN} AND scope = :scope"
            " AND at >= :start AND at <= :end ORDER BY at DESC LIMIT :limit) p ORDER BY at"
        ),
        {"scope": scope, "start": start, "end": end, "limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


async def days(
    session: AsyncSession, scope: str, start: datetime, end: datetime, zone: str
) -> list[tuple[date, float, float, float, int]]:
    """Per day of the site's clock: mean, lowest and highest value, and how many hours they are from."""
    rows = await session.execute(
        text(
            "SELECT CAST(at AT TIME ZONE :zone AS date) AS day, avg(value), min(value), max(value), count(*)"
            f" FROM index_point WHERE {_OWN} AND scope = :scope AND at >= :start AND at < :end GROUP BY 1 ORDER BY 1"
        ),
        {"scope": scope, "start": start, "end": end, "zone": zone},
    )
    return [(r[0], float(r[1]), float(r[2]), float(r[3]), int(r[4])) for r in rows]


async def aspect_means(
    session: AsyncSession, scope: str, start: datetime, end: datetime
) -> tuple[int, dict[str, float]]:
    """Hours in [start, end), and the mean score of each aspect over those that have it."""
    params = {"scope": scope, "start": start, "end": end}
    where = f"FROM index_point p{{}} WHERE {_OWN} AND scope = :scope AND at >= :start AND at < :end"
    count = (await session.execute(text(f"SELECT count(*) {where.format('')}"), params)).scalar_one()
    rows = await session.execute(
        text(
            "SELECT a.key, avg(CAST(a.value ->> 'score' AS float8))"
            f" {where.format(' CROSS JOIN LATERAL jsonb_each(p.aspects) a')} GROUP BY a.key"
        ),
        params,
    )
    return int(count), {r[0]: float(r[1]) for r in rows}
