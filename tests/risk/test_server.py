"""The risk process on a real database: facts lift zones on the map by themselves, restarts go on, edits are followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from realtime.risk import repository
from realtime.risk.server import Risk
from realtime.risk.types import Fact
from tests.conftest import Enterprise, SignIn
from tests.risk.support import load, quick_rules
from twin import clock
from twin.db.outbox import Event
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work


class Told:
    """An input that tests tell facts: over the outbox, as modules do."""

    kind, title_zh, title_en = "alarm", "试验", "Trial"
    attributes: dict[str, tuple[str, str]] = {"grade": ("级别", "Grade")}
    topics: Sequence[str] = ("trial.alarm",)

    def __init__(self) -> None:
        self.holds: dict[str, Fact] = {}

    async def current(self, uow: UnitOfWork) -> Sequence[Fact]:
        return list(self.holds.values())

    async def facts(self, event: Event, uow: UnitOfWork) -> Sequence[Fact]:
        over = event.at.timestamp() if event.kind == "over" else None
        return [
            Fact(
                "alarm", event.key, event.payload["zone"], event.at.timestamp(), over, {"grade": event.payload["grade"]}
            )
        ]

    async def tell(self, enterprise: Enterprise, key: str, zone: str, grade: int, *, over: bool = False) -> None:
        fact = Fact("alarm", key, zone, clock.now().timestamp(), None, {"grade": grade})
        if over:
            self.holds.pop(key, None)
        else:
            self.holds[key] = fact
        async with unit_of_work(enterprise.id) as uow:
            await uow.emit("trial.alarm", "over" if over else "begins", key, {"zone": zone, "grade": grade})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plant(enterprise: Enterprise) -> None:
    await load(enterprise)


@pytest_asyncio.fixture(loop_scope="session")
async def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told()
    monkeypatch.setattr("realtime.risk.server.inputs", lambda: {"alarm": told})
    return told


@pytest_asyncio.fixture(loop_scope="session")
async def running(plant: None, told: Told) -> AsyncIterator[Callable[[], Any]]:
    """Starts the process's loop; a second call is a restart."""
    tasks: list[asyncio.Task[None]] = []

    async def start() -> Risk:
        for task in tasks:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        risk = Risk()
        tasks[:] = [asyncio.create_task(risk.run())]
        await asyncio.wait_for(risk.started.wait(), 30)
        return risk

    yield start
    for task in tasks:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def level(sign_in: SignIn, code: str) -> int:
    http = await sign_in("control")
    page = (await http.get("/ogc/collections/zone/items", params={"filter": f"code='{code}'"})).json()
    risk: int = page["features"][0]["properties"]["risk"]
    return risk


async def until(sign_in: SignIn, code: str, wanted: int) -> None:
    async with asyncio.timeout(20):
        while await level(sign_in, code) != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.req("M8.3")
async def test_a_fact_colours_its_zone_and_its_end_gives_the_colour_back(
    running: Callable[[], Any], told: Told, enterprise: Enterprise, sign_in: SignIn
) -> None:
    await quick_rules(enterprise, 0.3)
    await running()
    before = await level(sign_in, "Z-43")
    assert before > 1
    await told.tell(enterprise, "a1", "Z-43", 1)
    await until(sign_in, "Z-43", 1)
    await told.tell(enterprise, "a1", "Z-43", 1, over=True)
    await until(sign_in, "Z-43", before)
    async with unit_of_work(enterprise.id) as uow:
        made = await repository.changes(uow.session, "Z-43", clock.now() - timedelta(hours=1), clock.now(), 10)
    assert [(c["before"], c["after"]) for c in made[:2]] == [(1, before), (before, 1)]
    assert made[1]["causes"][0]["rule"] == "alarm_interlock" and made[1]["causes"][0]["facts"] == ["a1"]


@pytest.mark.req("M8.3")
async def test_a_restart_goes_on_and_nothing_that_ended_meanwhile_stays_lifted(
    running: Callable[[], Any], told: Told, enterprise: Enterprise, sign_in: SignIn
) -> None:
    await quick_rules(enterprise, 0.3)
    risk = await running()
    before = await level(sign_in, "Z-44")
    await told.tell(enterprise, "b1", "Z-44", 1)
    await until(sign_in, "Z-44", 1)
    second = await running()
    assert (
        second.plants[enterprise.id].living.engine.causes("Z-44")[0].since
        == risk.plants[enterprise.id].living.engine.causes("Z-44")[0].since
    )
    assert await level(sign_in, "Z-44") == 1
    told.holds.clear()  # it ended while nobody listened, and no event tells
    await running()
    await until(sign_in, "Z-44", before)


@pytest.mark.req("M8.3")
async def test_a_wall_clock_that_is_set_holds_nothing_up(
    running: Callable[[], Any], told: Told, enterprise: Enterprise, sign_in: SignIn
) -> None:
    """Set back by an hour, neither the raise nor the release waits for that hour; and the history is told in the clock's new time."""
    await quick_rules(enterprise, 0.3)
    await running()
    before = await level(sign_in, "Z-41")
    await told.tell(enterprise, "d0", "Z-41", 1)
    await until(sign_in, "Z-41", 1)
    with clock.travel(by=timedelta(hours=-1)):
        await told.tell(enterprise, "d0", "Z-41", 1, over=True)
        await until(sign_in, "Z-41", before)
        await told.tell(enterprise, "d1", "Z-41", 1)
        await until(sign_in, "Z-41", 1)
        async with unit_of_work(enterprise.id) as uow:
            made = await repository.changes(uow.session, "Z-41", clock.now() - timedelta(minutes=5), clock.now(), 10)
        assert [(c["before"], c["after"]) for c in made if c["before"] != c["after"]] == [(before, 1), (1, before)]
        await running()  # a restart finds a log of the future
        await told.tell(enterprise, "d1", "Z-41", 1, over=True)
        await until(sign_in, "Z-41", before)


@pytest.mark.req("M8.3")
async def test_a_restart_after_the_clock_was_set_forward_gives_no_colour_back_early(
    running: Callable[[], Any], told: Told, enterprise: Enterprise, sign_in: SignIn
) -> None:
    await quick_rules(enterprise, 600)
    await running()
    before = await level(sign_in, "Z-52")
    await told.tell(enterprise, "h1", "Z-52", 1)
    await until(sign_in, "Z-52", 1)
    await told.tell(enterprise, "h1", "Z-52", 1, over=True)
    async with asyncio.timeout(20):
        while (await logged("h1")) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    with clock.travel(by=timedelta(hours=1)):
        risk = await running()
        living = risk.plants[enterprise.id].living
        assert living.engine.level("Z-52") == 1 and 500 < living.pause() <= 600
    await quick_rules(enterprise, 0.3)
    await running()
    await until(sign_in, "Z-52", before)


async def logged(key: str) -> int:
    """How often a fact was written down."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        found = await uow.session.execute(text("SELECT count(*) FROM risk_log WHERE key = :key"), {"key": key})
        return int(found.scalar_one())


@pytest.mark.req("M8.2", "M8.3")
async def test_of_an_hour_that_was_gone_through_twice_the_later_pass_counts(
    running: Callable[[], Any], told: Told, enterprise: Enterprise, sign_in: SignIn
) -> None:
    """Red in the first pass, the clock is set back by half an hour, and in the later pass it is over."""
    await quick_rules(enterprise, 0.3)
    await running()
    http = await sign_in("control")
    before = await level(sign_in, "Z-51")

    async def shown(at: datetime) -> int:
        answer = await http.get("/api/risk/at", params={"at": at.isoformat()})
        told_then: int = answer.json()["levels"]["Z-51"]
        return told_then

    await told.tell(enterprise, "g1", "Z-51", 1)
    await until(sign_in, "Z-51", 1)
    red = clock.now()
    assert await shown(red) == 1
    with clock.travel(by=timedelta(minutes=-30)):
        await told.tell(enterprise, "g1", "Z-51", 1, over=True)
        await until(sign_in, "Z-51", before)
        over = clock.now()
        await running()  # a restart in the doubled time begins no third pass (but may begin the release again)
        await until(sign_in, "Z-51", before)
        assert await shown(over) == before
        assert await shown(red) == before, "the first pass was red then"
        async with unit_of_work(enterprise.id) as uow:
            marks = text("SELECT count(*) FROM risk_set_back WHERE at BETWEEN :a AND :b")
            span = {"a": over - timedelta(minutes=2), "b": over + timedelta(minutes=2)}
            assert (await uow.session.execute(marks, span)).scalar() == 1


async def test_an_edit_of_the_static_level_keeps_the_lift(
    running: Callable[[], Any], told: Told, enterprise: Enterprise, sign_in: SignIn
) -> None:
    await quick_rules(enterprise, 0.3)
    await running()
    await told.tell(enterprise, "c1", "Z-42", 1)
    await until(sign_in, "Z-42", 1)
    http = await sign_in("manager")
    page = (await http.get("/ogc/collections/zone/items", params={"filter": "code='Z-42'"})).json()
    zone = page["features"][0]
    answer = await http.patch(
        f"/api/spatial/zone/{zone['id']}",
        json={"properties": {"static_risk": 3}},
        headers={"If-Match": f'"{zone["properties"]["version"]}"'},
    )
    assert answer.status_code == 200, answer.text
    await until(sign_in, "Z-42", 1)
    await told.tell(enterprise, "c1", "Z-42", 1, over=True)
    await until(sign_in, "Z-42", 3)
