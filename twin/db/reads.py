"""Fast reads of one enterprise's data: a small psycopg pool of its own, one round trip per query, answers as raw bytes.

The unit of work is for facts; pages of features and tiles are read far more often, need no session, and their text
passes from the database to the client untouched. Row-level security binds these connections as it does all others: the
enterprise is set in the same implicit transaction as the query, and without it nothing is seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from twin.errors import Unavailable
from twin.settings import get_settings

log = structlog.get_logger("twin.reads")

#: Seconds that a query may take, and that a request waits for a free connection.
STATEMENT_SECONDS = 30
WAIT_SECONDS = 10.0
_SETTINGS = f"SET statement_timeout = '{STATEMENT_SECONDS}s'; SET default_transaction_read_only = on; SET jit = off"

Params = Mapping[str, Any] | Sequence[Any]

_Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]
_current: tuple[asyncio.AbstractEventLoop, _Pool, asyncio.Task[None]] | None = None


class QueryRefused(Exception):
    """The database could not evaluate the query with these values (e.g. a topology error in a filter's geometry)."""


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute(_SETTINGS)


async def _get() -> _Pool:
    global _current
    loop = asyncio.get_running_loop()
    if _current is None or _current[0] is not loop:
        from twin.db.cluster import app_url  # the cluster module reads files; only needed for the first connection

        settings = get_settings()
        pool: _Pool = AsyncConnectionPool(
            app_url(settings),
            min_size=1,
            max_size=settings.db_pool,
            timeout=WAIT_SECONDS,
            kwargs={"autocommit": True},
            configure=_configure,
            open=False,
            name="reads",
        )
        _current = (loop, pool, loop.create_task(pool.open()))
    _, pool, opened = _current
    await asyncio.shield(opened)
    return pool


async def close() -> None:
    """Close the pool (process end, tests that change databases)."""
    global _current
    current, _current = _current, None
    if current is not None and current[0] is asyncio.get_running_loop():
        await current[2]
        await current[1].close()


async def fetch(
    enterprise_id: UUID, query: str, params: Params = (), *, binary: bool = False, same_plan: bool = False
) -> list[list[bytes | None]]:
    """Rows of a query as the database's own text, with the enterprise's rows in sight.

    Args:
        query: SQL of a repository with psycopg placeholders; its plan is prepared once per connection.
        same_plan: the plan is good whatever the values are; it is made once and not for every call.
        binary: values in the database's binary form: the same for text, and ``bytea`` as its bytes.

    Raises:
        Unavailable: the database does not answer, or not in time.
        QueryRefused: it refused the values.
    """
    pool = await _get()
    for attempt in (1, 2):
        try:
            async with pool.connection() as connection:
                return await _run(connection, enterprise_id, query, params, binary, same_plan)
        except PoolTimeout as error:
            raise Unavailable from error
        except psycopg.errors.QueryCanceled as error:
            raise Unavailable from error
        except (psycopg.DataError, psycopg.InternalError) as error:
            raise QueryRefused(str(error)) from error
        except psycopg.OperationalError as error:
            if attempt == 2:
                raise Unavailable from error
            log.warning("a connection was lost; trying again", error=str(error).strip())
            await pool.check()
    raise Unavailable


async def _run(
    connection: psycopg.AsyncConnection[Any],
    enterprise_id: UUID,
    query: str,
    params: Params,
    binary: bool,
    same_plan: bool,
) -> list[list[bytes | None]]:
    # Statements of one pipeline are one implicit transaction, so the local setting holds exactly for the query.
    async with connection.pipeline():
        await connection.execute(
            "SELECT set_config('twin.enterprise', %s, true), set_config('plan_cache_mode', %s, true)",
            [str(enterprise_id), "force_generic_plan" if same_plan else "auto"],
            prepare=True,
        )
        cursor = await connection.execute(query, params, prepare=True, binary=binary)
    result = cursor.pgresult
    assert result is not None
    columns = range(result.nfields)
    return [[result.get_value(row, column) for column in columns] for row in range(result.ntuples)]
