"""The running demo plant and a real browser, shared by all browser tests.

The platform is started as users start it (``twin up --demo``) on free ports with a database of its own. Its 3D model is kept under
``var/e2e/sites`` between runs, because generating it takes a minute; everything else is new each time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from twin.db.cluster import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
#: Browser tests in folders ``demand`` are proofs that are run when somebody asks (``TWIN_E2E_ALL=1``): the suite's time on two cores goes to
#: those whose break would hurt most.
collect_ignore_glob = [] if os.environ.get("TWIN_E2E_ALL") else ["*/demand/*"]
CHROMIUM = os.environ.get("TWIN_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run", "--lang=zh-CN",
]  # fmt: skip
#: Software rendering on two busy cores: waits are on conditions, and this is only when to give up.
PATIENCE = 180_000

#: Of the big screen's browser tests these two are quick enough beside everything that moves in the demo now; the others run on demand too.
_QUICK = ("test_shows_the_model_and_counts_zones_by_level", "test_a_level_changed_by_the_api_recolours_the_mesh")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow ones of the big screen out unless they are asked for."""
    if os.environ.get("TWIN_E2E_ALL"):
        return
    slow = [i for i in items if i.path.name == "test_bigscreen.py" and i.name.split("[")[0] not in _QUICK]
    config.hook.pytest_deselected(items=slow)
    items[:] = [i for i in items if i not in slow]


@dataclass(frozen=True)
class Plant:
    """A running demo platform."""

    url: str
    process: subprocess.Popen[bytes] | None
    var_dir: Path

    def token(self, username: str = "manager") -> str:
        """A bearer token of a demo account."""
        body = self.call(
            "POST", "/api/auth/login", {"username": username, "password": self.password(username)}, cookies=True
        )
        return str(body["cookie"])

    def password(self, username: str) -> str:
        """The password of a demo account."""
        from gis_assets.sites.demo.accounts import accounts

        return next(a["password"] for a in accounts() if a["username"] == username)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        cookie: str = "",
        cookies: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Any:
        """An HTTP call outside the browser; raises on an error status. With ``cookies`` the session cookie comes as ``cookie``."""
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Content-Type", "application/json")
        request.add_header("X-Twin", "1")
        if cookie:
            request.add_header("Cookie", f"twin_session={cookie}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = json.loads(answer.read() or b"null")
            if cookies:
                jar = answer.headers.get("set-cookie", "")
                content["cookie"] = jar.split("twin_session=", 1)[1].split(";", 1)[0]
            return content

    def login(self, page: Page, username: str = "control") -> None:
        """Sign a page in with the session cookie, as if its user had."""
        page.context.add_cookies([{"name": "twin_session", "value": self.token(username), "url": self.url}])


@contextmanager
def console_page(
    browser: Browser, plant: Plant, username: str = "manager", width: int = 1600, height: int = 900
) -> Iterator[Page]:
    """A page of the console's user, signed in; a minute is long enough for whatever it waits for."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(60_000)
    plant.login(page, username)
    yield page
    context.close()


@pytest.fixture(scope="session")
def plant() -> Iterator[Plant]:
    """The demo plant, started by the command that users run."""
    # Fine pictures are half of what a first start takes, and only those on demand look at them.
    with running_plant(1.0 if os.environ.get("TWIN_E2E_ALL") else 0.4) as started:
        yield started


@contextmanager
def running_plant(detail: float = 1.0) -> Iterator[Plant]:
    """The same for those that are no tests; ``detail`` of the pictures on its model, as a share of the usual resolution."""
    if url := os.environ.get("TWIN_E2E_URL"):  # while developing: a demo that runs already
        yield Plant(url, None, ROOT / "var")
        return
    var = ROOT / "var" / "e2e"
    for name in ("pg", "pg.json", "files", "log"):
        target = var / name
        shutil.rmtree(target, ignore_errors=True) if target.is_dir() else target.unlink(missing_ok=True)
    var.mkdir(parents=True, exist_ok=True)
    port, hub_port = free_port(), free_port()
    env = {**os.environ, "TWIN_VAR_DIR": str(var), "TWIN_PORT": str(port), "TWIN_HUB_PORT": str(hub_port)}
    env["TWIN_DEMO_DETAIL"] = str(detail)
    env.pop("TWIN_DATABASE_URL", None)
    with (var / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [str(ROOT / ".venv" / "bin" / "twin"), "up", "--demo"],
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    running = Plant(f"http://127.0.0.1:{port}", process, var)
    try:
        _wait(running, 600)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait(running: Plant, patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if running.process is not None and running.process.poll() is not None:
            break
        try:
            if running.call("GET", "/api/health")["status"] == "ok":
                return
        except (OSError, urllib.error.URLError):
            pass
        time.sleep(0.2)
    pytest.fail("the demo did not get ready:\n" + (running.var_dir / "up.log").read_text(errors="replace")[-3000:])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium with software rendering."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()
