"""Rows of registers (risks, hazards, inspections): who made and changed them, and a mark instead of deletion.

Exchange with regulators needs all of it: rows are never taken away, they are marked, and every row says when and by
whom it was last changed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import Integer, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from twin import clock
from twin.db.base import Identified, Tenant
from twin.ids import uuid7

#: SQL of the columns below, for migrations.
REGISTERED = """
    id uuid PRIMARY KEY,
    enterprise_id uuid NOT NULL REFERENCES enterprise (id),
    version integer NOT NULL DEFAULT 1,
    deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
"""


class Registered(Identified, Tenant):
    """Version, deletion mark, times and names of the people."""

    version: Mapped[int] = mapped_column(Integer, default=1)
    deleted: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by: Mapped[str] = mapped_column(default="")
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_by: Mapped[str] = mapped_column(default="")


R = TypeVar("R", bound=Registered)


@asynccontextmanager
async def _unique(session: AsyncSession, taken: Callable[[], Exception]) -> AsyncIterator[None]:
    """A part of the transaction that a taken code undoes alone, raising ``taken`` instead."""
    try:
        async with session.begin_nested():
            yield
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise taken() from error
        raise


async def get(session: AsyncSession, model: type[R], row_id: UUID) -> R | None:
    """A row that is not marked as deleted."""
    row = await session.get(model, row_id)
    return row if row is not None and not row.deleted else None


async def add(
    session: AsyncSession,
    model: type[R],
    enterprise_id: UUID,
    by: str,
    values: Mapping[str, Any],
    taken: Callable[[], Exception],
) -> R:
    """Add a row in version 1; raises ``taken`` when its code is in use."""
    now = clock.now()
    made = {"id": uuid7(), "enterprise_id": enterprise_id, "version": 1, "deleted": False}
    row = model(**made, created_at=now, updated_at=now, created_by=by, updated_by=by, **values)  # type: ignore[call-arg]
    async with _unique(session, taken):
        session.add(row)
        await session.flush()
    return row


async def write(
    session: AsyncSession, model: type[Registered], row_id: UUID, version: int, by: str, values: Mapping[str, Any]
) -> bool:
    """Change a row if it still has this version; whether it had."""
    done = await session.execute(
        update(model)
        .where(model.id == row_id, model.version == version, ~model.deleted)
        .values(**values, version=version + 1, updated_at=clock.now(), updated_by=by)
        .returning(model.id)
    )
    return done.first() is not None


async def change(
    session: AsyncSession,
    row: Registered,
    version: int,
    by: str,
    values: Mapping[str, Any],
    taken: Callable[[], Exception],
) -> bool:
    """Like :func:`write`, and read the row again; raises ``taken`` as :func:`add`."""
    async with _unique(session, taken):
        done = await write(session, type(row), row.id, version, by, values)
    if done:
        await session.refresh(row)
    return done
