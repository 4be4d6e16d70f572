"""The workflow machine: pure rules, and steps in the database with real concurrency."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import Column, DateTime, Integer, Table, Text, Uuid, insert, select

from tests.conftest import Enterprise
from tests.kernel.tools import owner
from twin import clock
from twin.db import audit, outbox
from twin.db.base import Base
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.errors import NotFound
from twin.settings import Settings
from twin.workflow.deadline import fire_due
from twin.workflow.machine import (
    Context,
    Deadline,
    Machine,
    NotAllowed,
    NotPossibleNow,
    Transition,
    begin,
    changes,
    fire,
)

_T = Table(
    "probe_permit",
    Base.metadata,
    Column("id", Uuid, primary_key=True),
    Column("enterprise_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("author", Uuid),
    Column("approved_by", Uuid),
    Column("gas_percent", Integer),
    Column("updated_at", DateTime(timezone=True)),
    info={"test": True},
)


@dataclass(frozen=True)
class Person:
    """An actor."""

    account_id: UUID
    roles: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()


AUTHOR = Person(uuid4(), scopes=frozenset({"permit:write"}))
BOSS = Person(uuid4(), scopes=frozenset({"permit:approve"}))


def _is_author(row: Mapping[str, Any], actor: Any) -> bool:
    return bool(row["author"] == actor.account_id)


def _gas_is_low(row: Mapping[str, Any], context: Context) -> str | None:
    return None if row["gas_percent"] is not None and row["gas_percent"] < 10 else "gas_too_high"


def _note_approver(row: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
    assert context.actor is not None
    return {"approved_by": context.actor.account_id}


PERMIT = Machine(
    "probe_permit",
    "draft",
    (
        Transition("submit", "draft", "submitted", scope="permit:write", who=_is_author),
        Transition(
            "approve", "submitted", "approved", scope="permit:approve", guards=(_gas_is_low,), effects=(_note_approver,)
        ),
        Transition("reject", "submitted", "draft", scope="permit:approve"),
        Transition("expire", "submitted", "expired", people=False, system=True),
    ),
    deadlines=(Deadline("submitted", "expire", timedelta(minutes=30)),),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def _table(database: Settings) -> AsyncIterator[None]:
    with owner(database) as connection:
        connection.execute(
            "CREATE TABLE probe_permit (id uuid PRIMARY KEY, enterprise_id uuid NOT NULL, status text NOT NULL,"
            " version int NOT NULL, author uuid, approved_by uuid, gas_percent int, updated_at timestamptz)"
        )
    yield


async def _new(enterprise: Enterprise, status: str = "draft", gas: int | None = 1) -> UUID:
    row = {
        "id": uuid4(),
        "enterprise_id": enterprise.id,
        "status": status,
        "version": 1,
        "author": AUTHOR.account_id,
        "gas_percent": gas,
    }
    async with unit_of_work(enterprise.id) as uow:
        await uow.session.execute(insert(_T).values(row))
        await begin(uow, PERMIT, row)
    return row["id"]  # type: ignore[return-value]


async def _fire(enterprise: Enterprise, row_id: UUID, event: str, actor: Person | None) -> dict[str, Any]:
    async with unit_of_work(enterprise.id, origin="test") as uow:
        return await fire(uow, PERMIT, row_id, event, actor)


async def _status(enterprise: Enterprise, row_id: UUID) -> str:
    async with unit_of_work(enterprise.id) as uow:
        return str((await uow.session.execute(select(_T.c.status).where(_T.c.id == row_id))).scalar_one())


def _row(**values: Any) -> dict[str, Any]:
    return {"id": uuid4(), "status": "submitted", "author": AUTHOR.account_id, "gas_percent": 1, **values}


def test_the_table_decides() -> None:
    now = Context(clock.now(), BOSS)
    assert PERMIT.statuses == ("draft", "submitted", "approved", "expired")
    assert PERMIT.check(_row(), "approve", now).target == "approved"
    assert PERMIT.possible(_row(), now) == ["approve", "reject"]
    assert PERMIT.possible(_row(gas_percent=50), now) == ["reject"]
    assert PERMIT.possible(_row(status="draft"), Context(clock.now(), AUTHOR)) == ["submit"]
    with pytest.raises(NotPossibleNow) as refused:
        PERMIT.check(_row(gas_percent=50), "approve", now)
    assert refused.value.params["reason"] == "gas_too_high"
    with pytest.raises(NotPossibleNow):
        PERMIT.check(_row(status="approved"), "approve", now)
    with pytest.raises(NotAllowed):
        PERMIT.check(_row(), "approve", Context(clock.now(), AUTHOR))
    with pytest.raises(NotAllowed):  # somebody else's draft
        PERMIT.check(_row(status="draft", author=uuid4()), "submit", Context(clock.now(), AUTHOR))
    with pytest.raises(NotAllowed):  # only the product itself
        PERMIT.check(_row(), "expire", now)
    with pytest.raises(NotAllowed):  # the product does not approve
        PERMIT.check(_row(), "approve", Context(clock.now(), None))


def test_a_bad_table_is_refused_when_it_is_made() -> None:
    step = Transition("go", "a", "b")
    with pytest.raises(ValueError, match="two transitions"):
        Machine("m", "a", (step, Transition("go", "a", "c")))
    with pytest.raises(ValueError, match="nothing leads"):
        Machine("m", "a", (step, Transition("on", "x", "y")))
    with pytest.raises(ValueError, match="no system step"):
        Machine("m", "a", (step,), deadlines=(Deadline("a", "go", timedelta(1)),))
    cheat = Transition("go", "a", "b", effects=(lambda row, context: {"status": "z"},))
    with pytest.raises(ValueError, match="status"):
        changes(cheat, {"status": "a"}, Context(clock.now(), None))


async def test_a_step_writes_status_audit_and_event_together(enterprise: Enterprise) -> None:
    row_id, start = await _new(enterprise), await outbox.position()
    await _fire(enterprise, row_id, "submit", AUTHOR)
    after = await _fire(enterprise, row_id, "approve", BOSS)
    assert (after["status"], after["version"], after["approved_by"]) == ("approved", 3, BOSS.account_id)
    await outbox.sequence()
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        events = await outbox.read(uow.session, start, [PERMIT.topic])
    assert [(e.kind, e.key, e.payload["from"], e.payload["to"]) for e in events] == [
        ("submit", str(row_id), "draft", "submitted"),
        ("approve", str(row_id), "submitted", "approved"),
    ]
    async with unit_of_work(enterprise.id) as uow:
        rows = await audit.page(uow.session, before=None, limit=10, kind="probe_permit", key=str(row_id))
    newest = rows[0][0]
    assert (newest.action, newest.before["status"], newest.after["status"]) == ("approve", "submitted", "approved")  # type: ignore[index]


async def test_a_refused_step_leaves_nothing(enterprise: Enterprise) -> None:
    row_id, start = await _new(enterprise, "submitted", gas=80), await outbox.position()
    with pytest.raises(NotPossibleNow):
        await _fire(enterprise, row_id, "approve", BOSS)
    assert await _status(enterprise, row_id) == "submitted"
    assert await outbox.position() == start
    with pytest.raises(NotFound):
        await _fire(enterprise, uuid4(), "approve", BOSS)


async def test_of_many_who_fire_at_once_one_wins(enterprise: Enterprise) -> None:
    for _ in range(3):
        row_id, start = await _new(enterprise, "submitted"), await outbox.position()
        gate = asyncio.Barrier(6)

        async def attempt(event: str, row_id: UUID = row_id, gate: asyncio.Barrier = gate) -> str:
            async with unit_of_work(enterprise.id) as uow:
                await gate.wait()  # every transaction is open before the first step
                await fire(uow, PERMIT, row_id, event, BOSS)
                return event

        results = await asyncio.gather(*(attempt(e) for e in ["approve", "reject"] * 3), return_exceptions=True)
        won = [r for r in results if isinstance(r, str)]
        assert len(won) == 1
        assert all(isinstance(r, NotPossibleNow | str) for r in results)
        assert await _status(enterprise, row_id) == {"approve": "approved", "reject": "draft"}[won[0]]
        assert await outbox.position() == start + 1  # the losers left no event


async def test_a_deadline_fires_once_when_time_has_come(enterprise: Enterprise) -> None:
    known = {PERMIT.name: PERMIT}
    late, quick = await _new(enterprise), await _new(enterprise)
    await _fire(enterprise, late, "submit", AUTHOR)
    await _fire(enterprise, quick, "submit", AUTHOR)
    await _fire(enterprise, quick, "approve", BOSS)
    with clock.travel(by=timedelta(minutes=29)):
        await fire_due(known)
        assert await _status(enterprise, late) == "submitted"
    with clock.travel(by=timedelta(minutes=31)):
        await asyncio.gather(fire_due(known), fire_due(known))  # two workers
        assert await _status(enterprise, late) == "expired"
        assert await _status(enterprise, quick) == "approved"
        assert await fire_due(known) == 0
