"""The early-warning index: now, of any hour that was written down, its model and the library of indicators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.early_warning import ahp, repository
from domain.early_warning.errors import (
    IndexChanged,
    IndexInconsistent,
    IndexIndicatorNotFound,
    IndexModelFault,
    IndexRowsNotKept,
)
from domain.early_warning.model import KEYS, IndexModelBody
from domain.early_warning.models import IndexModel, IndexTarget
from domain.early_warning.roles import MANAGE
from domain.early_warning.score import Score, score, within
from twin import clock
from twin.auth.principal import Principal
from twin.auth.roles import ROLES
from twin.db.uow import UnitOfWork
from twin.errors import Invalid
from twin.notify.service import notify_role
from twin.registry.indicator import Indicator, IndicatorRow, Reading, indicators

_TOLD = ("leader", "manager")
#: Hours that are made up for after the job stood still.
_CATCH_UP = timedelta(hours=72)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Evaluation:
    """The index at an instant: of the enterprise and of every area (code -> score)."""

    at: datetime
    version: int
    model: IndexModelBody
    whole: Score
    areas: dict[str, Score]
    readings: dict[str, Reading]


async def current_model(uow: UnitOfWork) -> tuple[IndexModel | None, IndexModelBody]:
    """The newest version of the model; the shipped one (version 0) until somebody changes it."""
    row = await repository.model(uow.session)
    return row, IndexModelBody.model_validate(row.body) if row is not None else IndexModelBody()


async def evaluate(uow: UnitOfWork, at: datetime, *, present: bool) -> Evaluation:
    """Ask every indicator and make the index. Without ``present`` only those whose rows carry their times are asked."""
    row, model = await current_model(uow)
    declared, readings = indicators(), dict[str, Reading]()
    for key, indicator in declared.items():
        if present or indicator.timed:
            readings[key] = await indicator.query(uow.session, at, at - indicator.window)
    areas = {
        code: score(model, declared, within(readings, zones))
        for code, (_, _, zones) in (await repository.areas(uow.session)).items()
    }
    whole = score(model, declared, readings)
    return Evaluation(at, row.version if row else 0, model, whole, areas, readings)


# ---- history


def hour(at: datetime) -> datetime:
    """The full hour that an instant lies in."""
    return at.replace(minute=0, second=0, microsecond=0)


async def record(uow: UnitOfWork) -> int:
    """Write down this hour, and those since the last one that were missed; how many points were new.

    Missed hours are made from the rows that carry their times. The leaders are told when the level has become worse.
    """
    now = hour(clock.now())
    before = await repository.point_before(uow.session, "", now)
    last = before.at if before is not None else None
    made, at = 0, max(last + _HOUR, now - _CATCH_UP) if last is not None else now
    while at < now:
        made += await _write(uow, at, present=False)
        at += _HOUR
    if last is None or last < now:
        made += await _write(uow, now, present=True)
        after = await repository.point_before(uow.session, "", now)
        if before is not None and after is not None and after.level < before.level:
            facts = {"value": f"{after.value:.1f}", "before": f"{before.value:.1f}", "level": after.level}
            for role in _TOLD:
                await notify_role(
                    uow, role, f"index_level_{after.level}", facts, level="warning", link="/console/index",
                    dedupe=f"index:{after.at.isoformat()}",
                )  # fmt: skip
    return made


async def backfill(uow: UnitOfWork, since: datetime, step: timedelta) -> int:
    """Make history from rows that carry their times, up to this hour; how many points."""
    end, made, at = hour(clock.now()), 0, hour(since)
    while at < end:
        made += await _write(uow, at, present=False)
        at += step
    return made


async def _write(uow: UnitOfWork, at: datetime, *, present: bool) -> int:
    found = await evaluate(uow, at, present=present)
    kept = {
        key: {"basis": reading.basis, "rows": [asdict(row) for row in reading.rows]}
        for key, reading in found.readings.items()
        if not indicators()[key].timed
    }
    scopes = {"": found.whole, **found.areas} if found.whole.value is not None else {}
    points = []
    for scope, result in scopes.items():
        if result.value is None:
            continue
        known = [i for a in result.aspects for i in a.indicators] + list(result.performance)
        points.append(
            {
                "enterprise_id": uow.enterprise_id, "scope": scope, "at": at, "value": result.value,
                "uncapped": result.uncapped, "level": result.level, "vetoes": list(result.vetoes),
                "aspects": {a.key: {"score": a.score, "share": a.share} for a in result.aspects if a.score is not None},
                "indicators": {i.indicator.key: i.value for i in known if i.value is not None},
                "model_version": found.version, "computed_later": not present, "rows": kept if scope == "" else {},
            }
        )  # fmt: skip
    return await repository.add_points(uow.session, points)


# ---- the library


def find(key: str) -> Indicator:
    """An indicator.

    Raises:
        IndexIndicatorNotFound: nobody declares it.
    """
    found = indicators().get(key)
    if found is None:
        raise IndexIndicatorNotFound(name=key)
    return found


async def rows(uow: UnitOfWork, key: str, at: datetime | None) -> tuple[datetime, Reading]:
    """The rows behind an indicator now or at an instant, and the instant that they are of.

    Raises:
        Invalid: the instant lies in the future.
        IndexRowsNotKept: the indicator knows only the present, and that hour was not written down.
    """
    indicator, now = find(key), clock.now()
    if at is not None and at > now:
        raise Invalid(errors=[{"where": "at", "code": "index_future"}])
    if at is None or indicator.timed:
        moment = at or now
        return moment, await indicator.query(uow.session, moment, moment - indicator.window)
    point = await repository.point_before(uow.session, "", at)
    kept = point.rows.get(key) if point is not None and at - point.at < _HOUR else None
    if point is None or kept is None:
        raise IndexRowsNotKept(name=key)
    return point.at, Reading([IndicatorRow(**{**r, "zones": tuple(r["zones"])}) for r in kept["rows"]], kept["basis"])


async def set_target(
    uow: UnitOfWork, principal: Principal, key: str, version: int, target: float, owner: str, owner_name: str
) -> IndexTarget:
    """Give an indicator another target and owner; every version is kept.

    Raises:
        IndexChanged: somebody else did first.
        Invalid: there is no such role.
    """
    principal.require(MANAGE)
    find(key)
    if owner not in ROLES:
        raise Invalid(errors=[{"where": "owner", "code": "index_owner_unknown"}])
    before = (await repository.targets(uow.session)).get(key)
    if (before.version if before else 0) != version:
        raise IndexChanged()
    facts = {"target": target, "owner": owner, "owner_name": owner_name}
    values = {**facts, "enterprise_id": uow.enterprise_id, "key": key, "version": version + 1, "at": clock.now()}
    if not await repository.add_version(uow.session, IndexTarget, {**values, "by_name": principal.name}):
        raise IndexChanged()
    was = None if before is None else {name: getattr(before, name) for name in facts}
    await uow.audit("index.target", "index_target", key, before=was, after=facts)
    return (await repository.targets(uow.session))[key]


# ---- the model


def check(model: IndexModelBody, declared: Mapping[str, Indicator]) -> None:
    """Refuse a model that cannot be computed or contradicts itself.

    Raises:
        IndexInconsistent: the comparisons' consistency ratio is above its limit.
        IndexModelFault: a part does not hold; ``where`` names it.
    """
    if fault := ahp.faults(model.matrix, len(KEYS)):
        raise IndexModelFault(where="matrix", reason=fault)
    if not model.bands.blue > model.bands.yellow > model.bands.orange:
        raise IndexModelFault(where="bands", reason="order")
    if model.direct.keys() - set(KEYS) or (model.method == "direct" and abs(sum(model.direct.values()) - 1.0) > 0.001):
        raise IndexModelFault(where="direct", reason="sum")
    if unknown := model.coefficients.keys() - declared.keys():
        raise IndexModelFault(where="coefficients", reason=", ".join(sorted(unknown)))
    if unknown := {key for key in model.vetoes if key not in declared or not declared[key].veto}:
        raise IndexModelFault(where="vetoes", reason=", ".join(sorted(unknown)))
    ratio = ahp.consistency_ratio(model.matrix)
    if model.method == "ahp" and ratio > ahp.LIMIT:
        raise IndexInconsistent(ratio=round(ratio, 3), limit=ahp.LIMIT)


async def set_model(uow: UnitOfWork, principal: Principal, version: int, model: IndexModelBody) -> None:
    """Put a new version of the model in force; what was written down before keeps its own.

    Raises:
        IndexChanged: somebody else did first.
    """
    principal.require(MANAGE)
    check(model, indicators())
    row, before = await current_model(uow)
    if (row.version if row else 0) != version:
        raise IndexChanged()
    body: dict[str, Any] = model.model_dump(mode="json")
    values = {
        "enterprise_id": uow.enterprise_id, "version": version + 1, "body": body, "at": clock.now(),
        "by_name": principal.name,
    }  # fmt: skip
    if not await repository.add_version(uow.session, IndexModel, values):
        raise IndexChanged()
    await uow.audit("index.model", "index_model", str(version + 1), before=before.model_dump(mode="json"), after=body)
