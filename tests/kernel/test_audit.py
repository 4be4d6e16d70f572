"""The audit trail: its chain finds what was changed, removed, moved or slipped in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from tests.conftest import Enterprise, SignIn
from tests.kernel.tools import owner
from twin import clock
from twin.auth.accounts import create_enterprise
from twin.db import audit
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.settings import Settings


async def _trail(rows: int) -> tuple[UUID, list[int]]:
    """A new enterprise with a sealed trail; the ids of its rows."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        owner_id = await create_enterprise(uow, code=uuid4().hex[:8], name="链")
    for n in range(rows - 1):
        async with unit_of_work(owner_id, origin="test") as uow:
            await uow.audit("update", "thing", str(n), before={"n": n, "f": 1e20}, after={"n": n + 1, "text": "罐区"})
    await audit.seal()
    async with unit_of_work(owner_id) as uow:
        found = await audit.page(uow.session, before=None, limit=100)
    assert [n for _, n in found] == list(range(rows, 0, -1))
    return owner_id, [row.id for row, _ in reversed(found)]


@pytest.fixture
def attacker(database: Settings) -> Iterator:  # type: ignore[type-arg]
    """Somebody with the owner's keys."""
    with owner(database) as connection:
        yield connection


async def _faults(owner_id: UUID) -> list[tuple[str, int | None, int | None]]:
    report = await audit.verify(owner_id)
    return [(f.reason, f.n, f.audit_id) for f in report.faults]


@pytest.mark.req("S5")
async def test_a_whole_trail(database: Settings, enterprise: Enterprise) -> None:
    owner_id, _ = await _trail(5)
    report = await audit.verify(owner_id)
    assert report.ok and report.checked == 5
    every = await audit.verify()  # all enterprises, also those that other tests spoiled
    assert every.checked >= 5 and owner_id not in {f.enterprise_id for f in every.faults}


@pytest.mark.req("S5")
@pytest.mark.parametrize(
    "column, value",
    [
        ("actor", "'somebody'"),
        ("after", """'{"n": 7}'"""),
        ("at", "at + interval '1 hour'"),
        ("before", "NULL, before_digest = NULL"),
    ],
)
async def test_a_changed_row_is_named(attacker, column: str, value: str) -> None:  # type: ignore[no-untyped-def]
    owner_id, ids = await _trail(4)
    attacker.execute(f"UPDATE audit SET {column} = {value} WHERE id = %s", [ids[2]])
    assert await _faults(owner_id) == [("changed", 3, ids[2])]


@pytest.mark.req("S5")
async def test_a_removed_row_is_named(attacker) -> None:  # type: ignore[no-untyped-def]
    owner_id, ids = await _trail(4)
    attacker.execute("DELETE FROM audit WHERE id = %s", [ids[1]])
    assert await _faults(owner_id) == [("missing", 2, ids[1])]


async def test_a_row_removed_with_its_seal_is_named(attacker) -> None:  # type: ignore[no-untyped-def]
    owner_id, ids = await _trail(4)
    attacker.execute("DELETE FROM audit WHERE id = %s", [ids[1]])
    attacker.execute("DELETE FROM audit_seal WHERE audit_id = %s", [ids[1]])
    assert await _faults(owner_id) == [("seal_missing", 2, None)]


async def test_closing_the_gap_breaks_the_chain(attacker) -> None:  # type: ignore[no-untyped-def]
    owner_id, ids = await _trail(4)
    attacker.execute("DELETE FROM audit WHERE id = %s", [ids[1]])
    attacker.execute("DELETE FROM audit_seal WHERE audit_id = %s", [ids[1]])
    attacker.execute("UPDATE audit_seal SET n = n - 1 WHERE enterprise_id = %s AND n = 3", [owner_id])
    attacker.execute("UPDATE audit_seal SET n = n - 1 WHERE enterprise_id = %s AND n = 4", [owner_id])
    assert ("chain_broken", 2, ids[2]) in await _faults(owner_id)


async def test_swapped_rows_are_named(attacker) -> None:  # type: ignore[no-untyped-def]
    owner_id, _ = await _trail(4)
    with attacker.transaction():
        for old, new in ((2, -2), (3, 2), (-2, 3)):
            attacker.execute("UPDATE audit_seal SET n = %s WHERE enterprise_id = %s AND n = %s", [new, owner_id, old])
    broken = [fault for fault in await _faults(owner_id) if fault[0] == "chain_broken"]
    assert [n for _, n, _ in broken] == [2, 3, 4]


async def test_a_cut_off_end_is_named(attacker) -> None:  # type: ignore[no-untyped-def]
    owner_id, ids = await _trail(4)
    attacker.execute("DELETE FROM audit_seal WHERE enterprise_id = %s AND n >= 3", [owner_id])
    attacker.execute("DELETE FROM audit WHERE id = ANY(%s)", [ids[2:]])
    assert await _faults(owner_id) == [("cut_off", 4, None)]


async def test_a_forged_seal_does_not_help(attacker) -> None:  # type: ignore[no-untyped-def]
    """Somebody who changes a row and makes its digest fit still breaks the links."""
    owner_id, ids = await _trail(4)
    attacker.execute("UPDATE audit SET actor = 'x' WHERE id = %s", [ids[1]])
    attacker.execute(
        f"UPDATE audit_seal s SET digest = {audit._DIGEST} FROM audit a WHERE a.id = s.audit_id AND a.id = %s", [ids[1]]
    )
    assert await _faults(owner_id) == [("chain_broken", 2, ids[1])]


async def test_an_unsealed_row_is_named_after_a_while(attacker) -> None:  # type: ignore[no-untyped-def]
    owner_id, _ = await _trail(2)
    async with unit_of_work(owner_id) as uow:
        await uow.audit("update", "thing", "9")
    attacker.execute("DELETE FROM audit_pending WHERE enterprise_id = %s", [owner_id])
    assert await _faults(owner_id) == []
    with clock.travel(by=timedelta(minutes=11)):
        assert [(reason, n) for reason, n, _ in await _faults(owner_id)] == [("unsealed", None)]


async def test_many_writers_and_two_sealers(database: Settings) -> None:
    owner_id, _ = await _trail(1)

    async def write(n: int) -> None:
        async with unit_of_work(owner_id) as uow:
            await uow.audit("update", "thing", str(n))
            await asyncio.sleep(0.002 * (n % 5))

    async def sealer() -> None:
        for _ in range(10):
            await audit.seal()
            await asyncio.sleep(0.003)

    await asyncio.gather(*(write(n) for n in range(40)), sealer(), sealer())
    await audit.seal()
    report = await audit.verify(owner_id)
    assert report.ok and report.checked == 41


@pytest.mark.req("S5")
async def test_only_the_audit_administrator_reads(sign_in: SignIn, enterprise: Enterprise) -> None:
    await audit.seal()
    reader = await sign_in("audit_admin")
    for role in ("system_admin", "security_admin", "leader"):
        assert (await (await sign_in(role)).get("/api/audit")).status_code == 403
    first = (await reader.get("/api/audit", params={"limit": 3})).json()
    second = (await reader.get("/api/audit", params={"limit": 3, "before": first["next"]})).json()
    ids = [row["id"] for row in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True) and len(set(ids)) == 6
    mine = (await reader.get("/api/audit", params={"action": "sign_in", "limit": 1})).json()["items"][0]
    assert mine["kind"] == "account" and mine["actor"]
    assert (await reader.get("/api/audit/verify")).json()["ok"]
