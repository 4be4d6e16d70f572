"""SQL of the layouts of big screens."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.screens.models import ScreenLayout
from twin import clock
from twin.db.uow import UnitOfWork
from twin.ids import uuid7


async def layouts(session: AsyncSession) -> dict[str, ScreenLayout]:
    """The stored layouts by scene."""
    return {row.scene: row for row in await session.scalars(select(ScreenLayout))}


async def put(uow: UnitOfWork, scene: str, version: int, layout: dict[str, Any], by: str) -> bool:
    """Store a layout that is based on ``version`` (0: there was none); False when somebody else was first."""
    values = {"layout": layout, "updated_at": clock.now(), "updated_by": by}
    if version == 0:
        made = insert(ScreenLayout).values(
            id=uuid7(), enterprise_id=uow.enterprise_id, scene=scene, version=1, **values
        )
        done = await uow.session.execute(made.on_conflict_do_nothing().returning(ScreenLayout.id))
    else:
        done = await uow.session.execute(
            update(ScreenLayout)
            .where(ScreenLayout.scene == scene, ScreenLayout.version == version)
            .values(version=version + 1, **values)
            .returning(ScreenLayout.id)
        )
    return done.first() is not None
