"""Platform authenticators (WebAuthn level 2) as the second way to confirm a signature, instead of the password.

A signature is confirmed for one record: the authenticator signs a challenge that is the digest of a one-time number and
of the record's content, so its answer holds for no other record and no second time. The step is tried once without a
confirmation; it is rolled back and its answer (428 ``device_needed``) carries the challenge. Tried again with the
authenticator's answer, the content must still be the same.

User verification (finger, face, PIN) is required, and a counter that does not rise is refused: a copied authenticator.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from twin import clock
from twin.auth.models import Account
from twin.auth.principal import Principal
from twin.auth.service import confirm_password
from twin.db.uow import UnitOfWork, unit_of_work
from twin.errors import Conflict, Forbidden, Invalid, NotFound, TwinError
from twin.ids import uuid7
from twin.settings import get_settings
from twin.signature import repository_devices as repository
from twin.signature.canonical import canonical
from twin.signature.keys import SignatureSettings
from twin.signature.models import SignatureChallenge, SignatureDevice
from twin.signature.schemas import Assertion, DeviceIn

VALID = timedelta(minutes=2)
DEVICES = 10


class DeviceNeeded(TwinError):
    """Nothing was signed yet: ``params`` give the challenge (``challenge_id``, ``options`` of credentials.get)."""

    code = "device_needed"
    status = 428


class DeviceRefused(Forbidden):
    """The authenticator's answer does not hold for this record."""

    code = "device_refused"


class DeviceNotFound(NotFound):
    """The account has no such authenticator."""

    code = "device_not_found"


class DeviceKnown(Conflict):
    """The authenticator is registered already, or the account has as many as it may."""

    code = "device_known"


def origin() -> str:
    """The address at which browsers open the product: authenticators answer for it alone."""
    return SignatureSettings().webauthn_origin.rstrip("/") or f"http://localhost:{get_settings().port}"


def _host() -> str:
    return urlsplit(origin()).hostname or ""


async def begin(uow: UnitOfWork, principal: Principal, password: str) -> tuple[UUID, dict[str, Any]]:
    """Begin to register an authenticator: a challenge's id, and the options of ``navigator.credentials.create``.

    Raises:
        SignInFailed, SignInLocked: the password. DeviceKnown: too many of them.
    """
    from webauthn import generate_registration_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        UserVerificationRequirement,
    )

    await confirm_password(uow, principal.account_id, password)
    held = await repository.of_account(uow.session, principal.account_id)
    if len(held) >= DEVICES:
        raise DeviceKnown
    challenge = await _challenge(uow, principal, "register")
    account = await uow.session.get_one(Account, principal.account_id)
    options = generate_registration_options(
        rp_id=_host(), rp_name="plant twin", user_id=principal.account_id.bytes, user_name=account.username,
        user_display_name=principal.name, challenge=bytes(challenge.nonce),
        authenticator_selection=AuthenticatorSelectionCriteria(user_verification=UserVerificationRequirement.REQUIRED),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(device.credential_id)) for device in held],
    )  # fmt: skip
    return challenge.id, options_to_json_dict(options)


async def register(uow: UnitOfWork, principal: Principal, body: DeviceIn) -> SignatureDevice:
    """Keep an authenticator that has answered the challenge of :func:`begin`.

    Raises:
        DeviceRefused: the answer does not hold. DeviceKnown: somebody has registered it.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    nonce = await repository.claim(uow.session, principal.account_id, body.challenge_id, "register", clock.now())
    if nonce is None:
        raise DeviceRefused
    try:
        made = verify_registration_response(
            credential=body.credential, expected_challenge=bytes(nonce), expected_rp_id=_host(),
            expected_origin=origin(), require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise DeviceRefused from error
    device = SignatureDevice(
        id=uuid7(), enterprise_id=uow.enterprise_id, account_id=principal.account_id, name=body.name,
        credential_id=made.credential_id, public_key=made.credential_public_key, sign_count=made.sign_count,
        used_at=None, removed_at=None,
    )  # fmt: skip
    if not await repository.add(uow.session, device):
        raise DeviceKnown
    await uow.audit("signature_device", "account", str(principal.account_id), after={"name": body.name})
    return device


async def remove(uow: UnitOfWork, principal: Principal, device_id: UUID) -> None:
    """Take one's own authenticator back; signatures that it confirmed stay.

    Raises:
        DeviceNotFound.
    """
    name = await repository.remove(uow.session, principal.account_id, device_id, clock.now())
    if name is None:
        raise DeviceNotFound(id=str(device_id))
    await uow.audit("signature_device_removed", "account", str(principal.account_id), before={"name": name})


async def ask(uow: UnitOfWork, principal: Principal, intent: str) -> DeviceNeeded:
    """The answer that asks for the authenticator: its challenge is kept, while the step itself is rolled back.

    Raises:
        Invalid: the account has no authenticator, so the password is what is missing.
    """
    from webauthn import generate_authentication_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    held = await repository.of_account(uow.session, principal.account_id)
    if not held:
        raise Invalid(errors=[{"where": "confirmation.password", "code": "password_missing"}])
    async with unit_of_work(uow.enterprise_id, principal.account_id, uow.origin) as own:
        challenge = await _challenge(own, principal, "sign")
        nonce, challenge_id = bytes(challenge.nonce), challenge.id
    options = generate_authentication_options(
        rp_id=_host(), challenge=_for_record(nonce, intent),
        allow_credentials=[PublicKeyCredentialDescriptor(id=bytes(device.credential_id)) for device in held],
        user_verification=UserVerificationRequirement.REQUIRED,
    )  # fmt: skip
    return DeviceNeeded(challenge_id=str(challenge_id), options=options_to_json_dict(options))


async def confirm(uow: UnitOfWork, principal: Principal, given: Assertion, intent: str) -> str:
    """Check the authenticator's answer for this record; the SHA-256 (hex) of its credential id.

    Raises:
        DeviceRefused: a used or late challenge, another record, another address, an unverified user, a counter that
            does not rise, or somebody else's authenticator.
    """
    from webauthn import base64url_to_bytes, verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    now = clock.now()
    nonce = await repository.claim(uow.session, principal.account_id, given.challenge_id, "sign", now)
    try:
        credential_id = base64url_to_bytes(str(given.credential["id"]))
    except (KeyError, ValueError) as error:
        raise DeviceRefused from error
    device = await repository.hold(uow.session, principal.account_id, credential_id)
    if nonce is None or device is None:
        raise DeviceRefused
    try:
        found = verify_authentication_response(
            credential=given.credential, expected_challenge=_for_record(bytes(nonce), intent), expected_rp_id=_host(),
            expected_origin=origin(), credential_public_key=bytes(device.public_key),
            credential_current_sign_count=device.sign_count, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise DeviceRefused from error
    await repository.used(uow.session, device.id, found.new_sign_count, now)
    return hashlib.sha256(credential_id).hexdigest()


async def _challenge(uow: UnitOfWork, principal: Principal, purpose: str) -> SignatureChallenge:
    now = clock.now()
    await repository.drop_expired(uow.session, principal.account_id, now)
    made = SignatureChallenge(
        id=uuid7(), enterprise_id=uow.enterprise_id, account_id=principal.account_id, purpose=purpose,
        nonce=os.urandom(32), expires_at=now + VALID,
    )  # fmt: skip
    uow.session.add(made)
    await uow.session.flush()
    return made


def _for_record(nonce: bytes, intent: str) -> bytes:
    return hashlib.sha256(b"twin signature\0" + nonce + intent.encode()).digest()


def intent_of(kind: str, meaning: str, content: Mapping[str, Any], anew: Collection[str]) -> str:
    """What the person confirms: the content without what each try makes anew (``anew``: dotted paths, e.g. ``task.id``;
    a list's parts are all meant)."""
    kept: Any = dict(content)
    for path in anew:
        kept = _without(kept, path)
    return canonical({"kind": kind, "meaning": meaning, "content": kept})


def _without(value: Any, path: str) -> Any:
    if isinstance(value, list | tuple):
        return [_without(part, path) for part in value]
    if not isinstance(value, Mapping):
        return value
    head, _, rest = path.partition(".")
    return {k: _without(v, rest) if k == head else v for k, v in value.items() if k != head or rest}
