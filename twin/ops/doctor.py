"""``twin doctor``: what an installation needs, checked one by one, and what to do where something is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console

from twin import clock
from twin.db import migrate
from twin.db.cluster import Cluster, binaries, check_server, owner_url
from twin.errors import TwinError
from twin.i18n import LANGUAGES, t
from twin.ops import single
from twin.settings import Settings, get_settings

_MIN_FREE_GB = 5
_LATEST_BUILD = 1_790_000_000  # a clock before autumn 2026 is wrong: this program is younger than that


@dataclass(frozen=True)
class Finding:
    """One check: ``key`` names its text (``doctor.<key>.ok`` or ``.bad``); ``error`` fills ``{why}`` in it."""

    key: str
    ok: bool
    params: dict[str, object]
    error: TwinError | None = None

    @property
    def text(self) -> str:
        """The finding in both languages."""
        name = f"doctor.{self.key}.{'ok' if self.ok else 'bad'}"
        return " · ".join(t(name, language, **{"why": self._why(language), **self.params}) for language in LANGUAGES)

    def _why(self, language: str) -> str:
        if self.error is None:
            return ""
        reason = f"_{self.error.params['reason']}" if "reason" in self.error.params else ""
        return t(f"error.{self.error.code}{reason}", language, **self.error.params)


def _python(_: Settings) -> Finding:
    return Finding("python", sys.version_info >= (3, 11), {"version": ".".join(map(str, sys.version_info[:3]))})


def _postgres(settings: Settings) -> Finding:
    outside = settings.database_url is not None
    try:
        if outside:
            return Finding("outside_database", True, {"version": check_server(owner_url(settings))})
        return Finding("postgres", True, {"folder": str(binaries())})
    except TwinError as error:
        return Finding("outside_database" if outside else "postgres", False, {}, error)


def database_state(settings: Settings | None = None) -> Finding:
    """Whether the database answers and its schema is current."""
    settings = settings or get_settings()
    try:
        if settings.database_url is None and Cluster(settings).running() is None:
            return Finding("database_stopped", False, {})
        done = migrate.current(owner_url(settings))
        return Finding("database", done, {})
    except (TwinError, OSError, psycopg.Error):
        return Finding("database", False, {})


def _ports(settings: Settings) -> Finding:
    pairs = ((settings.host, settings.port), (settings.hub_host, settings.hub_port))
    ours = single.runs(settings)
    wrong = [port for host, port in pairs if not ours and single.listen_fault(host, port) is not None]
    return Finding("ports", not wrong, {"ports": ", ".join(map(str, wrong or (port for _, port in pairs)))})


def _disk(settings: Settings) -> Finding:
    folder = next(p for p in (settings.var_dir, *settings.var_dir.absolute().parents) if p.exists())
    free = shutil.disk_usage(folder).free / 1e9
    ok = free > _MIN_FREE_GB and _writable(folder)
    return Finding("disk", ok, {"free": f"{free:.1f}", "needed": _MIN_FREE_GB, "folder": str(folder)})


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _time(_: Settings) -> Finding:
    drift = abs(clock.timestamp() - time.time())
    return Finding(
        "time", clock.timestamp() > _LATEST_BUILD and drift < 1, {"now": clock.now().isoformat(timespec="seconds")}
    )


def _fonts(_: Settings) -> Finding:
    if shutil.which("fc-list") is None:
        return Finding("fonts", False, {})
    found = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False).stdout
    return Finding("fonts", bool(found.strip()), {})


def _viewer(settings: Settings) -> Finding:
    return Finding(
        "viewer", (settings.viewer_dist / "screen" / "index.html").is_file(), {"folder": str(settings.viewer_dist)}
    )


def _chromium(_: Settings) -> Finding:
    return Finding("chromium", shutil.which("chromium") is not None, {})


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    _python,
    _postgres,
    database_state,
    _ports,
    _disk,
    _time,
    _fonts,
    _viewer,
    _chromium,
)
#: Missing ones of these do not stop the platform: fonts and Chromium are needed for tests and screenshots only.
_ADVICE = {"fonts", "chromium", "database_stopped"}


def report() -> int:
    """Print every finding; 1 when something needed is missing."""
    console, bad = Console(highlight=False), 0
    settings = get_settings()
    for check in CHECKS:
        found = check(settings)
        bad += not found.ok and found.key not in _ADVICE
        mark = "[green]✓" if found.ok else ("[yellow]!" if found.key in _ADVICE else "[red]✗")
        console.print(f"{mark} {found.text}")
    return 1 if bad else 0
