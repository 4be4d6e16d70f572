"""Who is told when a zone gets riskier: the higher the risk, the higher the manager (clauses M8.3, M8.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.risk import repository
from realtime.risk import repository as engine_rows
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork
from twin.i18n import t
from twin.notify.service import notify_role

#: Roles that hear of a zone at a level, 1 red .. 3 yellow.
TOLD = {1: ("leader", "manager", "control"), 2: ("manager", "control"), 3: ("control",)}

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
        rules = {rule.key: rule for rule in await engine_rows.rule_rows(uow.session)}
        kinds = {key: str(rule.body["kind"]) for key, rule in rules.items()}
        about = await _about(uow, change["causes"], kinds, datetime.fromisoformat(change["at"]))
        if about and about <= await self._told(uow, event, kinds):
            return
        causes = [cause["rule"] for cause in change["causes"]]
        named = "、".join(rules[key].title_zh for key in causes if key in rules) or t("risk.by_person", "zh-CN")
        for role in TOLD[level]:
            await notify_role(
                uow,
                role,
                "risk_raised",
                {
                    "zone": row["name"],
                    "level": t(f"risk.level.{level}", "zh-CN"),
                    "causes": named,
                    "control": t(f"risk.control.{row['control_level'] or level}", "zh-CN"),
                    "owner": row["owner"] or "",
                },
                level="alarm" if level == 1 else "warning",
                link=f"/m/zone/{event.key}",
                dedupe=f"risk:{event.key}:{level}:{event.seq}",
            )

    @staticmethod
    async def _told(uow: UnitOfWork, event: Event, kinds: Mapping[str, str]) -> set[tuple[str, str]]:
        """Why the zone was raised as high or higher a short time before."""
        at, level = datetime.fromisoformat(event.payload["at"]), int(event.payload["level"])
        about: set[tuple[str, str]] = set()
        for row in await engine_rows.changes(uow.session, event.key, at - AGAIN, at, 200):
            if row["at"] < at and row["after"] < row["before"] and not row["child"] and row["after"] <= level:
                about |= await _about(uow, row["causes"], kinds, row["at"])
        return about


async def _about(
    uow: UnitOfWork, causes: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], at: datetime
) -> set[tuple[str, str]]:
    """Which rules lift, and for what: the point, person or record, not the single alarm (a new one each time)."""
    names = [(kinds.get(c["rule"], ""), fact.partition("@")[0]) for c in causes for fact in c["facts"]]
    known = {(f["kind"], f["key"]): f["attributes"] for f in await repository.facts(uow.session, names, at)}
    about = set()
    for cause in causes:
        for fact in cause["facts"]:
            key = fact.partition("@")[0]
            attributes = known.get((kinds.get(cause["rule"], ""), key), {})
            about.add((cause["rule"], str(attributes.get("subject") or key)))
    return about


SUBSCRIBERS = (ZoneRaised(),)
