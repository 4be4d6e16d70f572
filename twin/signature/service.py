"""Signing a record and checking signatures."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from twin import clock
from twin.auth.principal import Principal
from twin.auth.service import confirm_password
from twin.db.uow import UnitOfWork
from twin.errors import NotFound
from twin.files.models import Attachment
from twin.files.service import store
from twin.ids import uuid7
from twin.signature import devices, drawing, keys, repository, token
from twin.signature.algorithms import ALGORITHMS
from twin.signature.canonical import canonical, differences
from twin.signature.models import Signature, SigningKey
from twin.signature.port import signed_kinds
from twin.signature.schemas import Confirmation

_FIRST = "0" * 64
#: Columns that the statement repeats; a row that differs from its statement was changed.
_SAID = ("kind", "key", "meaning", "digest")


class SignatureNotFound(NotFound):
    """No such signature."""

    code = "signature_not_found"


@dataclass(frozen=True)
class Verdict:
    """What a check of one signature found.

    Attributes:
        signature: the signer's key made this signature over this statement.
        content: what was signed is what is kept, and the row agrees with its statement.
        link: the chain before and through it is whole.
        drawing: the handwriting is the one that was sealed.
        record: the record still is what was signed; None when its module no longer knows such records.
        changed: paths at which the record differs now.
    """

    row: Signature
    fingerprint: str
    signature: bool
    content: bool
    link: bool
    drawing: bool
    record: bool | None
    changed: tuple[str, ...]

    @property
    def valid(self) -> bool:
        """Whether all holds."""
        return self.signature and self.content and self.link and self.drawing and self.record is not False


async def sign(
    uow: UnitOfWork,
    principal: Principal,
    confirmation: Confirmation,
    kind: str,
    key: str,
    meaning: str,
    content: Mapping[str, Any],
    anew: Collection[str] = (),
) -> Signature:
    """Seal a record with the signer's own key, in this transaction.

    Args:
        content: all fields of the record and its photos' digests, as the module's ``SIGNED`` will give them again.
        anew: paths of ``content`` that every try of the step makes anew (ids, times); see :mod:`twin.signature.devices`.

    Raises:
        SignInFailed, SignInLocked: the password. SignatureEmpty: nothing was written. DeviceNeeded, DeviceRefused: the
        authenticator.
    """
    confirmed = await _confirm(uow, principal, confirmation, devices.intent_of(kind, meaning, content, anew))
    picture = await asyncio.to_thread(drawing.png, confirmation.drawing, confirmation.strokes)
    kept = await drawing.keep(picture)
    pair = await _key(uow, principal)
    algorithm, id_, now = ALGORITHMS[pair.algorithm], uuid7(), clock.now()
    image = Attachment(
        id=uuid7(), enterprise_id=uow.enterprise_id, sha256=kept.sha256, size=kept.size, media_type=kept.media_type,
        name="signature.png", owner_kind="signature", owner_key=str(id_), created_by=principal.account_id,
    )  # fmt: skip
    uow.session.add(image)
    text = canonical(content)
    digest = algorithm.digest(text.encode()).hex()
    head = await repository.lock_chain(uow.session, uow.enterprise_id)
    n = head.n + 1 if head else 1
    statement = canonical(
        {
            "v": 1, "id": id_, "enterprise": uow.enterprise_id, "n": n,
            "previous": bytes(head.hash).hex() if head else _FIRST,
            "kind": kind, "key": key, "meaning": meaning, "digest": digest, "drawing": kept.sha256,
            "signer": principal.account_id, "name": principal.name, "at": now,
            "algorithm": algorithm.name, "fingerprint": pair.fingerprint, "confirmed": confirmed,
        }
    )  # fmt: skip
    private = await asyncio.to_thread(keys.unseal, bytes(pair.sealed), str(principal.account_id))
    sealed = algorithm.sign(private, statement.encode())
    row = Signature(
        id=id_, enterprise_id=uow.enterprise_id, n=n, kind=kind, key=key, meaning=meaning, content=text, digest=digest,
        signer_id=principal.account_id, signer_name=principal.name, drawing_id=image.id, drawing_sha256=kept.sha256,
        at=now, key_id=pair.id, statement=statement, signature=sealed,
        hash=algorithm.digest(statement.encode() + sealed),
    )  # fmt: skip
    uow.session.add(row)
    await uow.session.flush()
    after = {
        "signature": str(id_),
        "n": n,
        "meaning": meaning,
        "confirmed": confirmed,
        "digest": digest,
        "hash": bytes(row.hash).hex(),
    }
    await uow.audit("sign", kind, key, after=after)
    return row


async def _confirm(uow: UnitOfWork, principal: Principal, given: Confirmation, intent: str) -> str:
    """How the person confirmed: ``password``, or ``webauthn`` and the digest of the authenticator's credential."""
    if given.password is not None:
        await confirm_password(uow, principal.account_id, given.password)
        return "password"
    if given.assertion is None:
        raise await devices.ask(uow, principal, intent)
    return f"webauthn {await devices.confirm(uow, principal, given.assertion, intent)}"


async def _key(uow: UnitOfWork, principal: Principal) -> SigningKey:
    name = keys.SignatureSettings().signature_algorithm
    found = await repository.key_of(uow.session, principal.account_id, name)
    if found is not None:
        return found
    private, public = ALGORITHMS[name].make()
    made = SigningKey(
        enterprise_id=uow.enterprise_id,
        account_id=principal.account_id,
        algorithm=name,
        public_key=public,
        sealed=await asyncio.to_thread(keys.seal, private, str(principal.account_id)),
        fingerprint=hashlib.sha256(public).hexdigest(),
    )
    try:
        async with uow.session.begin_nested():
            uow.session.add(made)
            await uow.session.flush()
    except IntegrityError:  # the same person, signing twice at once
        found = await repository.key_of(uow.session, principal.account_id, name)
        assert found is not None
        return found
    await uow.audit("signing_key", "account", str(principal.account_id), after={"fingerprint": made.fingerprint})
    return made


async def get(session: AsyncSession, signature_id: UUID) -> Signature:
    """A signature in sight.

    Raises:
        SignatureNotFound.
    """
    found = await session.get(Signature, signature_id)
    if found is None:
        raise SignatureNotFound(id=str(signature_id))
    return found


async def token_of(session: AsyncSession, row: Signature) -> str:
    """The text of the signature's QR code."""
    pair = (await repository.keys_by_id(session, {row.key_id}))[row.key_id]
    return token.make(row.statement, bytes(pair.public_key), bytes(row.signature))


async def verify(session: AsyncSession, rows: Sequence[Signature], *, records: bool = True) -> list[Verdict]:
    """Check signatures; with ``records`` their records as they are now, too."""
    previous = await repository.before(session, rows)
    pairs = await repository.keys_by_id(session, {row.key_id for row in rows})
    drawings = {digest: _drawing_holds(digest) for digest in {row.drawing_sha256 for row in rows}}
    found = []
    for row in rows:
        now = await _record_now(session, row) if records else None
        link = previous.get((row.enterprise_id, row.n), b"")
        found.append(_judge(row, pairs.get(row.key_id), link, now, drawings[row.drawing_sha256]))
    return found


async def _record_now(session: AsyncSession, row: Signature) -> str | None:
    known = signed_kinds().get(row.kind)
    if known is None:
        return None
    return canonical(await known.content(session, row.key, row.meaning))


def _judge(row: Signature, pair: SigningKey | None, previous: bytes, now: str | None, drawing: bool) -> Verdict:
    said = json.loads(row.statement)
    algorithm = ALGORITHMS[said["algorithm"]]
    statement, sealed = row.statement.encode(), bytes(row.signature)
    public = bytes(pair.public_key) if pair else b""
    fingerprint = hashlib.sha256(public).hexdigest()
    agrees = (
        all(said[name] == getattr(row, name) for name in _SAID)
        and said["signer"] == str(row.signer_id)
        and said["name"] == row.signer_name
        and said["n"] == row.n
        and said["at"] == json.loads(canonical(row.at))
        and said["drawing"] == row.drawing_sha256
        and pair is not None
        and pair.account_id == row.signer_id
    )
    content = agrees and algorithm.digest(row.content.encode()).hex() == row.digest
    linked = (previous.hex() if row.n > 1 else _FIRST) == said["previous"]
    changed = () if now is None else tuple(differences(json.loads(row.content), json.loads(now)))
    return Verdict(
        row=row,
        fingerprint=fingerprint,
        signature=said["fingerprint"] == fingerprint and algorithm.holds(public, statement, sealed),
        content=content,
        link=linked and algorithm.digest(statement + sealed) == bytes(row.hash),
        drawing=drawing,
        record=None if now is None else not changed and now == row.content,
        changed=changed,
    )


def _drawing_holds(sha256: str) -> bool:
    try:
        return hashlib.sha256(store().path(sha256).read_bytes()).hexdigest() == sha256
    except OSError:
        return False
