"""People and departments: kept with audit and events; the open binding of a badge follows its bearer's name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, UniqueViolation
from sqlalchemy.exc import IntegrityError

from domain.people import repository
from domain.people.errors import DepartmentLoop, DepartmentUnknown, PersonCodeTaken, PersonNotFound, PersonVersion
from domain.people.models import Department, Person
from realtime.tracking import repository_bindings as bindings
from realtime.tracking.repository_bindings import Carrier
from twin import clock
from twin.db.uow import UnitOfWork
from twin.errors import Invalid
from twin.ids import uuid7

TOPIC = "person"
_SHOWN = ("code", "name", "sex", "klass", "department", "employer", "duty", "trade", "phone", "active")


def fact(person: Person) -> dict[str, Any]:
    """A person as audit and events tell it."""
    told = {name: getattr(person, name) for name in _SHOWN}
    told["class"] = told.pop("klass")
    return {"id": str(person.id), **told, "version": person.version}


async def carrier(uow: UnitOfWork, person: Person) -> Carrier:
    """A person as the bearer of a badge; positions show the department by its name."""
    found = await repository.department(uow.session, person.department) if person.department else None
    return Carrier("person", person.id, person.name, person.klass, found.name if found else "")


async def require(uow: UnitOfWork, person_id: UUID) -> Person:
    """The person.

    Raises:
        PersonNotFound: there is none, or it is another enterprise's.
    """
    found = await repository.person(uow.session, person_id)
    if found is None:
        raise PersonNotFound(id=str(person_id))
    return found


async def create(uow: UnitOfWork, values: dict[str, Any]) -> Person:
    """Add a person.

    Raises:
        PersonCodeTaken: the number or the account is another person's.
        DepartmentUnknown: no such department.
    """
    await _require_department(uow, values.get("department"))
    made = Person(id=uuid7(), enterprise_id=uow.enterprise_id, version=1, **values)
    uow.session.add(made)
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise _taken(error, values) from error
    await _told(uow, "person.create", made, None)
    return made


async def change(uow: UnitOfWork, person_id: UUID, version: int, values: dict[str, Any]) -> Person:
    """Change what is given.

    Raises:
        PersonNotFound, PersonVersion, PersonCodeTaken, DepartmentUnknown: as their names say.
    """
    await _require_department(uow, values.get("department"))
    person = await require(uow, person_id)
    before = fact(person)
    try:
        changed = await repository.change(uow.session, person_id, version, values, clock.now())
    except IntegrityError as error:
        raise _taken(error, values) from error
    if changed is None:
        raise PersonVersion(current=before["version"], given=version)
    await bindings.rename(uow.session, await carrier(uow, changed))
    await _told(uow, "person.update", changed, before)
    return changed


async def issue(uow: UnitOfWork, person_id: UUID, badge: str) -> None:
    """Give a person a badge.

    Raises:
        PersonNotFound, BadgeNotFound, BadgeTaken, HasBadge: as their names say.
    """
    person = await require(uow, person_id)
    await bindings.issue(uow.session, uow.enterprise_id, await carrier(uow, person), badge, clock.now())
    await uow.audit("badge.issue", "person", str(person.id), after={"badge": badge, "name": person.name})
    await uow.emit("badge_binding", "put", badge, {"badge": badge, "subject": str(person.id), "kind": "person"})


async def give_back(uow: UnitOfWork, person_id: UUID) -> str:
    """Take a person's badge back; its code.

    Raises:
        PersonNotFound, NoBadge: as their names say.
    """
    person = await require(uow, person_id)
    badge = await bindings.give_back(uow.session, "person", person_id, clock.now())
    await uow.audit("badge.return", "person", str(person.id), before={"badge": badge, "name": person.name})
    await uow.emit("badge_binding", "del", badge, {"badge": badge, "subject": str(person.id), "kind": "person"})
    return badge


async def put_department(uow: UnitOfWork, code: str, values: dict[str, Any]) -> Department:
    """Make or change a department.

    Raises:
        DepartmentUnknown: its parent does not exist.
        DepartmentLoop: it would be its own ancestor.
    """
    await _require_department(uow, values.get("parent_code"))
    parents = await repository.department_parents(uow.session) | {code: values.get("parent_code")}
    seen, at = {code}, parents[code]
    while at is not None:
        if at in seen:
            raise DepartmentLoop(code=code)
        seen.add(at)
        at = parents.get(at)
    found = await repository.department(uow.session, code)
    before = None if found is None else {"name": found.name, "parent_code": found.parent_code}
    row = found or Department(id=uuid7(), enterprise_id=uow.enterprise_id, code=code)
    for name, value in values.items():
        setattr(row, name, value)
    row.updated_at = clock.now()
    uow.session.add(row)
    await uow.session.flush()
    await uow.audit("department.put", "department", code, before=before, after=values)
    return row


async def _require_department(uow: UnitOfWork, code: str | None) -> None:
    if code and await repository.department(uow.session, code) is None:
        raise DepartmentUnknown(value=code, errors=[{"where": "department", "code": "department_unknown"}])


async def _told(uow: UnitOfWork, action: str, person: Person, before: dict[str, Any] | None) -> None:
    after = fact(person)
    await uow.audit(action, "person", str(person.id), before=before, after=after)
    await uow.emit(TOPIC, "put", str(person.id), after)


def _taken(error: IntegrityError, values: dict[str, Any]) -> Exception:
    if isinstance(error.orig, UniqueViolation):
        return PersonCodeTaken(value=str(values.get("code") or ""))
    if isinstance(error.orig, ForeignKeyViolation):
        return Invalid(errors=[{"where": "account_id", "code": "unknown_code", "value": str(values.get("account_id"))}])
    return error
