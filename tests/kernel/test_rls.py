"""Row-level security, and that the migration's tables are those of the models."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from tests.conftest import Enterprise
from tests.kernel.tools import app, owner
from tests.support import make_enterprise
from twin.db.base import Base
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.notify.service import notify
from twin.registry import discover
from twin.settings import Settings

_FREE = {"throttle", "outbox_cursor"}  # the product's own bookkeeping: no enterprise's data


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def other(enterprise: Enterprise) -> Enterprise:
    """A second enterprise with accounts of its own."""
    return await make_enterprise("other")


def _ids(settings: Settings, table: str) -> set[UUID]:
    with owner(settings) as connection:
        return {row[0] for row in connection.execute(f"SELECT enterprise_id FROM {table}").fetchall()}


@pytest.mark.req("S5")
async def test_raw_sql_of_the_app_role_sees_one_enterprise(
    database: Settings, enterprise: Enterprise, other: Enterprise
) -> None:
    assert _ids(database, "account") == {enterprise.id, other.id}
    with app(database) as connection:
        assert connection.execute("SELECT count(*) FROM account").fetchone() == (0,)  # no enterprise named: nothing
        connection.execute("SELECT set_config('twin.enterprise', %s, false)", [str(enterprise.id)])
        assert connection.execute("SELECT DISTINCT enterprise_id FROM account").fetchall() == [(enterprise.id,)]
        assert connection.execute("SELECT code FROM enterprise").fetchall() == [("demo",)]
        touched = connection.execute("UPDATE account SET name = 'x' WHERE enterprise_id = %s", [other.id])
        assert touched.rowcount == 0
        assert connection.execute("DELETE FROM account_role WHERE enterprise_id = %s", [other.id]).rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE account SET enterprise_id = %s WHERE username = 'manager'", [other.id])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                "INSERT INTO account_role SELECT id, 'leader', %s FROM account WHERE username = 'manager'", [other.id]
            )
        connection.execute("SELECT set_config('twin.enterprise', '*', false)")
        assert connection.execute("SELECT count(DISTINCT enterprise_id) FROM account").fetchone() == (2,)


async def test_another_enterprise_is_not_there_over_http(sign_in, enterprise: Enterprise, other: Enterprise) -> None:  # type: ignore[no-untyped-def]
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        from twin.auth.repository import account_by_name

        foreign = await account_by_name(uow.session, "other-manager")
    assert foreign is not None
    admin = await sign_in("security_admin")
    assert (await admin.patch(f"/api/accounts/{foreign.id}", json={"name": "x"})).status_code == 404
    names = [row["username"] for row in (await admin.get("/api/accounts")).json()["items"]]
    assert "other-manager" not in names and "manager" in names
    async with unit_of_work(enterprise.id) as uow:
        assert await notify(uow, [foreign.id], "audit_fault") == []  # nobody of another enterprise can be told


@pytest.mark.req("S5")
async def test_the_app_role_cannot_rewrite_the_trail(database: Settings, enterprise: Enterprise) -> None:
    with app(database) as connection:
        connection.execute("SELECT set_config('twin.enterprise', '*', false)")
        for statement in (
            "UPDATE audit SET actor = 'x'",
            "DELETE FROM audit",
            "TRUNCATE audit",
            "UPDATE audit_seal SET n = n + 1",
            "DELETE FROM audit_seal",
            "UPDATE outbox SET payload = '{}'",
            "ALTER TABLE audit DISABLE TRIGGER audit_insert",
            "ALTER TABLE account DISABLE ROW LEVEL SECURITY",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


async def test_every_tenant_table_is_under_the_policy(database: Settings) -> None:
    with owner(database) as connection:
        rows = connection.execute(
            "SELECT c.table_name, t.relrowsecurity FROM information_schema.columns c"
            " JOIN pg_class t ON t.oid = c.table_name::regclass"
            " WHERE c.table_schema = 'public' AND c.column_name = 'enterprise_id' AND t.relkind = 'r'"
        ).fetchall()
    assert len(rows) > 10
    assert [name for name, secured in rows if not secured and name not in _FREE] == []


async def test_models_and_migrations_agree(database: Settings) -> None:
    for module in ("models", "layer"):
        discover.submodules(module)
    with owner(database) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name, is_nullable = 'YES' FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        ).fetchall()
    found = {(table, column): nullable for table, column, nullable in rows}
    wrong = []
    for table in Base.metadata.tables.values():
        if table.info.get("test"):
            continue
        for column in table.columns:
            nullable = found.get((table.name, column.name))
            if nullable is None or (nullable != column.nullable and column.computed is None):
                wrong.append(f"{table.name}.{column.name}: {nullable} in the database")
    assert wrong == []


async def test_spatial_indexes_work_for_the_app_role(database: Settings, enterprise: Enterprise) -> None:
    """Without leakproof operators row-level security keeps every spatial index unused."""
    site = uuid4()
    with owner(database) as connection:
        connection.execute(
            "CREATE TABLE probe (id uuid DEFAULT gen_random_uuid(), enterprise_id uuid, geom geometry(Point, 4326))"
        )
        from alembic.migration import MigrationContext
        from alembic.operations import Operations
        from sqlalchemy import create_engine

        from twin.db.rls import enable_rls
        from twin.db.uow import async_url

        engine = create_engine(async_url(database.database_url.get_secret_value()))  # type: ignore[union-attr]
        with engine.begin() as sa:
            enable_rls(Operations(MigrationContext.configure(sa)), "probe")
        engine.dispose()
        connection.execute(
            "INSERT INTO probe (enterprise_id, geom) SELECT CASE WHEN n %% 2 = 0 THEN %s ELSE %s END::uuid,"
            " ST_SetSRID(ST_MakePoint(117 + n * 1e-5, 38), 4326) FROM generate_series(1, 20000) n",
            [enterprise.id, site],
        )
        connection.execute("CREATE INDEX ON probe USING gist (geom)")
        connection.execute("ANALYZE probe")
    try:
        with app(database) as connection:
            connection.execute("SELECT set_config('twin.enterprise', %s, false)", [str(enterprise.id)])
            for predicate in ("geom && {box}", "ST_Intersects(geom, {box})", "ST_DWithin(geom, {box}, 0.0001)"):
                query = "SELECT count(*) FROM probe WHERE " + predicate.format(
                    box="ST_MakeEnvelope(117.001, 37.9, 117.002, 38.1, 4326)"
                )
                plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + query).fetchall())
                assert "probe_geom_idx" in plan, plan
                row = connection.execute(query).fetchone()
                assert row is not None and 40 <= row[0] <= 65
    finally:
        with owner(database) as connection:
            connection.execute("DROP TABLE probe")
