"""Enterprises and accounts: making, changing, locking them.

Every step leaves an audit row and tells holders of connections.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from twin import clock
from twin.auth import passwords, repository
from twin.auth.models import Account
from twin.auth.roles import ADMINISTRATORS, ROLES
from twin.db import audit
from twin.db.base import Enterprise
from twin.db.uow import UnitOfWork
from twin.errors import Conflict, Forbidden, Invalid, NotFound

_USERNAME = re.compile(r"[\w][\w.@+-]{1,63}")


class AccountNotFound(NotFound):
    """No such account in this enterprise."""

    code = "account_not_found"


class UsernameTaken(Conflict):
    """Somebody in the installation has this user name."""

    code = "username_taken"


class EnterpriseTaken(Conflict):
    """The code belongs to another enterprise."""

    code = "enterprise_taken"


class RolesConflict(Invalid):
    """The three administrators are three people."""

    code = "roles_conflict"


class OwnAccount(Forbidden):
    """Nobody changes their own roles or locks themselves out."""

    code = "own_account"


async def create_enterprise(uow: UnitOfWork, *, code: str, name: str, name_en: str = "") -> UUID:
    """A new enterprise; needs a unit of work over all enterprises.

    Raises:
        EnterpriseTaken: the code is in use.
    """
    if await repository.enterprise_by_code(uow.session, code):
        raise EnterpriseTaken(code=code)
    enterprise = Enterprise(code=code, name=name, name_en=name_en)
    uow.session.add(enterprise)
    await uow.session.flush()
    await audit.record(
        uow, "create", "enterprise", str(enterprise.id), None, {"code": code, "name": name}, enterprise_id=enterprise.id
    )
    return enterprise.id


def check_roles(roles: Iterable[str]) -> list[str]:
    """The roles, sorted, each once.

    Raises:
        Invalid: an unknown role.
        RolesConflict: two of the three administrators together.
    """
    wanted = sorted(set(roles))
    unknown = [role for role in wanted if role not in ROLES]
    if unknown:
        raise Invalid(errors=[{"where": "roles", "code": "role_unknown", "role": role} for role in unknown])
    if sum(role in ADMINISTRATORS for role in wanted) > 1:
        raise RolesConflict(roles=", ".join(wanted))
    return wanted


async def create_account(
    uow: UnitOfWork,
    *,
    username: str,
    name: str,
    password: str,
    roles: Sequence[str],
    language: str = "zh-CN",
    zones: Sequence[str] = (),
    departments: Sequence[str] = (),
    must_change: bool = False,
    rules: bool = True,
) -> UUID:
    """A new account in the unit's enterprise. ``rules=False`` is for the demo's public passwords only.

    Raises:
        Invalid: a bad user name or role. WeakPassword, RolesConflict, UsernameTaken.
    """
    if not _USERNAME.fullmatch(username):
        raise Invalid(errors=[{"where": "username", "code": "username_form"}])
    wanted = check_roles(roles)
    if rules:
        passwords.check(password, username)
    hashed = await asyncio.to_thread(passwords.make_hash, password)
    account = Account(
        enterprise_id=uow.enterprise_id,
        username=username,
        name=name or username,
        password_hash=hashed,
        language=language,
        zones=sorted(set(zones)),
        departments=sorted(set(departments)),
        must_change=must_change,
    )
    try:
        async with uow.session.begin_nested():
            uow.session.add(account)
            await uow.session.flush()
    except IntegrityError as error:
        raise UsernameTaken(username=username) from error
    await repository.set_roles(uow.session, account, wanted)
    await uow.audit("create", "account", str(account.id), after=_facts(account, wanted))
    return account.id


def _facts(account: Account, roles: Sequence[str]) -> dict[str, Any]:
    return {
        "username": account.username,
        "name": account.name,
        "active": account.active,
        "roles": list(roles),
        "zones": account.zones,
        "departments": account.departments,
    }


async def get_account(uow: UnitOfWork, account_id: UUID) -> Account:
    """An account of the unit's enterprise.

    Raises:
        AccountNotFound: none with this id.
    """
    account = await uow.session.get(Account, account_id)
    if account is None:
        raise AccountNotFound(id=str(account_id))
    return account


async def update_account(uow: UnitOfWork, account_id: UUID, change: dict[str, Any]) -> None:
    """Change name, language, active, zones, departments or roles. A disabled account's sessions end.

    Raises:
        AccountNotFound, OwnAccount, RolesConflict, Invalid.
    """
    account = await get_account(uow, account_id)
    if account_id == uow.actor_id and ("roles" in change or change.get("active") is False):
        raise OwnAccount
    held = list(await repository.roles(uow.session, account_id))
    before = _facts(account, held)
    for field in ("name", "language", "active"):
        if field in change:
            setattr(account, field, change[field])
    for field in ("zones", "departments"):
        if field in change:
            setattr(account, field, sorted(set(change[field])))
    if "roles" in change:
        held = check_roles(change["roles"])
        await repository.set_roles(uow.session, account, held)
    account.updated_at = clock.now()
    if not account.active:
        await repository.end_sessions(uow.session, account_id)
    await uow.audit("update", "account", str(account_id), before=before, after=_facts(account, held))
    await _changed(uow, account_id)


async def lock_account(uow: UnitOfWork, account_id: UUID, *, active: bool = False) -> None:
    """Disable an account (its sessions end), or enable it again."""
    await update_account(uow, account_id, {"active": active})


async def unlock_sign_in(uow: UnitOfWork, account_id: UUID) -> None:
    """Lift the lock that failed sign-ins caused, before its 15 minutes are over."""
    account = await get_account(uow, account_id)
    await repository.clear_failures(uow.session, f"name:{account.username.lower()}")
    await uow.audit("unlock", "account", str(account_id))


async def reset_password(uow: UnitOfWork, account_id: UUID, password: str, *, must_change: bool = True) -> None:
    """Give an account a new password, which its owner has to change at the next sign-in. Its sessions end.

    Raises:
        AccountNotFound, WeakPassword.
    """
    account = await get_account(uow, account_id)
    await asyncio.to_thread(passwords.check, password, account.username)
    account.password_history = [account.password_hash, *account.password_history][: passwords.REMEMBERED]
    account.password_hash = await asyncio.to_thread(passwords.make_hash, password)
    account.password_changed_at, account.must_change = clock.now(), must_change
    await repository.end_sessions(uow.session, account_id)
    await uow.audit("password_reset", "account", str(account_id))
    await _changed(uow, account_id)


async def _changed(uow: UnitOfWork, account_id: UUID) -> None:
    from twin.auth.service import forget  # the service builds on this module

    await uow.emit("auth", "account", str(account_id), {})
    forget(account_id)
