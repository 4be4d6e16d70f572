"""Facts about risk that are told from outside: they hold until they are taken back, or until the time that was named with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.factors import repository
from domain.factors.kinds import KINDS
from domain.factors.repository import ToldFact
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.errors import Conflict, Invalid, NotFound
from twin.ids import uuid7

READ, TELL = "map:read", "risk:tell"
TOPIC = "risk.fact"


class ToldFactNotFound(NotFound):
    """No fact of this name holds."""

    code = "told_fact_not_found"


class ToldFactZoneUnknown(Invalid):
    """A zone that the fact names is not there."""

    code = "told_fact_zone_unknown"


class ToldFactGrade(Invalid):
    """The kind has grades, and this is none of them (or none is given)."""

    code = "told_fact_grade"


class ToldFactTime(Invalid):
    """A fact began in the past and ends in the future."""

    code = "told_fact_time"


class ToldFactChanged(Conflict):
    """Somebody told the same fact at the same moment."""

    code = "told_fact_changed"


async def tell(
    uow: UnitOfWork, principal: Principal, kind: str, key: str, where: tuple[Sequence[str], bool],
    attributes: dict[str, Any], until: datetime | None,
) -> ToldFact:  # fmt: skip
    """A fact holds from now on, or goes on with other zones, attributes or end. Told again as it is, it only gets a new end.

    Args:
        where: codes of zones, and whether all zones below them are meant too.
        attributes: ``subject``, ``type`` and, for kinds that have it, ``grade``.

    Raises:
        ToldFactZoneUnknown, ToldFactGrade, ToldFactTime, ToldFactChanged.
    """
    principal.require(TELL)
    now = clock.now()
    grades = KINDS[kind].grades
    if ("grade" in attributes) != bool(grades) or (grades and attributes["grade"] not in grades):
        raise ToldFactGrade(kind=kind, grades="、".join(map(str, grades)) or "-")
    if until is not None and until <= now:
        raise ToldFactTime()
    zones, missing = await repository.zones(uow.session, where[0], where[1])
    if missing:
        raise ToldFactZoneUnknown(codes="、".join(missing))
    before = next(iter(await repository.holding(uow.session, kind, key)), None)
    if before is not None:
        await repository.end(uow.session, before.id, now)
    same = before is not None and (before.zones, before.attributes) == (zones, attributes)
    fact = ToldFact(
        uuid7(), kind, key, zones, attributes, before.since if before and same else now, until, None,
        principal.account_id, principal.name, now,
    )  # fmt: skip
    if not await repository.add(uow.session, uow.enterprise_id, fact):
        raise ToldFactChanged()
    await uow.audit("tell", "told_fact", f"{kind}/{key}", before=_content(before), after=_content(fact))
    if not same:
        await _emit(uow, fact, [zone for zone in before.zones if zone not in zones] if before else [])
    return fact


async def over(uow: UnitOfWork, principal: Principal | None, kind: str, key: str) -> None:
    """A fact is over; ``principal`` None when its time has come.

    Raises:
        ToldFactNotFound: none of that name holds.
    """
    if principal is not None:
        principal.require(TELL)
    fact = next(iter(await repository.holding(uow.session, kind, key)), None)
    if fact is None or (principal is None and (fact.until is None or fact.until > clock.now())):
        raise ToldFactNotFound(name=f"{kind}/{key}")
    await repository.end(uow.session, fact.id, clock.now())
    await uow.audit("over", "told_fact", f"{kind}/{key}", before=_content(fact), after=None)
    await uow.emit(
        TOPIC, "over", f"{kind}/{key}", {"kind": kind, "name": key, "holds": [], "over": fact.zones, "attributes": {}}
    )


async def end_expired() -> int:
    """End the facts whose time has come; how many. Safe to run at any time and again."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        found = await repository.expired(uow.session, clock.now())
    ended = 0
    for enterprise, kind, key in found:
        try:
            async with unit_of_work(enterprise, origin="expiry") as uow:
                await over(uow, None, kind, key)
                ended += 1
        except ToldFactNotFound:
            continue  # it was ended or prolonged meanwhile
    return ended


def _content(fact: ToldFact | None) -> dict[str, Any] | None:
    if fact is None:
        return None
    return {"zones": fact.zones, "attributes": fact.attributes, "until": fact.until.isoformat() if fact.until else None}


async def _emit(uow: UnitOfWork, fact: ToldFact, over: list[str]) -> None:
    await uow.emit(
        TOPIC, "holds", f"{fact.kind}/{fact.key}",
        {"kind": fact.kind, "name": fact.key, "holds": fact.zones, "over": over, "attributes": fact.attributes},
    )  # fmt: skip
