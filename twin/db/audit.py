"""The audit trail: append-only rows, sealed in batches into one SHA-256 chain per enterprise.

Writers only add rows and never wait for one another. The worker numbers them without gaps and links them: link *n* is
``SHA-256(link n-1 | n | digest of row n)``. :func:`verify` recomputes everything and names each row that was changed,
removed, moved or slipped in. The newest links are also written to ``var/audit-heads.jsonl``, outside the database, so
that cutting the end off shows too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import column, delete, insert, select, table, text
from sqlalchemy.ext.asyncio import AsyncSession

from twin import clock
from twin.db.models import Audit, AuditPending, AuditSeal
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.settings import Settings, get_settings

_LOCK = 7465111
_BATCH = 1000
_ZERO = bytes(32)
#: Rows not sealed after this long are reported.
SEAL_WITHIN = timedelta(minutes=10)

_account = table("account", column("id"), column("username"))

# The digest of a row is made by the database from the stored text, by one expression for sealing and checking. The
# content enters by its own digests, so that a retention rule may drop content later without breaking the chain.
_DIGEST = """sha256(convert_to(jsonb_build_array(a.id, a.enterprise_id,
    to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), a.actor_id, a.actor, a.origin, a.action, a.kind,
    a.key, a.before_digest, a.after_digest)::text, 'UTF8'))"""
_CONTENT_HOLDS = """(a.before IS NULL OR a.before_digest = encode(sha256(convert_to(a.before::text, 'UTF8')), 'hex'))
    AND (a.after IS NULL OR a.after_digest = encode(sha256(convert_to(a.after::text, 'UTF8')), 'hex'))"""


async def record(
    uow: UnitOfWork,
    action: str,
    kind: str,
    key: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    enterprise_id: UUID | None = None,
) -> None:
    """Add the audit row of a change to the unit's transaction.

    ``enterprise_id`` only for units over all enterprises.
    """
    name = select(_account.c.username).where(_account.c.id == uow.actor_id).scalar_subquery() if uow.actor_id else ""
    values: dict[str, Any] = {
        "enterprise_id": enterprise_id or uow.enterprise_id,
        "at": clock.now(),
        "actor_id": uow.actor_id,
        "origin": uow.origin,
        "action": action,
        "kind": kind,
        "key": key,
        "actor": name,
    }
    if before is not None:
        values["before"] = before
    if after is not None:
        values["after"] = after
    await uow.session.execute(insert(Audit).values(values))


def link(previous: bytes, n: int, digest: bytes) -> bytes:
    """The chain's hash number ``n``."""
    return hashlib.sha256(previous + n.to_bytes(8, "big") + digest).digest()


async def seal(settings: Settings | None = None) -> int:
    """Seal all waiting rows; how many. Only one process seals at a time; the others return 0."""
    total = 0
    while True:
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            if not (await uow.session.execute(text("SELECT pg_try_advisory_xact_lock(:k)"), {"k": _LOCK})).scalar():
                return total
            heads, count = await _seal_batch(uow.session)
        if heads:
            _note_heads(settings or get_settings(), heads)
        total += count
        if count < _BATCH:
            return total


async def _seal_batch(session: AsyncSession) -> tuple[dict[UUID, tuple[int, bytes]], int]:
    rows = (
        await session.execute(
            text(
                f"SELECT a.enterprise_id, a.id, {_DIGEST} FROM audit_pending p JOIN audit a ON a.id = p.audit_id"
                " WHERE NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.audit_id = a.id) ORDER BY a.id LIMIT :limit"
            ),
            {"limit": _BATCH},
        )
    ).all()
    if not rows:
        return {}, 0
    heads: dict[UUID, tuple[int, bytes]] = {}
    seals: list[dict[str, Any]] = []
    now = clock.now()
    for enterprise_id, audit_id, digest in rows:
        n, previous = heads.get(enterprise_id) or await _head(session, enterprise_id)
        hashed = link(previous, n + 1, bytes(digest))
        heads[enterprise_id] = (n + 1, hashed)
        seals.append(
            {
                "enterprise_id": enterprise_id,
                "n": n + 1,
                "audit_id": audit_id,
                "digest": digest,
                "hash": hashed,
                "sealed_at": now,
            }
        )
    await session.execute(insert(AuditSeal), seals)
    await session.execute(delete(AuditPending).where(AuditPending.audit_id.in_([s["audit_id"] for s in seals])))
    return heads, len(rows)


async def _head(session: AsyncSession, enterprise_id: UUID) -> tuple[int, bytes]:
    row = (
        await session.execute(
            select(AuditSeal.n, AuditSeal.hash)
            .where(AuditSeal.enterprise_id == enterprise_id)
            .order_by(AuditSeal.n.desc())
            .limit(1)
        )
    ).first()
    return (row[0], bytes(row[1])) if row else (0, _ZERO)


def heads_file(settings: Settings) -> Path:
    """Where the newest links are noted outside the database; the last line of an enterprise counts."""
    return settings.var_dir / "audit-heads.jsonl"


def _note_heads(settings: Settings, heads: dict[UUID, tuple[int, bytes]]) -> None:
    path = heads_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = read_heads(settings)
    kept.update({str(e): (n, h.hex()) for e, (n, h) in heads.items()})
    part = path.with_suffix(".part")
    part.write_text(
        "".join(json.dumps({"enterprise": e, "n": n, "hash": h}) + "\n" for e, (n, h) in sorted(kept.items()))
    )
    part.replace(path)


def read_heads(settings: Settings) -> dict[str, tuple[int, str]]:
    """The noted links: enterprise id -> (n, hash in hex)."""
    try:
        rows = [json.loads(line) for line in heads_file(settings).read_text().splitlines() if line]
    except FileNotFoundError:
        return {}
    return {row["enterprise"]: (int(row["n"]), str(row["hash"])) for row in rows}


@dataclass(frozen=True)
class Fault:
    """Something wrong with the trail.

    Attributes:
        reason: ``changed`` (content differs from its seal), ``missing`` (sealed row is gone), ``seal_missing`` (a
            number is gone), ``chain_broken`` (a seal was changed or moved), ``unsealed`` (a row that the chain does not
            know), ``cut_off`` (the end of the chain that was noted outside the database is gone).
        n: number in the chain; None for a row without a seal.
        audit_id: the audit row.
    """

    enterprise_id: UUID
    reason: str
    n: int | None
    audit_id: int | None


@dataclass(frozen=True)
class Report:
    """Outcome of a check: how many links were checked, and the faults found."""

    checked: int
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Whether the trail is whole."""
        return not self.faults


async def verify(enterprise_id: UUID | None = None, settings: Settings | None = None) -> Report:
    """Check the chains of one enterprise or of all, link by link, in constant memory."""
    faults: list[Fault] = []
    checked = 0
    # Read before the snapshot: links are noted after their commit, so every noted link is in the snapshot.
    noted = read_heads(settings or get_settings())
    async with unit_of_work(enterprise_id or ALL_ENTERPRISES, snapshot=True) as uow:
        owners = [row[0] for row in await uow.session.execute(text("SELECT id FROM enterprise ORDER BY id"))]
        for owner in owners:
            count, found = await _verify_chain(uow.session, owner, noted.get(str(owner)))
            checked += count
            faults += found
        faults += await _unsealed(uow.session)
    return Report(checked, tuple(faults))


async def _verify_chain(session: AsyncSession, owner: UUID, noted: tuple[int, str] | None) -> tuple[int, list[Fault]]:
    faults: list[Fault] = []
    rows = await session.stream(
        text(
            "SELECT s.n, s.audit_id, s.digest, s.hash, a.id IS NOT NULL,"
            f" {_DIGEST} = s.digest AND a.enterprise_id = s.enterprise_id AND {_CONTENT_HOLDS}"
            " FROM audit_seal s LEFT JOIN audit a ON a.id = s.audit_id WHERE s.enterprise_id = :e ORDER BY s.n"
        ),
        {"e": owner},
    )
    expected, previous, checked = 1, _ZERO, 0
    seen_noted = noted is None
    async for n, audit_id, digest, hashed, there, same in rows:
        checked += 1
        if n != expected:
            faults += [Fault(owner, "seal_missing", gone, None) for gone in range(expected, min(n, expected + 100))]
        elif link(previous, n, bytes(digest)) != bytes(hashed):
            faults.append(Fault(owner, "chain_broken", n, audit_id))
        if not there:
            faults.append(Fault(owner, "missing", n, audit_id))
        elif not same:
            faults.append(Fault(owner, "changed", n, audit_id))
        if noted is not None and n == noted[0]:
            seen_noted = bytes(hashed).hex() == noted[1]
        expected, previous = n + 1, bytes(hashed)
    if not seen_noted and noted is not None:
        faults.append(Fault(owner, "cut_off", noted[0], None))
    return checked, faults


async def _unsealed(session: AsyncSession) -> list[Fault]:
    rows = await session.execute(
        text(
            "SELECT a.enterprise_id, a.id FROM audit a LEFT JOIN audit_seal s ON s.audit_id = a.id"
            " WHERE s.audit_id IS NULL AND a.at < :old ORDER BY a.id LIMIT 100"
        ),
        {"old": clock.now() - SEAL_WITHIN},
    )
    return [Fault(enterprise_id, "unsealed", None, audit_id) for enterprise_id, audit_id in rows]


async def page(
    session: AsyncSession,
    *,
    before: int | None,
    limit: int,
    kind: str | None = None,
    key: str | None = None,
    actor_id: UUID | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[tuple[Audit, int | None]]:
    """Audit rows of the session's enterprise, newest first, below the id ``before``, with their chain numbers."""
    query = (
        select(Audit, AuditSeal.n)
        .outerjoin(AuditSeal, AuditSeal.audit_id == Audit.id)
        .order_by(Audit.id.desc())
        .limit(limit)
    )
    for attribute, value in ((Audit.kind, kind), (Audit.key, key), (Audit.actor_id, actor_id), (Audit.action, action)):
        if value is not None:
            query = query.where(attribute == value)
    if before is not None:
        query = query.where(Audit.id < before)
    if since is not None:
        query = query.where(Audit.at >= since)
    if until is not None:
        query = query.where(Audit.at < until)
    return [(row[0], row[1]) for row in await session.execute(query)]
