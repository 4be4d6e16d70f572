"""``twin verify``: check a printed document's code, a file that holds one, or a signature of this installation."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from twin.i18n import t
from twin.signature import token

app = typer.Typer(name="verify", help="验证电子签名 · verify electronic signatures", add_completion=False)


@app.callback(invoke_without_command=True, context_settings={"allow_interspersed_args": True})
def verify(
    what: Annotated[str, typer.Argument(help="文件、二维码文本或签名编号 · a file, the text of a code, or an id")],
    keys: Annotated[Path | None, typer.Option(help="公钥清单 (离线) · key list, for a check without database")] = None,
) -> None:
    """检查签名 · exit 0 when every signature holds, 1 when one does not, 2 when there is none."""
    found = _tokens(what)
    if found:
        good = [_say(text, keys) for text in found]
        raise typer.Exit(0 if all(good) else 1)
    try:
        id_ = UUID(what)
    except ValueError:
        typer.echo(f"{t('verify.none', 'zh-CN')} · {t('verify.none', 'en')}")
        raise typer.Exit(2) from None
    raise typer.Exit(0 if asyncio.run(_record(id_)) else 1)


def _tokens(what: str) -> list[str]:
    path = Path(what)
    if len(what) < 1000 and path.is_file():
        return token.find(path.read_bytes().decode("latin-1"))
    return token.find(what)


def _say(text: str, keys: Path | None) -> bool:
    checked = token.check(text)
    good = checked is not None and checked.holds
    owner = ""
    if checked is not None and keys is not None:
        known = {row["fingerprint"]: row for row in json.loads(keys.read_text(encoding="utf-8"))}
        holder = known.get(checked.fingerprint)
        good = good and holder is not None and holder["account_id"] == checked.statement.get("signer")
        owner = holder["name"] if holder else "?"
    key = "verify.holds" if good else "verify.broken"
    typer.echo(f"{t(key, 'zh-CN')} · {t(key, 'en')}")
    if checked is not None:
        for name in ("name", "at", "kind", "key", "meaning", "digest"):
            typer.echo(f"  {name}: {checked.statement.get(name, '')}")
        typer.echo(f"  key: {checked.fingerprint} {owner}")
    return good


async def _record(id_: UUID) -> bool:
    from twin.db import uow as db
    from twin.db.uow import ALL_ENTERPRISES, unit_of_work
    from twin.registry import discover
    from twin.signature import service

    discover.submodules("models")
    try:
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            row = await service.get(uow.session, id_)
            (found,) = await service.verify(uow.session, [row])
    finally:
        await db.dispose()
    key = "verify.holds" if found.valid else "verify.broken"
    typer.echo(f"{t(key, 'zh-CN')} · {t(key, 'en')}")
    for name in ("signature", "content", "link", "drawing", "record"):
        typer.echo(f"  {name}: {getattr(found, name)}")
    for path in found.changed:
        typer.echo(f"  changed: {path}")
    return found.valid
