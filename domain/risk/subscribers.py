"""Who is told when a zone gets riskier: the people whom it names as responsible and those who hold a role; the higher the risk, the higher
the manager (clauses M8.3, M8.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.risk import repository
from domain.risk.schemas import CauseOut
from domain.risk.service import causes_of, named
from realtime.risk import repository as engine_rows
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork
from twin.i18n import t
from twin.notify.service import notify, notify_role

#: Roles that hear of a zone at a level, 1 red .. 3 yellow.
TOLD = {1: ("leader", "manager", "control"), 2: ("manager", "control"), 3: ("control",)}

#: How many of the responsible persons hear of it, counted from the zone up to the plant; of red all of them do.
UP = {2: 2, 3: 1}

#: A zone that was raised for the same things so short a time ago is no news: an alarm that comes and goes tells once.
AGAIN = timedelta(minutes=30)


class ZoneRaised:
    """A zone's own level got worse: by a rule or by a person. A parent that only shows its child's colour tells nobody again."""

    name = "risk.zone_raised"
    topics: Sequence[str] = ("risk",)

    async def handle(self, event: Event, uow: UnitOfWork) -> None:
        """Tell once for each cause."""
        change = event.payload
        level = int(change["level"])
        if level >= int(change["before"]) or change["child"] or level not in TOLD:
            return
        row = await repository.zone(uow.session, event.key)
        if row is None:
            return
        causes = await causes_of(uow, change["causes"], datetime.fromisoformat(change["at"]), "zh-CN")
        about = _about(causes)
        if about and not change["override"] and about <= await self._told(uow, event):
            return
        params = {"owner": row["owner"] or ""}
        for language, mark in (("zh-CN", ""), ("en", "_en")):
            known = await causes_of(uow, change["causes"], datetime.fromisoformat(change["at"]), language)
            params |= {
                f"zone{mark}": named(row, language),
                f"level{mark}": t(f"risk.level.{level}", language),
                f"causes{mark}": t("risk.and", language).join(cause.title for cause in known)
                or t("risk.by_person", language),
                f"control{mark}": t(f"risk.control.{row['control_level'] or level}", language),
            }
        told: dict[str, Any] = {
            "level": "alarm" if level == 1 else "warning",
            "link": f"/m/zone/{event.key}",
            "dedupe": f"risk:{event.key}:{level}:{event.seq}",  # who is told for two reasons is told once
        }
        for role in TOLD[level]:
            await notify_role(uow, role, "risk_raised", params, **told)
        owners = [up["owner"] for up in await repository.above(uow.session, event.key) if up["owner"]]
        accounts = await repository.accounts_named(uow.session, owners[: UP.get(level)])
        await notify(uow, accounts, "risk_raised", params, **told)

    @staticmethod
    async def _told(uow: UnitOfWork, event: Event) -> set[tuple[str, str]]:
        """Why the zone was raised as high or higher a short time before."""
        at, level = datetime.fromisoformat(event.payload["at"]), int(event.payload["level"])
        about: set[tuple[str, str]] = set()
        for row in await engine_rows.changes(uow.session, event.key, at - AGAIN, at, 200):
            if row["at"] < at and row["after"] < row["before"] and not row["child"] and row["after"] <= level:
                about |= _about(await causes_of(uow, row["causes"], row["at"], "zh-CN"))
        return about


def _about(causes: Sequence[CauseOut]) -> set[tuple[str, str]]:
    """Which rules lift, and for what: the point, person or record, not the single alarm (a new one each time)."""
    return {(cause.rule, str(fact.attributes.get("subject") or fact.key)) for cause in causes for fact in cause.facts}


SUBSCRIBERS = (ZoneRaised(),)
