"""Queries of chemicals and major hazards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chemicals.models import Chemical, MajorAssessment, MajorUnit

M = TypeVar("M", Chemical, MajorUnit)


async def chemical(session: AsyncSession, chemical_id: UUID) -> Chemical | None:
    """One."""
    return await session.get(Chemical, chemical_id)


async def chemical_named(session: AsyncSession, name: str) -> Chemical | None:
    """The one with this name."""
    return (await session.scalars(select(Chemical).where(Chemical.name == name))).first()


async def chemicals(session: AsyncSession, q: str, after: str, limit: int) -> list[Chemical]:
    """By name from behind ``after``; ``q`` is part of a name or CAS number."""
    query = select(Chemical).where(Chemical.name > after).order_by(Chemical.name).limit(limit)
    if q:
        found = Chemical.name.icontains(q, autoescape=True) | Chemical.name_en.icontains(q, autoescape=True)
        query = query.where(found | Chemical.cas.startswith(q, autoescape=True))
    return list(await session.scalars(query))


async def by_ids(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Chemical]:
    """Those that are there."""
    return {row.id: row for row in await session.scalars(select(Chemical).where(Chemical.id.in_(list(ids))))}


async def change(
    session: AsyncSession, model: type[M], row_id: UUID, version: int, values: dict[str, Any], at: datetime
) -> M | None:
    """Change a row that still has ``version``; None when it has not."""
    found = await session.execute(
        update(model)
        .where(model.id == row_id, model.version == version)
        .values(**values, version=model.version + 1, updated_at=at)
        .returning(model)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def delete(session: AsyncSession, row: Chemical) -> None:
    """Take a chemical out of the register."""
    await session.delete(row)
    await session.flush()


async def unit(session: AsyncSession, unit_id: UUID, lock: bool = False) -> MajorUnit | None:
    """One that was not removed; ``lock`` holds it to the end of the transaction."""
    query = select(MajorUnit).where(MajorUnit.id == unit_id, ~MajorUnit.removed)
    return (await session.scalars(query.with_for_update() if lock else query)).first()


async def units(session: AsyncSession, zones: Sequence[str] | None = None) -> list[MajorUnit]:
    """All by name, or those of some zones."""
    query = select(MajorUnit).where(~MajorUnit.removed).order_by(MajorUnit.name)
    return list(await session.scalars(query if zones is None else query.where(MajorUnit.zone_code.in_(zones))))


async def units_with(session: AsyncSession, key: str, value: str) -> list[UUID]:
    """Units with a line whose ``key`` has a value; in the order of ids, so that who locks them meets nobody."""
    rows = await session.execute(
        text(
            "SELECT id FROM major_unit WHERE NOT removed"
            " AND lines @> jsonb_build_array(jsonb_build_object(CAST(:key AS text), CAST(:value AS text))) ORDER BY id"
        ),
        {"key": key, "value": value},
    )
    return list(rows.scalars())


async def units_by_enterprise(session: AsyncSession) -> dict[UUID, list[UUID]]:
    """Units with a level point of every enterprise, in the order of ids."""
    rows = await session.execute(
        text(
            "SELECT enterprise_id, id FROM major_unit WHERE NOT removed"
            " AND lines @? '$[*].level_tag ? (@ != null)' ORDER BY enterprise_id, id"
        )
    )
    found: dict[UUID, list[UUID]] = {}
    for enterprise_id, unit_id in rows:
        found.setdefault(enterprise_id, []).append(unit_id)
    return found


async def units_with_tanks(session: AsyncSession) -> list[UUID]:
    """Units with any tank, in the order of ids."""
    rows = await session.execute(
        text("SELECT id FROM major_unit WHERE NOT removed AND lines @? '$[*].tank_code ? (@ != null)' ORDER BY id")
    )
    return list(rows.scalars())


async def zone_known(session: AsyncSession, code: str) -> bool:
    """Whether there is such a zone."""
    return (await session.execute(text("SELECT 1 FROM zone WHERE code = :c LIMIT 1"), {"c": code})).first() is not None


async def tank_volumes(session: AsyncSession, codes: Collection[str]) -> dict[str, float | None]:
    """Volumes in m3 by code, of those that are there."""
    rows = await session.execute(text("SELECT code, volume_m3 FROM tank WHERE code = ANY(:c)"), {"c": list(codes)})
    return {code: volume for code, volume in rows}


async def spheres(session: AsyncSession, codes: Collection[str]) -> set[str]:
    """Which of these tanks are spheres."""
    rows = await session.execute(
        text("SELECT code FROM tank WHERE kind = 'sphere' AND code = ANY(:c)"), {"c": list(codes)}
    )
    return set(rows.scalars())


async def level_points(session: AsyncSession, tags: Collection[str]) -> dict[str, tuple[UUID, str]]:
    """Points of kind level by tag: id and unit."""
    rows = await session.execute(
        text("SELECT tag, id, unit_text FROM device WHERE kind = 'level' AND tag = ANY(:t)"), {"t": list(tags)}
    )
    return {tag: (id_, unit or "") for tag, id_, unit in rows}


async def last_result(session: AsyncSession, unit_id: UUID) -> MajorAssessment | None:
    """The newest."""
    found = await results(session, unit_id, None, 1)
    return found[0] if found else None


async def results(session: AsyncSession, unit_id: UUID, before: UUID | None, limit: int) -> list[MajorAssessment]:
    """Newest first (ids are in the order of time)."""
    query = select(MajorAssessment).where(MajorAssessment.unit_id == unit_id)
    if before:
        query = query.where(MajorAssessment.id < before)
    return list(await session.scalars(query.order_by(MajorAssessment.id.desc()).limit(limit)))
