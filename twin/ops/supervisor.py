"""``twin up``: starts the database and the processes of the product, restarts what falls, stops all of it together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import partial

from rich.console import Console

from twin.db import migrate
from twin.db.cluster import Cluster, ClusterError, check_server, free_port, owner_url
from twin.i18n import t
from twin.ops.lifeline import die_with_parent
from twin.ops.service import Service
from twin.ops.single import listen_fault, only_one
from twin.registry import discover
from twin.settings import Settings, child_environment, get_settings

console = Console(highlight=False, soft_wrap=True)
_API = Service("api", "twin.ops.api", order=0)
_WORKER = Service("worker", "twin.jobs.worker", order=1)
#: A process that fell within this many seconds waits longer before its next start, up to the last step.
_BACKOFF = (0.2, 1.0, 3.0, 10.0, 30.0)


@dataclass
class _Child:
    service: Service
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    falls: int = 0
    next_start: float = field(default=0.0)


class Supervisor:
    """Keeps the product's processes running. All children die with this process, also on SIGKILL."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cluster = Cluster(settings) if settings.database_url is None else None
        self.children: list[_Child] = []
        self._stop_asked = threading.Event()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop_asked.is_set()

    def ask_to_stop(self, *_: object) -> None:
        """For signals. While nothing but the database runs yet, whatever is being prepared is given up at once."""
        self._stop_asked.set()
        if not self.children:
            raise SystemExit(0)

    def start_database(self) -> None:
        """Start (or find) the database and bring its schema up to date."""
        if self.cluster is not None:
            if not self.cluster.exists():
                say("up.creating_database")
            self.cluster.start()
        else:
            check_server(owner_url(self.settings))
        url = owner_url(self.settings)
        if not migrate.current(url):
            say("up.migrating")
            migrate.upgrade(url)

    def start_services(self, services: list[Service]) -> None:
        """Start processes; their output goes to ``var/log``."""
        for service in services:
            child = _Child(service)
            self.children.append(child)
            self._spawn(child)

    def _spawn(self, child: _Child) -> None:
        log = self.settings.var_dir / "log" / f"{child.service.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        env = {**child_environment(self.settings), "TWIN_PARENT": str(os.getpid()), "PYTHONUNBUFFERED": "1"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled once, not at every start
        with log.open("ab") as out:
            child.process = subprocess.Popen(
                [sys.executable, "-m", child.service.module],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True,
                preexec_fn=partial(die_with_parent, signal.SIGTERM),
            )  # fmt: skip
        child.started = time.monotonic()

    def watch(self) -> None:
        """Restart what falls until told to stop; the database first, since the others need it."""
        while not self.stopping:
            if self.cluster is not None and not self.cluster.lives():
                say("up.database_fell")
                self._restart_database()
            for child in self.children:
                self._look_after(child)
            self._stop_asked.wait(0.2)

    def _restart_database(self) -> None:
        assert self.cluster is not None
        for delay in _BACKOFF:
            try:
                self.cluster.start()
                return
            except ClusterError as error:
                reason = error.params.get("reason")
                say(f"error.cluster_{reason}", **error.params)
                if self._stop_asked.wait(delay):
                    return

    def _look_after(self, child: _Child) -> None:
        if child.process is None:
            if time.monotonic() >= child.next_start:
                self._spawn(child)
            return
        code = child.process.poll()
        if code is None or self.stopping:
            return
        child.falls = child.falls + 1 if time.monotonic() - child.started < 30 else 1
        delay = _BACKOFF[min(child.falls, len(_BACKOFF)) - 1]
        say(
            "up.service_fell",
            name=child.service.name,
            code=code,
            log=str(self.settings.var_dir / "log" / f"{child.service.name}.log"),
        )
        child.process, child.next_start = None, time.monotonic() + delay

    def stop(self) -> None:
        """Ask everything to stop, wait, then make sure; the database last."""
        self._stop_asked.set()
        running = [c.process for c in self.children if c.process is not None and c.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + 10
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self.cluster is not None and self.cluster.process is not None:
            self.cluster.stop()

    def wait_healthy(self, url: str, timeout: float = 60.0) -> bool:
        """Whether the API answers as healthy in time; meanwhile what falls is started again."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not self.stopping:
            for child in self.children:
                self._look_after(child)
            try:
                with urllib.request.urlopen(f"{url}/api/health", timeout=2) as answer:
                    if b'"status":"ok"' in answer.read():
                        return True
            except (OSError, urllib.error.URLError):
                pass
            self._stop_asked.wait(0.03)
        return False


def services(settings: Settings) -> list[Service]:
    """All processes of the product in starting order."""
    found = [_API, _WORKER]
    for module in discover.submodules("services"):
        found.extend(module.SERVICES)
    return sorted((s for s in found if settings.demo or not s.demo_only), key=lambda s: s.order)


def say(key: str, **params: object) -> None:
    """A line of progress in Chinese and English."""
    console.print(f"{t(key, 'zh-CN', **params)} · {t(key, 'en', **params)}")


def run(*, demo: bool = False, host: str = "", port: int = 0) -> int:
    """Start everything, print the address, keep it running until SIGTERM or SIGINT. Returns the exit code."""
    began = time.monotonic()
    settings = get_settings()
    update = {k: v for k, v in {"demo": demo or settings.demo, "host": host, "port": port}.items() if v}
    settings = settings.model_copy(update=update)
    settings.port, settings.hub_port = settings.port or free_port(), settings.hub_port or free_port()
    os.environ.update(child_environment(settings))
    get_settings.cache_clear()
    with only_one(settings):
        for address in ((settings.host, settings.port), (settings.hub_host, settings.hub_port)):
            if fault := listen_fault(*address):
                raise fault
        supervisor = Supervisor(settings)
        for sig in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sig, supervisor.ask_to_stop)
        try:
            return _run(supervisor, settings, began)
        finally:
            supervisor.stop()


def _run(supervisor: Supervisor, settings: Settings, began: float) -> int:
    supervisor.start_database()
    if settings.demo:
        from twin.ops.demo import prepare

        prepare(settings)
    every = services(settings)
    supervisor.start_services([s for s in every if s.order == 0])
    url = f"http://{'127.0.0.1' if settings.host in ('0.0.0.0', '') else settings.host}:{settings.port}"
    if not supervisor.wait_healthy(url) and not supervisor.stopping:
        say("up.not_healthy", log=str(settings.var_dir / "log" / "api.log"))
        return 1
    supervisor.start_services([s for s in every if s.order > 0])
    say("up.ready", url=url, seconds=f"{time.monotonic() - began:.1f}")
    if settings.demo:
        from twin.ops.demo import print_accounts

        print_accounts(console)
    supervisor.watch()
    return 0
