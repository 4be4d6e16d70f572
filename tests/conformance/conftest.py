"""The application behind a real uvicorn server with the demo site, for outside programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from gis_assets.sites.demo.accounts import views
from gis_assets.sites.demo.build import features

from tests.conftest import Enterprise, SignIn
from twin.db.cluster import free_port
from twin.db.uow import unit_of_work
from twin.settings import Settings, child_environment
from twin.spatial.site import load_site

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: its address.
        token: a manager's bearer token.
        log: what it wrote.
    """

    url: str
    token: str
    log: Path

    def get(self, path: str, **query: str | int) -> httpx.Response:
        """A document, as the manager."""
        headers = {"Authorization": f"Bearer {self.token}"}
        # httpx would take an empty mapping for "no query at all", also where the path carries one.
        return httpx.get(f"{self.url}{path}", params=query or None, headers=headers, timeout=30)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def token(enterprise: Enterprise, sign_in: SignIn) -> str:
    """A manager's token, with the demo site loaded."""
    async with unit_of_work(enterprise.id) as uow:
        await load_site(uow, features(), views())
    manager = await sign_in("manager")
    made = await manager.post("/api/auth/tokens", json={"name": "judge", "scopes": MANAGER, "days": 1})
    assert made.status_code == 201, made.text
    secret: str = made.json()["secret"]
    return secret


MANAGER = ["map:read", "spatial:write", "spatial:import", "spatial:export", "file:read", "file:write"]


@pytest.fixture(scope="module")
def server(database: Settings, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server, until the module ends."""
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "log"
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "twin.app:create_app",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **child_environment(database)}, stdout=out, stderr=out
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield Server(url, token, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/api/health", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    pytest.fail(f"the server did not get ready:\n{log.read_text(errors='replace')[-3000:]}")
