"""Sending to a target: every kind behind its mark, parents first, page by page; a mark moves when its page was taken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from domain.exchange import repository, wire
from domain.exchange.models import ExchangeRun, ExchangeTarget
from domain.exchange.schemas import TargetIn
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork, unit_of_work
from twin.errors import Conflict, NotFound
from twin.ids import uuid7
from twin.registry.exports import Export, Mark, exports
from twin.signature import keys

if TYPE_CHECKING:
    import httpx

#: Rows younger than this wait for the next run: transactions that began before them may still be open.
SETTLE = timedelta(seconds=5)
_TIMEOUT = 20.0


class TargetNotFound(NotFound):
    """No such target."""

    code = "target_not_found"


class TargetTaken(Conflict):
    """The code is in use."""

    code = "target_taken"


class ExchangeBusy(Conflict):
    """Another run sends to this target."""

    code = "exchange_busy"


@dataclass(frozen=True)
class Sent:
    """Outcome for a kind: ``sent``, ``invalid`` (rows that break the form, not sent), ``orphans`` (the target lacks
    parents: they are sent again), ``failed``."""

    kind: str
    rows: int
    outcome: str
    error: str = ""


async def add(uow: UnitOfWork, principal: Principal, body: TargetIn) -> ExchangeTarget:
    """A new target; its key is kept sealed.

    Raises:
        TargetTaken.
    """
    principal.require("exchange:manage")
    id_ = uuid7()
    secret = json.dumps({"key": body.key, "iv": body.iv}).encode()
    config = {
        "cipher": body.cipher,
        "time_format": body.time_format,
        "page": body.page,
        "paths": body.paths,
        "names": body.names,
    }
    row = ExchangeTarget(
        id=id_, enterprise_id=uow.enterprise_id, code=body.code, name=body.name, base_url=body.base_url,
        company_code=body.company_code, config=config, sealed=keys.seal(secret, str(id_)), active=True,
    )  # fmt: skip
    try:
        async with uow.session.begin_nested():
            uow.session.add(row)
            await uow.session.flush()
    except IntegrityError as error:
        raise TargetTaken(where=body.code) from error
    await uow.audit("create", "exchange_target", str(id_), after={"code": body.code, "base_url": body.base_url})
    return row


async def get(uow: UnitOfWork, target_id: UUID) -> ExchangeTarget:
    """A target.

    Raises:
        TargetNotFound.
    """
    row = await uow.session.get(ExchangeTarget, target_id)
    if row is None:
        raise TargetNotFound(id=str(target_id))
    return row


async def send(enterprise_id: UUID, target_id: UUID, client: httpx.AsyncClient | None = None) -> list[Sent]:
    """Send all that is new.

    Raises:
        TargetNotFound, ExchangeBusy.
    """
    async with unit_of_work(enterprise_id, origin="exchange") as guard:
        target = await get(guard, target_id)
        if not await repository.lock(guard.session, target_id):
            raise ExchangeBusy(id=str(target_id))
        secret = json.loads(keys.unseal(bytes(target.sealed), str(target_id)))
        from httpx import AsyncClient  # loaded with the first run

        own = client or AsyncClient(timeout=_TIMEOUT, follow_redirects=False)
        done = []
        try:
            for export in exports():
                done.append(await _send_kind(enterprise_id, target, secret, export, own))
                if done[-1].outcome not in ("sent", "invalid"):
                    break
        finally:
            if client is None:
                await own.aclose()
        await _note(enterprise_id, target_id, done)
    return done


async def _send_kind(
    enterprise_id: UUID, target: ExchangeTarget, secret: dict[str, str], export: Export, client: httpx.AsyncClient
) -> Sent:
    page, sent, bad = int(target.config["page"]), 0, list[str]()
    limit = clock.now() - SETTLE
    while True:
        async with unit_of_work(enterprise_id) as uow:
            mark = await repository.mark(uow.session, target.id, export.kind)
            rows = [row for row in await export.rows(uow.session, mark, page) if row["changed"] <= limit]
        if not rows:
            outcome = "invalid" if bad else "sent"
            return Sent(export.kind, sent, outcome, "; ".join(bad[:5]))
        spelled = [wire.spell(row, target.company_code, target.config["time_format"]) for row in rows]
        found = {row["id"]: wire.faults(export.kind, row) for row in spelled}
        bad += [f"{id_} {fault}" for id_, faults in found.items() for fault in faults]
        good = [row for row in spelled if not found[row["id"]]]
        if good:
            failure = await _post(target, secret, export, good, client)
            if failure is not None:
                if failure.outcome == "orphans":
                    await _again(enterprise_id, target.id, export)
                return Sent(export.kind, sent, failure.outcome, failure.error)
        sent += len(good)
        to: Mark = (rows[-1]["changed"], rows[-1]["id"])
        async with unit_of_work(enterprise_id) as uow:
            await repository.set_mark(uow.session, enterprise_id, target.id, export.kind, to)


async def _post(
    target: ExchangeTarget,
    secret: dict[str, str],
    export: Export,
    rows: Sequence[dict[str, Any]],
    client: httpx.AsyncClient,
) -> Sent | None:
    names: dict[str, str] = target.config["names"]
    wired = [{names.get(f"{export.kind}.{k}", k): v for k, v in row.items()} for row in rows]
    body = {
        "datas": wire.pack(wired, target.config["cipher"], bytes.fromhex(secret["key"]), bytes.fromhex(secret["iv"]))
    }
    url = target.base_url.rstrip("/") + target.config["paths"].get(export.kind, f"/{export.kind}")
    from httpx import HTTPError

    try:
        answer = await client.post(url, json=body)
        told = answer.json() if answer.status_code < 500 else {}
    except (HTTPError, ValueError) as error:
        return Sent(export.kind, 0, "failed", f"{type(error).__name__}: {error}"[:300])
    if answer.status_code == 200 and isinstance(told, dict) and told.get("code") in (0, 200, "0", "200"):
        return None
    text = json.dumps(told, ensure_ascii=False)[:300]
    orphans = isinstance(told, dict) and bool(told.get("orphans"))
    return Sent(export.kind, 0, "orphans" if orphans else "failed", f"{answer.status_code} {text}")


async def _again(enterprise_id: UUID, target_id: UUID, export: Export) -> None:
    """The target lacks parents: send those kinds, and theirs, from the beginning with the next run."""
    known = {e.kind: e for e in exports()}
    todo, wanted = [kind for _, kind in export.parents], set[str]()
    while todo:
        kind = todo.pop()
        if kind not in wanted:
            wanted.add(kind)
            todo += [parent for _, parent in known[kind].parents]
    async with unit_of_work(enterprise_id) as uow:
        await repository.forget(uow.session, target_id, sorted(wanted))


async def _note(enterprise_id: UUID, target_id: UUID, done: Sequence[Sent]) -> None:
    async with unit_of_work(enterprise_id, origin="exchange") as uow:
        for sent in done:
            if sent.rows or sent.outcome != "sent":
                uow.session.add(
                    ExchangeRun(
                        id=uuid7(),
                        enterprise_id=enterprise_id,
                        target_id=target_id,
                        kind=sent.kind,
                        rows=sent.rows,
                        outcome=sent.outcome,
                        error=sent.error,
                    )
                )
        await uow.audit(
            "send", "exchange_target", str(target_id), after={s.kind: f"{s.outcome} {s.rows}" for s in done}
        )
