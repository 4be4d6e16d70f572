"""Notifications: a row in the inbox and, with the commit, a push to the account's open screens (topic ``inbox``).

The texts of a kind are ``inbox.<kind>.title`` and ``inbox.<kind>.text`` in the i18n files, filled from ``params``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal
from uuid import UUID

from twin import clock
from twin.auth.repository import accounts_with_role
from twin.db.uow import UnitOfWork
from twin.errors import NotFound
from twin.i18n import t
from twin.ids import uuid7
from twin.notify import repository
from twin.notify.models import Inbox

Level = Literal["info", "warning", "alarm"]
TOPIC = "inbox"


class NotificationNotFound(NotFound):
    """No such notification of this account."""

    code = "notification_not_found"


async def notify(
    uow: UnitOfWork,
    account_ids: Iterable[UUID],
    kind: str,
    params: dict[str, Any] | None = None,
    *,
    level: Level = "info",
    link: str = "",
    dedupe: str | None = None,
) -> list[UUID]:
    """Tell accounts something, in this transaction; ids of the new notifications.

    Args:
        link: path in the console that shows the thing.
        dedupe: with a key, an account gets this notification once, however often it is sent.
    """
    languages = await repository.languages(uow.session, account_ids)
    now = clock.now()
    rows = [
        {
            "id": uuid7(),
            "enterprise_id": uow.enterprise_id,
            "account_id": account_id,
            "kind": kind,
            "level": level,
            "params": params or {},
            "link": link,
            "dedupe": dedupe,
            "at": now,
            "read_at": None,
        }
        for account_id in sorted(languages)
    ]
    made = await repository.add(uow.session, rows)
    for row in made:
        await _push(uow, row, languages[row.account_id])
    return [row.id for row in made]


async def notify_role(
    uow: UnitOfWork, role: str, kind: str, params: dict[str, Any] | None = None, **options: Any
) -> list[UUID]:
    """Tell everybody who holds a role; options as for :func:`notify`."""
    return await notify(uow, await accounts_with_role(uow.session, role), kind, params, **options)


def item(row: Inbox, language: str) -> dict[str, Any]:
    """A notification as clients see it, with its texts in ``language``."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "level": row.level,
        "title": t(f"inbox.{row.kind}.title", language, **row.params),
        "text": t(f"inbox.{row.kind}.text", language, **row.params),
        "params": row.params,
        "link": row.link,
        "at": row.at.isoformat(),
        "read_at": row.read_at.isoformat() if row.read_at else None,
    }


async def mark(uow: UnitOfWork, account_id: UUID, ids: Sequence[UUID] | None, *, read: bool, language: str) -> int:
    """Mark notifications as read or unread (None: all); how many changed. Other screens of the account hear of it.

    Raises:
        NotificationNotFound: a single one that is not the account's.
    """
    changed = await repository.mark(uow.session, account_id, ids, clock.now() if read else None)
    if (
        ids is not None
        and len(ids) == 1
        and not changed
        and not await repository.exists(uow.session, account_id, ids[0])
    ):
        raise NotificationNotFound(id=str(ids[0]))
    if len(changed) <= 100:
        for row in changed:
            await _push(uow, row, language)
    elif changed:
        await uow.emit(TOPIC, "reload", str(account_id), {"account_id": str(account_id)})
    return len(changed)


async def _push(uow: UnitOfWork, row: Inbox, language: str) -> None:
    await uow.emit(TOPIC, "put", str(row.id), {"account_id": str(row.account_id), "item": item(row, language)})
