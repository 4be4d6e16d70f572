"""Accounts of a demo, whose passwords are public: made once, by a demo step of the package that owns them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from twin.auth import accounts, repository
from twin.auth.principal import Principal
from twin.auth.roles import scopes_of
from twin.db import uow as db
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.ops.demo import DemoAccount


def load(code: str, name: str, name_en: str, wanted: Sequence[DemoAccount]) -> None:
    """Make the enterprise and the accounts that are missing. Call it outside of any event loop."""
    asyncio.run(_load(code, name, name_en, wanted))


async def _load(code: str, name: str, name_en: str, wanted: Sequence[DemoAccount]) -> None:
    try:
        async with unit_of_work(ALL_ENTERPRISES, origin="demo") as uow:
            found = await repository.enterprise_by_code(uow.session, code)
            made = found.id if found else await accounts.create_enterprise(uow, code=code, name=name, name_en=name_en)
        async with unit_of_work(made, origin="demo") as uow:
            for account in wanted:
                if await repository.account_by_name(uow.session, account.username) is None:
                    await accounts.create_account(
                        uow,
                        username=account.username,
                        name=account.name,
                        password=account.password,
                        roles=account.roles,
                        rules=False,
                    )
    finally:
        await db.dispose()


async def principal(username: str) -> Principal:
    """Somebody of the demo, for steps that do their work through the services."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        account = await repository.account_by_name(uow.session, username)
        if account is None:
            raise accounts.AccountNotFound(id=username)
        held = await repository.roles(uow.session, account.id)
    return Principal(
        account.id, account.enterprise_id, account.username, account.name, held, scopes_of(held), language="zh-CN"
    )


async def act(username: str, work: Callable[[UnitOfWork, Principal], Awaitable[None]]) -> None:
    """Do ``work`` as somebody of the demo, in one transaction; the event loop's last work with the database."""
    try:
        who = await principal(username)
        async with unit_of_work(who.enterprise_id, who.account_id, origin="demo") as uow:
            await work(uow, who)
    finally:
        await db.dispose()
