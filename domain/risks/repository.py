"""Queries of the risk register."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.risks.models import RiskDictionary, RiskDrawing, RiskEvent, RiskMeasure, RiskObject, RiskUnit

Row = RiskObject | RiskUnit | RiskEvent | RiskMeasure | RiskDrawing
R = TypeVar("R", RiskObject, RiskUnit, RiskEvent, RiskMeasure, RiskDrawing)


#: Row-level security says the same, but in words that no index understands.
_OWN = "e.enterprise_id = CAST(current_setting('twin.enterprise', true) AS uuid)"


@dataclass(frozen=True)
class Asked:
    """Filters of the register; empty ones ask nothing."""

    department: str = ""
    level: int | None = None
    control_level: int | None = None
    owner: str = ""
    zone: str = ""
    unit_id: UUID | None = None
    text: str = ""

    def sql(self) -> tuple[str, dict[str, Any]]:
        """Conditions on ``e`` (event) and ``u`` (unit), and their values."""
        parts, values = ["NOT e.deleted", _OWN], dict[str, Any]()
        for column in ("department", "level", "control_level", "owner", "unit_id"):
            value = getattr(self, column)
            if value not in ("", None):
                parts.append(f"e.{column} = :{column}")
                values[column] = value
        if self.zone:
            parts.append("e.unit_id IN (SELECT id FROM risk_unit WHERE zone_codes @> ARRAY[CAST(:zone AS text)])")
            values["zone"] = self.zone
        if self.text:
            parts.append("(e.name ILIKE :text OR e.subject ILIKE :text OR u.name ILIKE :text)")
            values["text"] = f"%{self.text.replace('%', '').replace('_', '')}%"
        return " AND ".join(parts), values


_LIST = """
SELECT e.*, u.code AS unit_code, u.name AS unit_name, o.code AS object_code, o.name AS object_name,
       u.liable_person, u.zone_codes,
       (SELECT count(*) FROM risk_measure m WHERE m.event_id = e.id AND NOT m.deleted) AS measures
FROM risk_event e JOIN risk_unit u ON u.id = e.unit_id JOIN risk_object o ON o.id = u.object_id
"""


async def register(session: AsyncSession, asked: Asked, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Events with their unit and object in the order of their ids."""
    where, values = asked.sql()
    if after is not None:
        where, values = f"{where} AND e.id > :after", {**values, "after": after}
    found = await session.execute(text(f"{_LIST} WHERE {where} ORDER BY e.id LIMIT :limit"), {**values, "limit": limit})
    return [dict(row) for row in found.mappings()]


async def event_row(session: AsyncSession, event_id: UUID) -> dict[str, Any] | None:
    """One event with its unit and object."""
    found = await session.execute(text(f"{_LIST} WHERE e.id = :id AND NOT e.deleted"), {"id": event_id})
    row = found.mappings().first()
    return dict(row) if row is not None else None


async def counts(session: AsyncSession, asked: Asked) -> list[tuple[int, int, str, int]]:
    """Number of events by level, control level and department."""
    where, values = asked.sql()
    found = await session.execute(
        text(
            "SELECT e.level, e.control_level, e.department, count(*) FROM risk_event e"
            f" JOIN risk_unit u ON u.id = e.unit_id WHERE {where} GROUP BY 1, 2, 3"
        ),
        values,
    )
    return [(row[0], row[1], row[2], row[3]) for row in found]


async def counts_by_zone(session: AsyncSession, asked: Asked) -> list[tuple[str, int, int]]:
    """Number of events by zone and level."""
    where, values = asked.sql()
    found = await session.execute(
        text(
            "SELECT z, n.level, sum(n.n) FROM ("
            "SELECT e.unit_id, e.level, count(*) AS n FROM risk_event e JOIN risk_unit u ON u.id = e.unit_id"
            f" WHERE {where} GROUP BY 1, 2) n JOIN risk_unit u ON u.id = n.unit_id, unnest(u.zone_codes) z"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        values,
    )
    return [(row[0], row[1], int(row[2])) for row in found]


async def without_measure(session: AsyncSession) -> int:
    """Events that nothing controls yet."""
    found = await session.execute(
        text(
            "SELECT count(*) FROM risk_event e WHERE NOT e.deleted AND NOT EXISTS"
            " (SELECT 1 FROM risk_measure m WHERE m.event_id = e.id AND NOT m.deleted)"
        )
    )
    return int(found.scalar_one())


async def all_of(session: AsyncSession, model: type[R], limit: int = 20_000) -> list[R]:
    """Rows in the order of their ids."""
    found = await session.scalars(select(model).where(~model.deleted).order_by(model.id).limit(limit))
    return list(found)


async def measures(session: AsyncSession, event_ids: Collection[UUID]) -> list[RiskMeasure]:
    """Measures of events in the order of their ids."""
    found = await session.scalars(
        select(RiskMeasure)
        .where(RiskMeasure.event_id.in_(event_ids), ~RiskMeasure.deleted)
        .order_by(RiskMeasure.event_id, RiskMeasure.id)
    )
    return list(found)


async def children(session: AsyncSession, table: str, column: str, parent: UUID) -> int:
    """How many rows of ``table`` hang on a parent."""
    found = await session.execute(
        text(f"SELECT count(*) FROM {table} WHERE {column} = :p AND NOT deleted"), {"p": parent}
    )
    return int(found.scalar_one())


async def roll_up(session: AsyncSession, unit_ids: Sequence[UUID], now: datetime, by: str) -> list[str]:
    """Set the units' levels to their worst events'; codes of all zones that these units belong to."""
    await session.execute(
        text(
            "UPDATE risk_unit u SET level = w.level, control_level = w.control, version = u.version + 1,"
            " updated_at = :now, updated_by = :by FROM ("
            " SELECT u2.id, min(e.level) AS level, min(e.control_level) AS control FROM risk_unit u2"
            " LEFT JOIN risk_event e ON e.unit_id = u2.id AND NOT e.deleted WHERE u2.id = ANY(:ids) GROUP BY u2.id) w"
            " WHERE w.id = u.id AND (u.level, u.control_level) IS DISTINCT FROM (w.level, w.control)"
        ),
        {"ids": list(unit_ids), "now": now, "by": by},
    )
    found = await session.execute(
        text("SELECT DISTINCT z FROM risk_unit, unnest(zone_codes) z WHERE id = ANY(:ids) ORDER BY 1"),
        {"ids": list(unit_ids)},
    )
    return list(found.scalars())


async def zone_levels(session: AsyncSession, codes: Sequence[str]) -> list[tuple[UUID, int, int, int, int, int]]:
    """Zones whose colour or control level does not fit their units: id, version, level and control now, and as they
    should be."""
    found = await session.execute(
        text(
            "SELECT z.id, z.version, z.static_risk, z.control_level, w.level, w.control FROM zone z JOIN ("
            " SELECT c.code, min(u.level) AS level, min(u.control_level) AS control"
            " FROM unnest(CAST(:codes AS text[])) c(code)"
            " JOIN risk_unit u ON u.zone_codes @> ARRAY[c.code] AND NOT u.deleted AND u.level IS NOT NULL"
            " GROUP BY c.code) w ON w.code = z.code"
            " WHERE (z.static_risk, z.control_level) <> (w.level, w.control) ORDER BY z.id"
        ),
        {"codes": list(codes)},
    )
    return [(r[0], r[1], r[2], r[3], r[4], r[5]) for r in found]


async def known_zones(session: AsyncSession, codes: Collection[str]) -> set[str]:
    """Which of these zones the map has."""
    found = await session.execute(text("SELECT code FROM zone WHERE code = ANY(:c)"), {"c": list(codes)})
    return set(found.scalars())


async def dictionaries(session: AsyncSession) -> list[RiskDictionary]:
    """The enterprise's own versions."""
    return list(await session.scalars(select(RiskDictionary).order_by(RiskDictionary.effective_from)))


async def add_many(session: AsyncSession, model: type[R], rows: list[dict[str, Any]]) -> None:
    """Insert rows in one go."""
    if rows:
        await session.execute(insert(model), rows)


async def changed(
    session: AsyncSession, model: type[R], since: datetime | None, until: datetime, after: UUID | None, limit: int
) -> list[R]:
    """Rows changed in (since, until], deleted ones too, in the order of change: for the exchange."""
    query = select(model).where(model.updated_at <= until).order_by(model.updated_at, model.id).limit(limit)
    if since is not None:
        query = query.where(
            (model.updated_at > since)
            if after is None
            else ((model.updated_at > since) | ((model.updated_at == since) & (model.id > after)))
        )
    return list(await session.scalars(query))
