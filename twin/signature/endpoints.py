"""Signatures of a record (``/api/signatures``) and the public check (``/api/verify``, without sign-in)."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from twin.auth.models import Account
from twin.auth.repository import enterprise
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.i18n import t
from twin.signature import devices, repository, repository_devices, service, token
from twin.signature.models import Signature
from twin.signature.schemas import (
    Checks,
    DeviceAsk,
    DeviceIn,
    DeviceOptions,
    DeviceOut,
    DevicesOut,
    KeyOut,
    SealIn,
    SealOut,
    SignatureOut,
    VerdictOut,
)
from twin.text_in import Asked
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(tags=["signatures"], route_class=TwinRoute)


async def out(uow: UnitOfWork, row: Signature) -> SignatureOut:
    """A signature as clients see it."""
    fields = {name: getattr(row, name) for name in SignatureOut.model_fields if name != "token"}
    return SignatureOut(**fields, token=await service.token_of(uow.session, row))


@router.get("/api/signatures", summary="Signatures under a record")
async def of_record(uow: Uow, principal: CurrentPrincipal, kind: Asked, key: Asked) -> list[SignatureOut]:
    """Oldest first."""
    principal.require("map:read")
    return [await out(uow, row) for row in await repository.of_record(uow.session, kind, [key])]


@router.get("/api/signatures/devices", summary="One's own authenticators")
async def own_devices(uow: Uow, principal: CurrentPrincipal) -> DevicesOut:
    """Oldest first, and the address at which they answer."""
    held = await repository_devices.of_account(uow.session, principal.account_id)
    items = [DeviceOut.model_validate(device, from_attributes=True) for device in held]
    return DevicesOut(origin=devices.origin(), items=items)


@router.post("/api/signatures/devices/options", summary="Begin to register an authenticator")
async def begin_device(body: DeviceAsk, uow: Uow, principal: CurrentPrincipal) -> DeviceOptions:
    """Confirmed with the password; the challenge is good once, for two minutes."""
    challenge_id, options = await devices.begin(uow, principal, body.password)
    return DeviceOptions(challenge_id=challenge_id, options=options)


@router.post("/api/signatures/devices", summary="Register an authenticator", status_code=201)
async def add_device(body: DeviceIn, uow: Uow, principal: CurrentPrincipal) -> DeviceOut:
    """From now on it confirms one's signatures instead of the password."""
    return DeviceOut.model_validate(await devices.register(uow, principal, body), from_attributes=True)


@router.delete("/api/signatures/devices/{device_id}", summary="Remove an authenticator", status_code=204)
async def remove_device(device_id: UUID, uow: Uow, principal: CurrentPrincipal) -> None:
    """One's own; what it has confirmed stays signed."""
    await devices.remove(uow, principal, device_id)


@router.get("/api/verify/keys", summary="Public keys of an enterprise")
async def public_keys(uow: Uow, principal: CurrentPrincipal) -> list[KeyOut]:
    """The list by which a token is checked offline (``twin verify FILE --keys keys.json``)."""
    return await key_list(uow)


async def key_list(uow: UnitOfWork) -> list[KeyOut]:
    """The enterprise's public keys."""
    made = []
    for key in await repository.keys(uow.session):
        account = await uow.session.get(Account, key.account_id)
        made.append(
            KeyOut(
                fingerprint=key.fingerprint,
                algorithm=key.algorithm,
                public_key=bytes(key.public_key).hex(),
                account_id=key.account_id,
                name=account.name if account else "",
                created_at=key.created_at,
            )
        )
    return made


@router.get("/api/verify/{signature_id}", summary="Check a signature")
async def check(signature_id: UUID, language: Language) -> VerdictOut:
    """Signature, chain, handwriting, and the record as it is now. Needs no sign-in: the id comes from a printed code."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        row = await service.get(uow.session, signature_id)
        (found,) = await service.verify(uow.session, [row])
        owner = await enterprise(uow.session, row.enterprise_id)
    return VerdictOut(
        id=row.id,
        valid=found.valid,
        checks=Checks(
            signature=found.signature,
            content=found.content,
            link=found.link,
            drawing=found.drawing,
            record=found.record,
        ),
        changed=list(found.changed)[:100],
        kind=row.kind,
        title=t(f"signed.{row.kind}", language),
        meaning=row.meaning,
        signer_name=row.signer_name,
        enterprise=owner.name if owner else "",
        at=row.at,
        algorithm=json.loads(row.statement)["algorithm"],
        fingerprint=found.fingerprint,
    )


@router.post("/api/verify", summary="Check the text of a QR code")
async def check_token(body: SealIn) -> SealOut:
    """Whether the code's signature holds, and whether this installation knows it. Needs no sign-in."""
    found = token.check(body.token)
    if found is None:
        return SealOut(holds=False, known=False, id=None, kind="", meaning="", signer_name="", at="", fingerprint="")
    said = found.statement
    known = False
    id_ = _uuid(said.get("id"))
    if found.holds and id_ is not None:
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            row = await uow.session.get(Signature, id_)
            known = row is not None and json.loads(row.statement) == said
    return SealOut(
        holds=found.holds,
        known=known,
        id=id_,
        kind=str(said.get("kind", "")),
        meaning=str(said.get("meaning", "")),
        signer_name=str(said.get("name", "")),
        at=str(said.get("at", "")),
        fingerprint=found.fingerprint,
    )


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


@router.get("/api/verify/chain/state", summary="Check the chain of signatures")
async def chain(
    uow: Uow, principal: CurrentPrincipal, after: Annotated[int, Query(ge=0, le=2**62)] = 0
) -> dict[str, Any]:
    """Up to 1,000 links behind ``after``: how many hold, and the faulty ones."""
    principal.require("map:read")
    rows = await repository.page(uow.session, after, 1000)
    verdicts = await service.verify(uow.session, rows, records=False)
    expected = after + 1
    gaps = []
    for row in rows:
        gaps += list(range(expected, min(row.n, expected + 100)))
        expected = row.n + 1
    return {
        "checked": len(rows),
        "bad": [str(v.row.id) for v in verdicts if not v.valid],
        "missing": gaps,
        "next": rows[-1].n if len(rows) == 1000 else None,
    }
