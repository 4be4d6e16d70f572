"""``twin audit``: checking the audit trail from the command line of the server."""

from __future__ import annotations

import asyncio
import sys

import typer

from twin.db import audit, uow
from twin.i18n import LANGUAGES, t

app = typer.Typer(name="audit", no_args_is_help=True, help="审计 · audit trail")


@app.callback()
def _group() -> None:
    """审计 · audit trail."""


@app.command()
def verify() -> None:
    """核对审计链 · check the chain; exit status 1 and the rows' names when something was changed, removed or moved."""

    async def work() -> audit.Report:
        try:
            return await audit.verify()
        finally:
            await uow.dispose()

    report = asyncio.run(work())
    for fault in report.faults:
        texts = (
            t(
                "audit.fault",
                language,
                enterprise=fault.enterprise_id,
                n=fault.n,
                audit_id=fault.audit_id,
                reason=t(f"audit.reason.{fault.reason}", language),
            )
            for language in LANGUAGES
        )
        sys.stdout.write(" · ".join(texts) + "\n")
    if report.ok:
        sys.stdout.write(
            " · ".join(t("audit.whole", language, checked=report.checked) for language in LANGUAGES) + "\n"
        )
    raise typer.Exit(0 if report.ok else 1)
