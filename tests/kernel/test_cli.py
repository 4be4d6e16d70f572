"""``twin user`` and ``twin audit`` as commands of their own process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import Enterprise
from tests.kernel.tools import owner
from twin.db import audit
from twin.settings import Settings, child_environment


def _twin(settings: Settings, *args: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **child_environment(settings)}
    # The module's own commands: the whole shell imports every module of the product.
    module = {"user": "twin.auth.cli", "audit": "twin.db.cli"}[args[0]]
    command = [sys.executable, "-c", f"from {module} import app; app()", *args[1:]]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.req("S5")
async def test_accounts_and_the_trail(database: Settings, enterprise: Enterprise) -> None:
    added = _twin(
        database, "user", "add", "cli-boss", "--role", "leader", "--password", "Start-Word-77", "--enterprise", "demo"
    )
    assert added.returncode == 0 and "cli-boss" in added.stdout, added.stderr
    weak = _twin(database, "user", "add", "cli-weak", "--role", "leader", "--password", "short")
    assert weak.returncode == 1 and "password_weak" in weak.stderr
    assert _twin(database, "user", "lock", "cli-boss").returncode == 0
    listed = _twin(database, "user", "list").stdout
    assert any(line.startswith("cli-boss") and "×" in line for line in listed.splitlines())
    await audit.seal(database)
    whole = _twin(database, "audit", "verify")
    assert whole.returncode == 0, whole.stdout
    with owner(database) as connection:
        row = connection.execute(
            "UPDATE audit SET actor = 'x' WHERE id = (SELECT min(id) FROM audit) RETURNING id"
        ).fetchone()
    assert row is not None
    broken = _twin(database, "audit", "verify")
    assert broken.returncode == 1 and f"row {row[0]}" in broken.stdout
