"""``twin user`` and ``twin audit``."""

from __future__ import annotations

import asyncio

import pytest
import typer
from typer.testing import CliRunner

from tests.conftest import Enterprise
from tests.kernel.tools import owner
from twin.auth.cli import app as user
from twin.auth.passwords import WeakPassword
from twin.db import audit, uow
from twin.db.cli import app as trail
from twin.settings import Settings


async def _run(app: typer.Typer, *args: str) -> tuple[int, str, BaseException | None]:
    # A command runs its own event loop, so it gets a thread and a connection pool of its own.
    await uow.dispose()
    result = await asyncio.to_thread(CliRunner().invoke, app, list(args))
    return result.exit_code, result.output, result.exception


@pytest.mark.req("S5")
async def test_accounts_and_the_trail(database: Settings, enterprise: Enterprise) -> None:
    code, said, _ = await _run(user, "add", "cli-boss", "--role", "leader", "--password", "Start-Word-77")
    assert code == 0 and "cli-boss" in said
    code, _, error = await _run(user, "add", "cli-weak", "--role", "leader", "--password", "short")
    assert code == 1 and isinstance(error, WeakPassword)
    assert (await _run(user, "password", "cli-boss", "--password", "Other-Word-77"))[0] == 0
    assert (await _run(user, "lock", "cli-boss"))[0] == 0
    _, listed, _ = await _run(user, "list")
    assert any(line.startswith("cli-boss") and "×" in line for line in listed.splitlines())
    await audit.seal(database)
    code, said, _ = await _run(trail, "verify")
    assert code == 0, said
    with owner(database) as connection:
        query = "UPDATE audit SET actor = 'x' WHERE id = (SELECT min(id) FROM audit) RETURNING id"
        row = connection.execute(query).fetchone()
    assert row is not None
    code, said, _ = await _run(trail, "verify")
    assert code == 1 and f"row {row[0]}" in said
