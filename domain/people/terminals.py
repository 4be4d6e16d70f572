"""The terminal ledger (clause S1): what is kept of each device, what flags it, and who is told once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.people import repository_terminals as repository
from domain.people.errors import TerminalKind, TerminalNotFound
from domain.people.models import Terminal
from domain.people.repository_terminals import Terms
from realtime.alarms.raising import AlarmFact, clear_alarms, raise_alarms
from twin import clock
from twin.db.uow import UnitOfWork
from twin.ids import uuid7
from twin.notify.service import notify_role

#: Percent below which a battery is low, days before an expiry that it is told, and the order's temperature limit.
LOW_BATTERY = 20.0
SOON = timedelta(days=30)
TEMPERATURE = 70.0
_TOLD = ("manager", "system_admin")
_PLANT = ZoneInfo("Asia/Shanghai")
#: Flags that the alarm desk gets besides the inbox: type and grade of the alarm. What falls due soon is no alarm.
_ALARMS = {
    "low_battery": ("low_battery", 4),
    "expired": ("terminal_expired", 3),
    "unsuitable": ("terminal_unsuitable", 2),
}


def terms(now: datetime) -> Terms:
    """What is judged against now."""
    today = now.astimezone(_PLANT).date()
    return Terms(today, today + SOON, LOW_BATTERY, TEMPERATURE)


async def put(uow: UnitOfWork, code: str, values: dict[str, Any]) -> Any:
    """Make or change a line of the ledger; badges and vehicle units are made known to positioning too.

    Raises:
        TerminalKind: the device is of another kind.
    """
    row, now = await repository.terminal(uow.session, code), clock.now()
    before = None if row is None else _fact(row)
    if row is not None and row.kind != values["kind"]:
        raise TerminalKind(value=code)
    if row is None:
        row = Terminal(id=uuid7(), enterprise_id=uow.enterprise_id, code=code, version=0)
    for name, value in values.items():
        setattr(row, name, value)
    row.version, row.updated_at = row.version + 1, now
    uow.session.add(row)
    await uow.session.flush()
    if row.kind in ("badge", "vehicle_unit"):
        await repository.put_badge(uow.session, uow.enterprise_id, row, now)
    await uow.audit("terminal.put", "terminal", code, before=before, after=_fact(row))
    return await find(uow, code)


async def find(uow: UnitOfWork, code: str) -> Any:
    """One line.

    Raises:
        TerminalNotFound: there is none.
    """
    found = await repository.one(uow.session, terms(clock.now()), code)
    if found is None:
        raise TerminalNotFound(value=code)
    return found


async def tell(uow: UnitOfWork) -> int:
    """Tell those who keep the ledger of every flag, once for each battery, certificate and stay; how many are flagged.

    A flag that ends and comes back later (a new certificate that expires) is told anew, because what it is about has
    changed. A low battery, an expired certificate and the wrong protection are alarms at the desk too, as long as
    they last.
    """
    rows = await repository.flagged(uow.session, terms(clock.now()))
    for row in rows:
        for flag in row.flags:
            about = {
                "low_battery": clock.now().strftime("%G-%V"),
                "battery_due": str(row.battery_on),
                "unsuitable": f"{row.zone}:{row.ex_certificate}:{row.ex_expiry}",
            }.get(flag, str(row.ex_expiry))
            params = {
                "code": row.code,
                "zone": row.zone or "",
                "holder": row.holder or "",
                "expiry": str(row.ex_expiry),
            }
            params["battery"] = "" if row.battery is None else f"{row.battery:.0f}"
            dedupe = f"terminal:{row.code}:{flag}:{about}"
            for role in _TOLD:
                await notify_role(
                    uow, role, f"terminal_{flag}", params, level="warning", link="/console/terminals", dedupe=dedupe
                )
    await _alarms(uow, rows)
    return len(rows)


async def _alarms(uow: UnitOfWork, rows: Sequence[Any]) -> None:
    """One active alarm for each flag that is true now; those of flags that are no longer return to normal."""
    now = clock.now()
    facts = [_alarm(row, flag, now) for row in rows for flag in row.flags if flag in _ALARMS and _ours(row, flag)]
    true = {fact.key for fact in facts}
    active = await repository.active_alarms(uow.session)
    await raise_alarms(uow, facts)
    await clear_alarms(uow, [(key, now) for key in active if key not in true])


def _ours(row: Any, flag: str) -> bool:
    """The battery of a badge in somebody's hands is watched by the fences' process, which raises its own alarm."""
    return flag != "low_battery" or row.subject_id is None


def _alarm(row: Any, flag: str, now: datetime) -> AlarmFact:
    kind, grade = _ALARMS[flag]
    title = {"name": row.code, "holder": row.holder or "-", "zone": row.zone or "-", "expiry": str(row.ex_expiry)}
    low = flag == "low_battery"
    return AlarmFact(
        key=f"terminal:{row.id}:{flag}", source="system", type=kind, grade=grade, at=now, title=title,
        value=row.battery if low else None, limit=LOW_BATTERY if low else None,
        subject_layer="terminal", subject_id=row.id, subject_name=row.code, zone_code=row.zone,
        persons=(row.subject_id,) if row.subject_id is not None and row.kind == "badge" else (),
    )  # fmt: skip


def _fact(row: Terminal) -> dict[str, Any]:
    names = ("kind", "model", "ex_mark", "ex_certificate", "temp_limit_c", "battery", "nfc", "vibrates", "zone_code")
    told: dict[str, Any] = {name: getattr(row, name) for name in names}
    dates = {name: getattr(row, name) for name in ("ex_expiry", "battery_on")}
    return told | {name: value.isoformat() if value else None for name, value in dates.items()} | {"active": row.active}
