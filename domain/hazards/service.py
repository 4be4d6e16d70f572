"""The hazard loop: each step is one transaction with its row, signature, audit row, map event and notifications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from geoalchemy2 import WKTElement
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from domain.hazards import criteria, notices, repository
from domain.hazards.models import Hazard, HazardAcceptance, HazardRectification
from domain.hazards.schemas import Accept, Assign, ConfirmFixed, Evaluate, Fixed, Rectify, ReportIn
from domain.hazards.signed import content
from domain.hazards.workflow import HAZARD
from twin import clock
from twin.auth.principal import Principal
from twin.db.features import feature
from twin.db.uow import UnitOfWork
from twin.errors import Conflict, Invalid, NotFound
from twin.ids import uuid7
from twin.photos import repository as photo_rows
from twin.photos import service as photos
from twin.registry.layer import layers
from twin.signature import service as signatures
from twin.spatial import service as spatial
from twin.workflow.machine import Context, begin, fire

REPEAT_WITHIN = timedelta(days=90)


class HazardNotFound(NotFound):
    """No such hazard."""

    code = "hazard_not_found"


class HazardTaken(Conflict):
    """The number is used, or was never given out."""

    code = "hazard_number_taken"


async def reserve(uow: UnitOfWork, principal: Principal) -> str:
    """A number for a hazard that is about to be photographed and reported."""
    principal.require("hazard:report")
    return await next_number(uow)


async def next_number(uow: UnitOfWork) -> str:
    """The next number of the site's own day."""
    day = await _today(uow)
    return f"YH-{day:%Y%m%d}-{await repository.next_number(uow.session, uow.enterprise_id, day.date()):04d}"


async def _today(uow: UnitOfWork) -> datetime:
    site = await spatial.site_of(uow)
    return clock.now().astimezone(ZoneInfo(site.timezone))


async def report(uow: UnitOfWork, principal: Principal, body: ReportIn) -> UUID:
    """A hazard found by hand, with its live photos.

    Raises:
        HazardTaken: the number is not reserved or used. PhotoNotFound, PhotoStale: the photos are not live ones of it.
    """
    principal.require("hazard:report")
    try:
        day = date.fromisoformat(body.number[3:11])
    except ValueError as error:
        raise HazardTaken(where=body.number) from error
    if int(body.number[12:]) > await repository.reserved(uow.session, day):
        raise HazardTaken(where=body.number)
    values = body.model_dump(
        include={"level", "hazard_type", "source", "category", "department", "description", "risk_measure_id"}
    )
    hazard_id = uuid7()
    taken = await photos.attach(uow, principal, body.photos, "hazard", str(hazard_id), body.number)
    fixed: list[Any] = []
    if body.fixed is not None:
        fixed = await photos.attach(uow, principal, body.fixed.photos, "hazard", str(hazard_id), body.number)
    reporter = {"reporter_id": principal.account_id, "reporter_name": principal.name}
    place = (body.lon, body.lat, body.height)
    picture_ids = [p.id for p in taken]
    origin = {
        "origin": "manual",
        "origin_key": "",
        "round": 1 if body.fixed else 0,
        "manage_type": 0 if body.fixed else 1,
    }
    await create(uow, hazard_id, body.number, body.title, place, picture_ids, {**values, **reporter, **origin})
    if body.fixed is not None:
        await _keep_round(uow, principal, hazard_id, 1, body.fixed, [p.id for p in fixed], "")
    return hazard_id


async def create(
    uow: UnitOfWork,
    hazard_id: UUID,
    number: str,
    title: str,
    place: tuple[float, float, float | None],
    picture_ids: Sequence[UUID],
    values: Mapping[str, Any],
) -> None:
    """Put a new hazard in place and tell who has to know. ``values``: the remaining columns that are not empty.

    Raises:
        HazardTaken: the number, or what it came from, is there already.
    """
    site = await spatial.site_of(uow)
    lon, lat, height = place
    z = site.ground if height is None else height
    row = Hazard(
        id=hazard_id, enterprise_id=uow.enterprise_id, site_id=site.id, code=number, name=title, version=1,
        updated_by=uow.actor_id, geom=WKTElement(f"POINT Z ({lon!r} {lat!r} {z!r})", srid=4326),
        zone_code=await photo_rows.zone_code(uow.session, lon, lat), photos=list(picture_ids),
        **{**_EMPTY, "status": HAZARD.initial, **values},
    )  # fmt: skip
    try:
        async with uow.session.begin_nested():
            await repository.add(uow.session, row)
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise HazardTaken(where=number) from error
        raise
    await begin(uow, HAZARD, {"id": hazard_id, "enterprise_id": uow.enterprise_id, "status": HAZARD.initial})
    after = {"code": number, "name": title, "level": row.level, "hazard_type": row.hazard_type, "zone": row.zone_code}
    await uow.audit("report", "hazard", str(hazard_id), after=after)
    await publish(uow, hazard_id)
    await uow.emit(HAZARD.topic, "report", str(hazard_id), {"zone": row.zone_code, "level": row.level})
    await notices.reported(uow, row)


_EMPTY: dict[str, Any] = {
    "level": 0, "hazard_type": 8, "source": 10, "category": 0, "manage_type": 1, "description": "", "department": "",
    "hazard_code": "", "origin": "manual", "origin_key": "", "dismiss_reason": "", "criteria": [], "criteria_version": "", "owner_name": "",
    "acceptor_ids": [], "plan": {}, "extension_reason": "", "send_back_reason": "", "round": 0, "overdue": False,
    "escalated": 0,
}  # fmt: skip


async def publish(uow: UnitOfWork, hazard_id: UUID) -> None:
    """Tell the map: the event is what the layer's snapshot would show."""
    layer = layers()["hazard"]
    shown = await feature(uow.session, layer, hazard_id)
    if shown is not None:
        await uow.emit(layer.topic, "put", str(hazard_id), shown)


async def step(
    uow: UnitOfWork, principal: Principal | None, hazard_id: UUID, event: str, data: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Take a step of the loop and tell the map and whose turn it is.

    Raises:
        NotFound, NotAllowed, NotPossibleNow.
    """
    row = await fire(uow, HAZARD, hazard_id, event, principal, data)
    await publish(uow, hazard_id)
    await notices.stepped(uow, event, row)
    return row


async def evaluate(uow: UnitOfWork, principal: Principal, hazard_id: UUID, body: Evaluate) -> None:
    """It is a hazard of this grade and class."""
    version = await criteria.require(uow, await today(uow), body.level, body.criteria)
    data = {**body.model_dump(), "criteria_version": version if body.criteria else "", "manage_type": 1}
    await step(uow, principal, hazard_id, "evaluate", data)


async def confirm_fixed(uow: UnitOfWork, principal: Principal, hazard_id: UUID, body: ConfirmFixed) -> None:
    """It was put right on the spot; the acceptors look at it."""
    version = await criteria.require(uow, await today(uow), body.level, body.criteria)
    found = await _accounts(uow, body.acceptor_ids)
    row = await get(uow, hazard_id)
    if row["reporter_id"] in found:
        raise Invalid(errors=[{"where": "acceptor_ids", "code": "own_judge"}])
    await step(
        uow,
        principal,
        hazard_id,
        "confirm_fixed",
        {**body.model_dump(), "criteria_version": version if body.criteria else ""},
    )


async def today(uow: UnitOfWork) -> date:
    """The site's own day."""
    return (await _today(uow)).date()


async def _accounts(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, str]:
    found = {account.id: account.name for account, _ in await repository.people(uow.session, ids)}
    missing = [str(i) for i in ids if i not in found]
    if missing:
        raise Invalid(errors=[{"where": "accounts", "code": "account_not_found", "value": i} for i in missing])
    return found


async def assign(uow: UnitOfWork, principal: Principal, hazard_id: UUID, body: Assign, *, again: bool = False) -> None:
    """Name who puts it right, until when, and who accepts it."""
    found = await _accounts(uow, [body.owner_id, *body.acceptor_ids])
    data = {
        "owner_id": body.owner_id,
        "owner_name": found[body.owner_id],
        "acceptor_ids": list(dict.fromkeys(body.acceptor_ids)),
        "deadline": body.deadline,
        "plan": body.plan.model_dump() if body.plan else {},
    }
    await step(uow, principal, hazard_id, "reassign" if again else "assign", data)


async def rectify(uow: UnitOfWork, principal: Principal, hazard_id: UUID, body: Rectify) -> None:
    """Say what was done, with live photos; only the named person can.

    Raises:
        NotAllowed: somebody else. PhotoNotFound, PhotoStale: the photos.
    """
    row = await get(uow, hazard_id, hold=True)
    after = await step(uow, principal, hazard_id, "rectify", body.model_dump())
    taken = await photos.attach(uow, principal, body.photos, "hazard_rectification", str(hazard_id), row["code"])
    await _keep_round(uow, principal, hazard_id, after["round"], body, [p.id for p in taken], body.permit)


async def _keep_round(
    uow: UnitOfWork, principal: Principal, hazard_id: UUID, number: int, body: Fixed, pictures: list[UUID], permit: str
) -> None:
    uow.session.add(
        HazardRectification(
            id=uuid7(), enterprise_id=uow.enterprise_id, hazard_id=hazard_id, round=number, cause=body.cause,
            measures=body.measures, cost=body.cost, permit=permit, photos=pictures, by_id=principal.account_id,
            by_name=principal.name, at=clock.now(),
        )
    )  # fmt: skip
    await uow.session.flush()


async def accept(uow: UnitOfWork, principal: Principal, hazard_id: UUID, body: Accept) -> None:
    """Sign the acceptance; the last signature closes the hazard.

    Raises:
        NotAllowed: not one of the named acceptors. NotPossibleNow: signed already, or not its turn.
    """
    row = await get(uow, hazard_id, hold=True)
    rounds = await repository.rectifications(uow.session, [hazard_id])
    signed = {a.acceptor_id for a in await repository.acceptances(uow.session, [rounds[-1].id])} if rounds else set()
    HAZARD.check(row, "sign_acceptance", Context(clock.now(), principal, {"missing": 1}))
    if principal.account_id in signed:
        raise AcceptedAlready(id=str(hazard_id))
    missing = len(set(row["acceptor_ids"]) - signed - {principal.account_id})
    current = rounds[-1]
    facts = await content(uow.session, str(current.id), "accept")
    assert facts is not None
    signature = await signatures.sign(
        uow, principal, body.confirmation, "hazard_rectification", str(current.id), "accept", facts
    )
    uow.session.add(
        HazardAcceptance(
            id=uuid7(), enterprise_id=uow.enterprise_id, rectification_id=current.id, acceptor_id=principal.account_id,
            acceptor_name=principal.name, opinion=body.opinion, signature_id=signature.id, at=signature.at,
        )
    )  # fmt: skip
    await uow.session.flush()
    await step(uow, principal, hazard_id, "sign_acceptance" if missing else "accept", {"missing": missing})


class AcceptedAlready(Conflict):
    """This person has signed."""

    code = "accepted_already"


async def get(uow: UnitOfWork, hazard_id: UUID, *, hold: bool = False) -> dict[str, Any]:
    """A hazard.

    Raises:
        HazardNotFound.
    """
    row = await repository.one(uow.session, hazard_id, hold=hold)
    if row is None:
        raise HazardNotFound(id=str(hazard_id))
    return row


async def require_readable(uow: UnitOfWork, principal: Principal, hazard_id: UUID) -> dict[str, Any]:
    """A hazard that this person may read: with ``hazard:read``, or one's own report.

    Raises:
        HazardNotFound, Forbidden.
    """
    row = await get(uow, hazard_id)
    if row["reporter_id"] != principal.account_id:
        principal.require("hazard:read")
    return row


def possible(row: Mapping[str, Any], principal: Principal) -> list[str]:
    """Steps that are this person's now: the buttons of the form."""
    steps = [t for t in HAZARD.transitions if t.source == row["status"] and t.allows(row, principal)]
    events = [t.event for t in steps if not (t.event == "confirm_fixed" and row["round"] == 0)]
    return sorted({("accept" if event == "sign_acceptance" else event) for event in events})
