"""The enterprises of an installation, for jobs that go through all of them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from twin.db.uow import ALL_ENTERPRISES, unit_of_work


async def all_enterprises() -> list[UUID]:
    """Ids of all enterprises."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        return list((await uow.session.execute(text("SELECT id FROM enterprise ORDER BY id"))).scalars())
