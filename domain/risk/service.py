"""The risk map for people: rules and their trial, why a zone has its colour, decisions, cards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.risk import repository
from domain.risk.errors import (
    OverrideNotFound,
    OverrideTime,
    RiskRuleChanged,
    RiskRuleUnknownKind,
    RiskRuleZoneUnknown,
    ZoneNotFound,
)
from domain.risk.schemas import (
    CardOut,
    CauseFact,
    CauseOut,
    LevelChange,
    OverrideIn,
    Responsible,
    RiskRuleIn,
    Timeline,
    TimelinePart,
    TrialIn,
    TrialOut,
    TrialZone,
    ZoneOut,
    ZoneState,
)
from domain.risk.signed import override_facts, rule_facts
from realtime.risk import repository as engine_rows
from realtime.risk.book import RuleBody
from realtime.risk.engine import RiskEngine
from realtime.risk.inputs import inputs
from realtime.risk.repository import OverrideRow, RuleRow
from realtime.risk.types import Fact, Rule, Zone
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.errors import Invalid
from twin.ids import uuid7
from twin.registry.zone_section import zone_sections
from twin.signature import service as signatures

READ, WRITE = "risk:read", "risk:write"
_LONGEST = timedelta(days=30)
#: The longest line that is drawn.
_REACH = timedelta(days=31)


# ---- rules


def check_kind(kind: str, names: Iterable[str]) -> None:
    """Refuse a rule about facts that are not known, or about attributes that they do not have.

    Raises:
        RiskRuleUnknownKind: with the kind or the attribute named. A kind that no module feeds yet is allowed when the product's own rules
            use it.
    """
    known = inputs().get(kind)
    if known is None:
        from realtime.risk.book import first_rules

        if kind not in {row["body"]["kind"] for row in first_rules()}:
            raise RiskRuleUnknownKind(name=kind)
        return
    for name in names:
        if name not in known.attributes:
            raise RiskRuleUnknownKind(name=f"{kind}.{name}")


async def check_rule(uow: UnitOfWork, body: RuleBody) -> None:
    """Refuse a rule that could never act.

    Raises:
        RiskRuleUnknownKind, RiskRuleZoneUnknown.
    """
    check_kind(body.kind, (c.name for c in body.where))
    there = {zone.code for zone in await engine_rows.zones(uow.session)} if body.zones else set()
    if missing := sorted(set(body.zones) - there):
        raise RiskRuleZoneUnknown(codes="、".join(missing))


async def put_rule(uow: UnitOfWork, principal: Principal, key: str, body: RiskRuleIn) -> RuleRow:
    """Change or add a rule, signed; the engine takes it at once.

    Raises:
        RiskRuleChanged: somebody else was first. RiskRuleUnknownKind, RiskRuleZoneUnknown, SignInFailed, SignatureEmpty.
    """
    principal.require(WRITE)
    await check_rule(uow, body.body)
    before = next((row for row in await engine_rows.rule_rows(uow.session) if row.key == key), None)
    row = RuleRow(
        key, body.title_zh, body.title_en, body.icon, body.body.model_dump(exclude_defaults=True), body.enabled,
        body.version, clock.now(),
    )  # fmt: skip
    after = await engine_rows.put_rule(uow.session, uow.enterprise_id, principal.account_id, row)
    if after is None:
        raise RiskRuleChanged()
    await signatures.sign(uow, principal, body.confirmation, "risk_rule", key, "change", rule_facts(after))
    await uow.audit("rule", "risk_rule", key, before=rule_facts(before) if before else None, after=rule_facts(after))
    await uow.emit("risk.rule", "put", key, {"version": after.version})
    return after


async def trial(uow: UnitOfWork, principal: Principal, body: TrialIn) -> TrialOut:
    """Run the facts of the last days through the rules as they are and as they would be; changes nothing."""
    principal.require(READ)
    await check_rule(uow, body.body)
    now = clock.now()
    zones = await engine_rows.zones(uow.session)
    rules = await engine_rows.rules(uow.session)
    log = await engine_rows.log(uow.session, now - timedelta(days=body.days))
    others = [rule for rule in rules if rule.key != body.key]
    would = [*others, body.body.rule(body.key)] if body.enabled else others
    start = (now - timedelta(days=body.days)).timestamp()
    spans = (start, now.timestamp())
    was_times, was_lifts = await asyncio.to_thread(_spent, zones, rules, log, *spans)
    would_times, would_lifts = await asyncio.to_thread(_spent, zones, would, log, *spans)
    different = [
        TrialZone(zone=code, was=was_times[code], would=would_times[code])
        for code in was_times
        if any(abs(was_times[code].get(n, 0) - would_times[code].get(n, 0)) >= 1 for n in (1, 2, 3, 4))
    ]
    return TrialOut(days=body.days, facts=len(log), lifts_were=was_lifts, lifts_would=would_lifts, zones=different)


def _spent(
    zones: Sequence[Zone], rules: Sequence[Rule], log: Sequence[Fact], start: float, end: float
) -> tuple[dict[str, dict[int, float]], int]:
    """Seconds of every zone at each level from ``start`` to ``end``, and how often one was lifted."""
    engine = RiskEngine(zones, rules, min([start, *(f.since for f in log[:1])]))
    times: dict[str, dict[int, float]] = {zone.code: {} for zone in zones}
    at = {zone.code: (engine.level(zone.code), start) for zone in zones}
    lifts = 0

    def note() -> None:
        nonlocal lifts
        for change in engine.drain():
            level, since = at[change.zone]
            if change.after == level:
                continue
            moment = max(change.at, start)
            times[change.zone][level] = times[change.zone].get(level, 0.0) + moment - since
            at[change.zone] = (change.after, moment)
            lifts += change.after < level and change.at >= start

    for n, fact in enumerate(log):
        if fact.until is None:
            engine.put(fact)
        else:
            engine.end(fact.kind, fact.key, fact.until)
        if n % 500 == 0:
            note()
    engine.advance(end)
    note()
    for code, (level, since) in at.items():
        times[code][level] = times[code].get(level, 0.0) + end - since
    return times, lifts


# ---- why


async def state(uow: UnitOfWork, code: str, at: datetime, language: str) -> ZoneState:
    """What a zone showed at a time, and why.

    Raises:
        ZoneNotFound: no such zone.
    """
    zone = await repository.zone(uow.session, code)
    if zone is None:
        raise ZoneNotFound(code=code)
    row = await engine_rows.state_at(uow.session, at, code)
    if row is None:
        return ZoneState(
            zone=code, at=at, since=at, level=zone["risk"], own=zone["risk"], static=zone["static_risk"], child=None,
            override=False, causes=[],
        )  # fmt: skip
    return ZoneState(
        zone=code,
        at=at,
        since=row["at"],
        level=row["after"],
        own=row["own"],
        static=zone["static_risk"],
        child=row["child"],
        override=row["override"],
        causes=await causes_of(uow, row["causes"], at, language),
    )


async def causes_of(uow: UnitOfWork, causes: Sequence[dict[str, Any]], at: datetime, language: str) -> list[CauseOut]:
    """The causes of a change as it was kept, with the facts as they were known at a time."""
    rules = {row.key: row for row in await engine_rows.rule_rows(uow.session)}
    # facts in a window carry the time at which they began behind their key
    wanted = {
        (str(rules[c["rule"]].body["kind"]), key.split("@")[0])
        for c in causes
        if c["rule"] in rules
        for key in c["facts"]
    }
    facts = {(f["kind"], f["key"]): f for f in await repository.facts(uow.session, sorted(wanted), at)}
    made = []
    for cause in causes:
        rule = rules.get(cause["rule"])
        title = (rule.title_en if language == "en" else rule.title_zh) if rule else cause["rule"]
        kind = str(rule.body["kind"]) if rule else ""
        shown = []
        for name in cause["facts"]:
            key = name.split("@")[0]
            fact = facts.get((kind, key))
            shown.append(
                CauseFact(
                    kind=kind,
                    key=key,
                    since=fact["since"] if fact else None,
                    until=fact["until"] if fact and fact["until"] and fact["until"] <= at else None,
                    attributes=fact["attributes"] if fact else {},
                )
            )
        made.append(
            CauseOut(
                rule=cause["rule"],
                title=title,
                icon=rule.icon if rule else "info",
                since=datetime.fromisoformat(cause["since"]),
                total=cause["total"],
                facts=shown,
            )
        )
    return made


def change_out(row: dict[str, Any]) -> LevelChange:
    """A kept change as the API gives it."""
    return LevelChange(
        zone=row["zone"], at=row["at"], before=row["before"], after=row["after"], own=row["own"], child=row["child"],
        override=row["override"], rules=[c["rule"] for c in row["causes"]],
    )  # fmt: skip


# ---- decisions


async def override(uow: UnitOfWork, principal: Principal, code: str, body: OverrideIn) -> OverrideRow:
    """Set a zone's own level until a time, signed.

    Raises:
        ZoneNotFound, OverrideTime, SignInFailed, SignatureEmpty.
    """
    principal.require(WRITE)
    principal.require_zone(code)
    now = clock.now()
    if await repository.zone(uow.session, code) is None:
        raise ZoneNotFound(code=code)
    if not now < body.until <= now + _LONGEST:
        raise OverrideTime()
    row = OverrideRow(uuid7(), code, body.level, body.reason, now, body.until, None, principal.name)
    await engine_rows.add_override(uow.session, uow.enterprise_id, principal.account_id, row)
    await signatures.sign(
        uow, principal, body.confirmation, "risk_override", str(row.id), "decide", override_facts(row), ("id", "at")
    )
    await uow.audit("override", "zone_risk", code, after={"level": body.level, "reason": body.reason})
    await uow.emit("risk.override", "set", code, {"level": body.level, "until": body.until.timestamp()})
    return row


async def end_override(uow: UnitOfWork, principal: Principal, code: str) -> None:
    """Take a decision back; the zone returns to what the facts say.

    Raises:
        OverrideNotFound: nobody had decided.
    """
    principal.require(WRITE)
    principal.require_zone(code)
    if not await engine_rows.end_override(uow.session, code, clock.now()):
        raise OverrideNotFound(code=code)
    await uow.audit("override_end", "zone_risk", code)
    await uow.emit("risk.override", "end", code, {"level": None, "until": 0})


# ---- a zone whole


async def zone(uow: UnitOfWork, principal: Principal, code: str, language: str) -> ZoneOut:
    """Everything about a zone that this person may see (clause M8.4).

    Raises:
        ZoneNotFound: no such zone.
    """
    now = clock.now()
    row = await repository.zone(uow.session, code)
    if row is None:
        raise ZoneNotFound(code=code)
    codes = await repository.below(uow.session, code)
    history = await engine_rows.changes(uow.session, code, now - timedelta(days=1), now, 200)
    sections = {
        section.key: await section.load(uow, principal, codes, language)
        for section in zone_sections()
        if section.scope in principal.scopes
    }
    people = [
        Responsible(name=up["owner"], phone=up["owner_phone"] or "", role=named(up, language))
        for up in await repository.above(uow.session, code)
        if up["owner"]
    ]
    return ZoneOut(
        id=str(row["id"]),
        code=code,
        name=named(row, language),
        kind=row["kind"],
        control_level=row["control_level"],
        state=await state(uow, code, now, language),
        history=[change_out(change) for change in history],
        responsible=people,
        cards=[CardOut(**card) for card in await repository.cards(uow.session, [code])],
        sections=sections,
    )


def named(row: dict[str, Any], language: str) -> str:
    """The row's name in the reader's language."""
    return str((row["name_en"] if language == "en" else row["name"]) or row["name"])


async def timeline(uow: UnitOfWork, start: datetime, end: datetime, parts: int) -> Timeline:
    """What happened in ``parts`` equal steps of a period.

    Raises:
        Invalid: the period is empty or longer than what the time machine reaches.
    """
    if not timedelta(0) < end - start <= _REACH:
        raise Invalid(errors=[{"where": "from", "code": "period"}])
    step = (end - start) / parts
    rows = await repository.timeline(uow.session, start, end, step)
    told = [TimelinePart(at=start + step * row.pop("part"), **row) for row in rows]
    return Timeline(start=start, end=end, step=step.total_seconds(), parts=told)
