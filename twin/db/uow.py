"""The unit of work: one request (or one job) is one transaction, and nobody else commits.

Inside it, facts are written together: the rows, the audit row that says who did what, and the outbox event that tells
subscribers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from twin import clock
from twin.db.base import Outbox
from twin.settings import get_settings

#: Sees every enterprise: only for the product's own services (hub, worker, sign-in), never for a request's data.
ALL_ENTERPRISES = "*"


def async_url(url: str) -> str:
    """The SQLAlchemy address of a ``postgresql://`` address."""
    return "postgresql+psycopg://" + url.split("://", 1)[1]


@lru_cache(maxsize=1)
def engine() -> AsyncEngine:
    """The process's connection pool, signed in as the app role (which row-level security binds)."""
    from twin.db.cluster import app_url  # the cluster module reads files; only needed for the first connection

    settings = get_settings()
    return create_async_engine(
        async_url(app_url(settings)),
        pool_size=settings.db_pool,
        max_overflow=settings.db_pool,
        pool_pre_ping=True,
        pool_recycle=1800,
    )


async def dispose() -> None:
    """Close the pools (process end, tests that change databases)."""
    from twin.db import reads

    await reads.close()
    if engine.cache_info().currsize:
        await engine().dispose()
        engine.cache_clear()


class UnitOfWork:
    """An open transaction with the enterprise and the person it works for.

    Attributes:
        session: SQLAlchemy session; repositories take it.
        enterprise_id: whose rows are seen and written.
        actor_id: the account that acts; None for the product itself.
    """

    def __init__(
        self, session: AsyncSession, enterprise_id: UUID | str, actor_id: UUID | None, origin: str = ""
    ) -> None:
        self.session = session
        self.enterprise = str(enterprise_id)
        self.actor_id = actor_id
        self.origin = origin

    @property
    def enterprise_id(self) -> UUID:
        """The one enterprise of this unit.

        Raises:
            ValueError: for a service's unit that sees all of them.
        """
        return UUID(self.enterprise)

    async def emit(self, topic: str, kind: str, key: str, payload: dict[str, Any]) -> None:
        """Put a fact into the outbox; it leaves only if this transaction commits.

        ``kind`` is e.g. ``put`` or ``del``.
        """
        await self.session.execute(
            insert(Outbox).values(
                enterprise_id=self.enterprise_id, topic=topic, kind=kind, key=key, payload=payload, at=clock.now()
            )
        )
        await self.session.execute(text("SELECT pg_notify('twin_outbox', '')"))

    async def emit_all(self, facts: Sequence[tuple[str, str, str, dict[str, Any]]]) -> None:
        """Put many facts (topic, kind, key, payload) into the outbox in one statement."""
        if not facts:
            return
        at = clock.now()
        rows = [
            {"enterprise_id": self.enterprise_id, "topic": t, "kind": k, "key": key, "payload": payload, "at": at}
            for t, k, key, payload in facts
        ]
        await self.session.execute(insert(Outbox), rows)
        await self.session.execute(text("SELECT pg_notify('twin_outbox', '')"))

    async def audit(
        self,
        action: str,
        kind: str,
        key: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Write the audit row of a change: what was done to which thing, and its content before and after."""
        from twin.db.audit import record

        await record(self, action, kind, key, before, after)


@asynccontextmanager
async def unit_of_work(
    enterprise_id: UUID | str, actor_id: UUID | None = None, origin: str = "", *, snapshot: bool = False
) -> AsyncIterator[UnitOfWork]:
    """Open a transaction; it commits when the block ends and rolls back when it raises.

    With ``snapshot`` all its statements see the database as of the first one.
    """
    async with AsyncSession(engine(), expire_on_commit=False, autoflush=True) as session:
        async with session.begin():
            if snapshot:
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            await session.execute(text("SELECT set_config('twin.enterprise', :e, true)"), {"e": str(enterprise_id)})
            yield UnitOfWork(session, enterprise_id, actor_id, origin)
