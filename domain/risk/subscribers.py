"""Who is told when a zone gets riskier: the higher the risk, the higher the manager (clauses M8.3, M8.5)."""

from __future__ import annotations

from collections.abc import Sequence

from domain.risk import repository
from realtime.risk import repository as engine_rows
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork
from twin.i18n import t
from twin.notify.service import notify_role

#: Roles that hear of a zone at a level, 1 red .. 3 yellow.
TOLD = {1: ("leader", "manager", "control"), 2: ("manager", "control"), 3: ("control",)}


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
        causes = [cause["rule"] for cause in change["causes"]]
        named = "、".join(rules[key].title_zh for key in causes if key in rules) or t("risk.by_person", "zh-CN")
        facts = ",".join(sorted(f for cause in change["causes"] for f in cause["facts"]))
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
                dedupe=f"risk:{event.key}:{level}:{facts or event.seq}"[:200],
            )


SUBSCRIBERS = (ZoneRaised(),)
