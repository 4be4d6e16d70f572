"""Workflow machines: a pure table of transitions, and ``fire`` which takes one step in the database.

A module's ``workflow.py`` holds its :class:`Machine` in ``MACHINES`` and imports nothing but the standard library and
``twin.workflow``. Status columns change nowhere else. The step is one ``UPDATE ... WHERE status = :from RETURNING``
with its audit row and outbox event in the same transaction, so of two people who take a step at once exactly one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from twin import clock
from twin.errors import Conflict, Forbidden, NotFound


class NotPossibleNow(Conflict):
    """The event has no place in the present state, a guard refuses it, or somebody else was first.

    ``params``: ``event``, ``status`` and, from a guard, ``reason``.
    """

    code = "not_possible_now"


class NotAllowed(Forbidden):
    """The event is not for this person."""

    code = "not_allowed"


class Actor(Protocol):
    """Who acts; ``twin.auth.principal.Principal`` is one."""

    @property
    def account_id(self) -> UUID: ...
    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def scopes(self) -> frozenset[str]: ...


@dataclass(frozen=True)
class Context:
    """What guards and effects see beside the row: the time, who acts (None: the product) and the step's data."""

    now: datetime
    actor: Actor | None
    data: Mapping[str, Any] = field(default_factory=dict)


Row = Mapping[str, Any]
#: Returns None to let the step pass, else the reason (a code; its text is ``workflow.<reason>``).
Guard = Callable[[Row, Context], str | None]
#: Whether this person may take the step on this row (its author, its approver ...).
Who = Callable[[Row, Actor], bool]
#: Columns that the step sets besides the status.
Effect = Callable[[Row, Context], Mapping[str, Any]]


@dataclass(frozen=True)
class Deadline:
    """While a row stays in ``status`` longer than ``after``, the product fires ``event`` on it."""

    status: str
    event: str
    after: timedelta


@dataclass(frozen=True)
class Transition:
    """A step.

    Attributes:
        scope: right that the person needs; None for none.
        who: further test on the row.
        system: the product itself (a deadline, a subscriber) may take it; with ``people=False`` nobody else.
    """

    event: str
    source: str
    target: str
    scope: str | None = None
    who: Who | None = None
    guards: tuple[Guard, ...] = ()
    effects: tuple[Effect, ...] = ()
    people: bool = True
    system: bool = False

    def allows(self, row: Row, actor: Actor | None) -> bool:
        """Whether ``actor`` may take this step on ``row``."""
        if actor is None:
            return self.system
        return (
            self.people
            and (self.scope is None or self.scope in actor.scopes)
            and (self.who is None or self.who(row, actor))
        )


@dataclass(frozen=True)
class Machine:
    """The workflow of one table.

    The table has ``id`` (uuid), ``enterprise_id`` and ``status`` (text); ``version`` and ``updated_at`` are kept if it
    has them.

    Attributes:
        name: kind in the audit trail; also the table's name unless ``table`` is given.
        initial: status of a new row.
        topic: outbox topic of its events; the event's ``kind`` is the step's name.
    """

    name: str
    initial: str
    transitions: tuple[Transition, ...]
    deadlines: tuple[Deadline, ...] = ()
    table: str = ""
    topic: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", self.table or self.name)
        object.__setattr__(self, "topic", self.topic or f"workflow.{self.name}")
        steps = [(t.event, t.source) for t in self.transitions]
        twice = {step for step in steps if steps.count(step) > 1}
        if twice:
            raise ValueError(f"{self.name}: two transitions for {sorted(twice)}")
        unreached = {t.source for t in self.transitions} - {t.target for t in self.transitions} - {self.initial}
        if unreached:
            raise ValueError(f"{self.name}: nothing leads to {sorted(unreached)}")
        for deadline in self.deadlines:
            step = next((t for t in self.transitions if (t.event, t.source) == (deadline.event, deadline.status)), None)
            if step is None or not step.system:
                raise ValueError(
                    f"{self.name}: the deadline event {deadline.event} is no system step from {deadline.status}"
                )

    @property
    def statuses(self) -> tuple[str, ...]:
        """All statuses, the initial one first."""
        return tuple(dict.fromkeys([self.initial, *(s for t in self.transitions for s in (t.source, t.target))]))

    def step(self, event: str, status: str) -> Transition | None:
        """The transition of an event from a status."""
        return next((t for t in self.transitions if t.event == event and t.source == status), None)

    def check(self, row: Row, event: str, context: Context) -> Transition:
        """The transition that ``event`` means for ``row`` now.

        Raises:
            NotAllowed: it is not for this person.
            NotPossibleNow: wrong state, or a guard refuses.
        """
        status = str(row["status"])
        transition = self.step(event, status)
        if transition is None:
            raise NotPossibleNow(event=event, status=status)
        if not transition.allows(row, context.actor):
            raise NotAllowed(event=event, scope=transition.scope or event)
        for guard in transition.guards:
            if (reason := guard(row, context)) is not None:
                raise NotPossibleNow(event=event, status=status, reason=reason)
        return transition

    def possible(self, row: Row, context: Context) -> list[str]:
        """The events that the actor could fire on ``row`` now: the buttons of a form."""
        found = (t for t in self.transitions if t.source == row["status"] and t.allows(row, context.actor))
        return [t.event for t in found if all(guard(row, context) is None for guard in t.guards)]


def changes(transition: Transition, row: Row, context: Context) -> dict[str, Any]:
    """The columns that a step writes. Effects never touch the status: that is the table's business.

    Raises:
        ValueError: an effect sets ``status`` or ``id``.
    """
    values: dict[str, Any] = {}
    for effect in transition.effects:
        values.update(effect(row, context))
    if {"status", "id", "enterprise_id"} & values.keys():
        raise ValueError(f"an effect of {transition.event} sets the status or the identity")
    return {**values, "status": transition.target}


async def fire(
    uow: Any, machine: Machine, row_id: UUID, event: str, actor: Actor | None, data: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Take a step; the row as it is after it. ``uow`` is the open ``twin.db.uow.UnitOfWork``; ``actor`` None is the
    product itself.

    Raises:
        NotFound: ``<machine>_not_found``, also for another enterprise's row.
        NotAllowed, NotPossibleNow: see :meth:`Machine.check`; the latter also when somebody else was first.
    """
    from twin.workflow import repository

    row = await repository.load(uow.session, machine, row_id)
    if row is None:
        raise NotFound(kind=machine.name, id=str(row_id))
    context = Context(clock.now(), actor, data or {})
    transition = machine.check(row, event, context)
    after = await repository.take_step(
        uow.session, machine, row_id, transition, changes(transition, row, context), context.now
    )
    if after is None:
        raise NotPossibleNow(event=event, status=transition.source)
    await repository.set_deadlines(uow.session, machine, after, context.now)
    touched = {key for key in after if after[key] != row[key]}
    await uow.audit(
        event, machine.name, str(row_id), before=repository.plain(row, touched), after=repository.plain(after, touched)
    )
    fact = {
        "from": transition.source,
        "to": transition.target,
        "by": str(actor.account_id) if actor else None,
        "at": context.now.isoformat(),
    }
    await uow.emit(machine.topic, event, str(row_id), fact)
    return after


async def begin(uow: Any, machine: Machine, row: Row) -> None:
    """Note the deadlines of a row that was just created in the initial status."""
    from twin.workflow import repository

    await repository.set_deadlines(uow.session, machine, row, clock.now())


def due_times(machine: Machine, status: str, since: datetime) -> Iterable[tuple[str, datetime]]:
    """Event and instant of every deadline that starts when a row enters ``status`` at ``since``."""
    return [(d.event, since + d.after) for d in machine.deadlines if d.status == status]
