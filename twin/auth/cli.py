"""``twin user``: accounts from the command line of the server, for the first administrators and for emergencies."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from twin.auth import accounts, repository
from twin.auth.models import Account
from twin.db import uow as db
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.errors import NotFound
from twin.i18n import t
from twin.settings import get_settings

app = typer.Typer(name="user", no_args_is_help=True, help="账号 · accounts")

Password = Annotated[
    str, typer.Option(help="密码；不给出则询问 · password; asked for when absent", envvar="TWIN_NEW_PASSWORD")
]


class EnterpriseNotFound(NotFound):
    """No enterprise with this code."""

    code = "enterprise_not_found"


def _run(work: Coroutine[Any, Any, None]) -> None:
    async def whole() -> None:
        try:
            await work
        finally:
            await db.dispose()

    asyncio.run(whole())


def _say(key: str, **params: object) -> None:
    sys.stdout.write(f"{t(key, 'zh-CN', **params)} · {t(key, 'en', **params)}\n")


def _ask(password: str) -> str:
    return password or typer.prompt(t("user.ask_password"), hide_input=True, confirmation_prompt=True)


async def _find(session: Any, username: str) -> Account:
    account = await repository.account_by_name(session, username)
    if account is None:
        raise accounts.AccountNotFound(id=username)
    return account


@app.command()
def add(
    username: str,
    role: Annotated[list[str], typer.Option(help="角色，可多次 · role, repeatable")],
    enterprise: Annotated[str, typer.Option(help="企业编号 · enterprise code")] = "",
    name: Annotated[str, typer.Option(help="姓名 · full name")] = "",
    password: Password = "",
) -> None:
    """添加账号 · add an account; the installation's own enterprise is made when it does not exist yet."""
    _run(_add(username, role, enterprise or get_settings().enterprise, name, _ask(password)))


async def _add(username: str, roles: list[str], code: str, name: str, password: str) -> None:
    async with unit_of_work(ALL_ENTERPRISES, origin="cli") as uow:
        found = await repository.enterprise_by_code(uow.session, code)
        if found is None and code != get_settings().enterprise:
            raise EnterpriseNotFound(code=code)
        enterprise_id = found.id if found else await accounts.create_enterprise(uow, code=code, name=code)
    if found is None:
        _say("user.enterprise_added", code=code)
    async with unit_of_work(enterprise_id, origin="cli") as uow:
        await accounts.create_account(uow, username=username, name=name, password=password, roles=roles)
    _say("user.added", username=username, roles=", ".join(roles))


@app.command("enterprise")
def add_enterprise(
    code: str,
    name: Annotated[str, typer.Option(help="名称 · name")],
    name_en: Annotated[str, typer.Option(help="英文名称 · English name")] = "",
) -> None:
    """添加企业 · add an enterprise."""

    async def work() -> None:
        async with unit_of_work(ALL_ENTERPRISES, origin="cli") as uow:
            await accounts.create_enterprise(uow, code=code, name=name, name_en=name_en)
        _say("user.enterprise_added", code=code)

    _run(work())


@app.command("list")
def list_accounts() -> None:
    """列出账号 · list accounts."""

    async def work() -> None:
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            after = ""
            while rows := await repository.accounts(uow.session, after, 500):
                for account, roles in rows:
                    mark = "" if account.active else "×"
                    sys.stdout.write(f"{account.username:<24} {mark:<2} {account.name:<20} {', '.join(roles)}\n")
                after = rows[-1][0].username

    _run(work())


@app.command()
def password(username: str, password: Password = "") -> None:
    """设置新密码 · set a new password; the account's sessions end."""
    new = _ask(password)

    async def work() -> None:
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            account = await _find(uow.session, username)
        async with unit_of_work(account.enterprise_id, origin="cli") as uow:
            await accounts.reset_password(uow, account.id, new, must_change=False)
            await accounts.unlock_sign_in(uow, account.id)
        _say("user.password_set", username=username)

    _run(work())


@app.command()
def lock(username: str, undo: Annotated[bool, typer.Option("--undo", help="启用 · enable again")] = False) -> None:
    """停用账号 · disable an account; its sessions end."""

    async def work() -> None:
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            account = await _find(uow.session, username)
        async with unit_of_work(account.enterprise_id, origin="cli") as uow:
            await accounts.lock_account(uow, account.id, active=undo)
        _say("user.unlocked" if undo else "user.locked", username=username)

    _run(work())
