"""Setting up field sources: every change is audited (without secrets) and told to the gateway by the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from realtime.ingest import repository, vault
from realtime.ingest.plugin import AddressInvalid, SourceKind, kinds
from realtime.ingest.repository import PointRow, SourceRow
from twin import clock
from twin.db.uow import UnitOfWork
from twin.errors import Conflict, Invalid, NotFound
from twin.ids import uuid7

TOPIC = "field_source"


class SourceNotFound(NotFound):
    """No such source."""

    code = "source_not_found"


class SourceExists(Conflict):
    """Another source has this name."""

    code = "source_exists"


class KindUnknown(Invalid):
    """No such kind of source."""

    code = "source_kind_unknown"


@dataclass(frozen=True)
class Change:
    """What is to change; None: as it is."""

    name: str | None = None
    settings: dict[str, Any] | None = None
    bad_after_s: float | None = None
    enabled: bool | None = None


def kind_of(key: str) -> SourceKind[Any]:
    """The kind of this name.

    Raises:
        KindUnknown: there is none.
    """
    kind = kinds().get(key)
    if kind is None:
        raise KindUnknown(kind=key)
    return kind


def checked(kind: SourceKind[Any], given: dict[str, Any], stored: dict[str, Any] | None = None) -> BaseModel:
    """Settings of this kind, every fault named. Secrets that are not given stay as ``stored``.

    Raises:
        Invalid: with the faults.
    """
    merged = dict(given)
    for name in vault.secret_fields(kind.model):
        if merged.get(name) is None:
            merged.pop(name, None)
            if stored and name in stored:
                merged[name] = vault.opened({name: stored[name]})[name]
    unknown = [{"where": name, "message": "?"} for name in merged if name not in kind.model.model_fields]
    if unknown:
        raise Invalid(errors=unknown)
    try:
        found: BaseModel = kind.model.model_validate(merged)
    except ValidationError as error:
        raise Invalid(
            errors=[
                {"where": ".".join(str(part) for part in e["loc"]) or "settings", "message": e["msg"]}
                for e in error.errors(include_url=False, include_input=False, include_context=False)
            ]
        ) from error
    return found


async def get(uow: UnitOfWork, id_: UUID, *, lock: bool = False) -> tuple[SourceRow, bool]:
    """A source and whether it is to run.

    Raises:
        SourceNotFound: not in this enterprise.
    """
    found = await repository.source(uow.session, id_, lock=lock)
    if found is None:
        raise SourceNotFound(id=str(id_))
    return found


def _told(row: SourceRow, enabled: bool) -> dict[str, Any]:
    settings, secrets = vault.shown(kind_of(row.kind).model, row.settings)
    return {
        "name": row.name, "kind": row.kind, "settings": settings, "secrets": secrets, "bad_after_s": row.bad_after_s,
        "enabled": enabled,
    }  # fmt: skip


async def _free(uow: UnitOfWork, name: str, except_id: UUID | None = None) -> None:
    other = await repository.source_named(uow.session, name)
    if other is not None and other.id != except_id:
        raise SourceExists(name=name)


async def create(
    uow: UnitOfWork, name: str, kind_key: str, given: dict[str, Any], bad_after_s: float, enabled: bool
) -> UUID:
    """Add a source; its id."""
    kind = kind_of(kind_key)
    settings = vault.close(checked(kind, given))
    await _free(uow, name)
    row = SourceRow(uuid7(), uow.enterprise_id, name, kind_key, settings, bad_after_s, clock.now())
    await repository.put_source(uow.session, row, enabled)
    await uow.audit("source.create", "field_source", str(row.id), after=_told(row, enabled))
    await uow.emit(TOPIC, "put", str(row.id), {"name": name})
    return row.id


async def change(uow: UnitOfWork, id_: UUID, what: Change) -> None:
    """Change a source; it starts anew with what is set now."""
    row, enabled = await get(uow, id_, lock=True)
    settings = row.settings
    if what.settings is not None:
        kind = kind_of(row.kind)
        public, _ = vault.shown(kind.model, row.settings)
        settings = vault.close(checked(kind, {**public, **what.settings}, row.settings))
    name = what.name if what.name is not None else row.name
    if name != row.name:
        await _free(uow, name, id_)
    new = replace(
        row, name=name, settings=settings, updated_at=clock.now(),
        bad_after_s=what.bad_after_s if what.bad_after_s is not None else row.bad_after_s,
    )  # fmt: skip
    runs = enabled if what.enabled is None else what.enabled
    await repository.change(uow.session, new, runs)
    await uow.audit("source.change", "field_source", str(id_), before=_told(row, enabled), after=_told(new, runs))
    await uow.emit(TOPIC, "put", str(id_), {"name": name})


async def delete(uow: UnitOfWork, id_: UUID) -> None:
    """Remove a source; what it measured stays in the history."""
    row, enabled = await get(uow, id_, lock=True)
    await repository.delete(uow.session, id_)
    await uow.audit("source.delete", "field_source", str(id_), before=_told(row, enabled))
    await uow.emit(TOPIC, "del", str(id_), {"name": row.name})


async def put_points(uow: UnitOfWork, id_: UUID, rows: Sequence[PointRow]) -> None:
    """Let a source measure exactly these points.

    Raises:
        Invalid: an address that is none, a device that is not there or twice; all faults are named.
    """
    row, enabled = await get(uow, id_, lock=True)
    kind = kind_of(row.kind)
    known = set((await repository.devices_by_tag(uow.session)).values())
    errors: list[dict[str, Any]] = []
    seen: set[UUID] = set()
    for n, point in enumerate(rows):
        if point.device_id not in known or point.device_id in seen:
            errors.append({"where": f"points.{n}.device_id", "message": str(point.device_id)})
        seen.add(point.device_id)
        try:
            kind.check(point.address)
        except AddressInvalid as error:
            errors.append({"where": f"points.{n}.address", "code": error.code, "address": point.address})
    if errors:
        raise Invalid(errors=errors)
    before = await repository.points(uow.session, id_)
    touched = {p.source_id for p in await repository.points_of(uow.session, list(seen))} | {id_}
    await repository.put_points(uow.session, uow.enterprise_id, id_, rows)
    await repository.touch(uow.session, sorted(touched), clock.now())
    await uow.audit(
        "source.points", "field_source", str(id_), before={"points": len(before)}, after={"points": len(rows)}
    )
    await uow.emit(TOPIC, "put", str(id_), {"name": row.name, "enabled": enabled})
