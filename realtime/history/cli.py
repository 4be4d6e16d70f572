"""``twin history``: sealing days by hand, and the report of what is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import typer

from realtime.history import repository_archive as archive
from realtime.history import retention
from realtime.history.seal import Sealer
from twin.db import uow
from twin.i18n import LANGUAGES, t
from twin.settings import get_settings

app = typer.Typer(name="history", no_args_is_help=True, help="历史数据 · the history of measured values")


def _say(sentence: str, **params: Any) -> None:
    typer.echo(" · ".join(t(sentence, language, **params) for language in LANGUAGES))


@app.command()
def seal() -> None:
    """封存旧数据 · roll up finished hours and seal the days that are old enough to Parquet files."""

    async def work() -> None:
        async with Sealer(get_settings()) as sealer:
            made = await sealer.roll()
            days = await sealer.seal()
        for day in days:
            _say("history.sealed", day=day.day, rows=day.rows, bytes=day.bytes)
        _say("history.seal_done", days=len(days), roll_ups=made)

    asyncio.run(work())


@app.command()
def report() -> None:
    """保存期限报告 · how long each class is kept, and the oldest that there is."""

    async def work() -> None:
        try:
            async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
                owners = await archive.enterprises(unit.session)
            for id_, name in owners:
                async with uow.unit_of_work(id_) as unit:
                    for row in await retention.report(unit):
                        oldest = "-" if row.oldest is None else row.oldest.isoformat(timespec="seconds")
                        _say("history.kept", enterprise=name, name=row.key, keep=row.keep_days,
                             minimum=row.minimum_days, oldest=oldest, days=row.days, bytes=row.bytes)  # fmt: skip
        finally:
            await uow.dispose()

    asyncio.run(work())
