"""``twin up`` as operators run it: what falls comes back, nothing outlives it, and it says why it cannot start."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.ops.tools import alive, open_folder, wait_for
from twin.db.cluster import Cluster, free_port
from twin.settings import Settings

TWIN = Path(sys.executable).parent / "twin"
MODULES = {"api": "twin.ops.api", "hub": "realtime.hub.server", "worker": "twin.jobs.worker"}


@dataclass
class Platform:
    """A running ``twin up``."""

    process: subprocess.Popen[bytes]
    settings: Settings
    said: Path

    def health(self, hub: bool = False) -> str:
        """What the API (or the hub) says of itself; empty when it does not answer."""
        address = f"{self.settings.hub_port}/health" if hub else f"{self.settings.port}/api/health"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{address}", timeout=5) as answer:
                return str(json.load(answer)["status"])
        except (OSError, ValueError, urllib.error.URLError):
            return ""

    def pid(self, name: str) -> int | None:
        """The process of a service, or of the database."""
        if name == "postgres":
            return Cluster(self.settings).running()
        for child in psutil.Process(self.process.pid).children():
            try:
                if MODULES[name] in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                    return int(child.pid)
            except psutil.NoSuchProcess:
                continue
        return None

    def everything(self) -> dict[str, int]:
        """All parts, each of which must run."""
        found = {name: self.pid(name) for name in (*MODULES, "postgres")}
        assert None not in found.values(), found
        return {name: pid for name, pid in found.items() if pid is not None}

    def text(self) -> str:
        """What the command has printed."""
        return self.said.read_text(errors="replace")


@contextmanager
def platform(folder: Path, **environment: str) -> Iterator[Platform]:
    """``twin up`` on a folder, ready; killed at the end, if it still runs."""
    settings = Settings(var_dir=folder / "var", port=free_port(), hub_port=free_port(), _env_file=None)
    env = {k: v for k, v in os.environ.items() if not k.startswith("TWIN_")}
    env |= {
        "TWIN_VAR_DIR": str(settings.var_dir),
        "TWIN_PORT": str(settings.port),
        "TWIN_HUB_PORT": str(settings.hub_port),
    }
    said = folder / "up.log"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [TWIN, "up"], env=env | environment, stdout=out, stderr=out, cwd=folder, start_new_session=True
        )
    running = Platform(process, settings, said)
    try:
        wait_for(lambda: "ready at" in running.text() or process.poll() is not None, "twin up", 120)
        assert process.poll() is None, running.text()
        wait_for(lambda: running.pid("worker"), "the worker")
        yield running
    finally:
        process.kill()
        process.wait()


def gone(pids: dict[str, int]) -> bool:
    return not any(alive(pid) for pid in pids.values())


@pytest.fixture(scope="module")
def running() -> Iterator[Platform]:
    with open_folder("up") as folder, platform(folder) as started:
        yield started
        pids = started.everything()
        started.process.send_signal(signal.SIGTERM)
        started.process.wait(30)
        wait_for(lambda: gone(pids), "the end of all processes", 30)


@pytest.mark.req("S7.17")
@pytest.mark.parametrize("name", ["api", "hub", "worker"])
def test_a_service_that_is_killed_comes_back(running: Platform, name: str) -> None:
    before = running.everything()
    os.kill(before[name], signal.SIGKILL)
    wait_for(lambda: running.pid(name) not in (None, before[name]), f"a new {name}")
    wait_for(lambda: running.health() == "ok" and running.health(hub=True) == "ok", "health")
    assert {**running.everything(), name: 0} == {**before, name: 0}  # the others were left alone


@pytest.mark.req("S7.17")
def test_a_database_that_is_killed_comes_back_and_the_api_answers(running: Platform) -> None:
    wait_for(lambda: running.health() == "ok", "health")
    before = running.everything()
    os.kill(before["postgres"], signal.SIGKILL)
    wait_for(lambda: running.pid("postgres") not in (None, before["postgres"]), "a new database")
    wait_for(lambda: running.health() == "ok" and running.health(hub=True) == "ok", "health")
    after = running.everything()
    assert (after["api"], after["hub"], after["worker"]) == (before["api"], before["hub"], before["worker"])
    assert running.process.poll() is None
    assert "数据库意外停止" in running.text() and "stopped by itself" in running.text()


@pytest.mark.req("S7.17")
def test_says_why_it_cannot_start(running: Platform, tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("TWIN_")}
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for name, free in (("TWIN_PORT", "TWIN_HUB_PORT"), ("TWIN_HUB_PORT", "TWIN_PORT")):
            ports = {name: str(port), free: str(free_port())}
            done = subprocess.run(
                [TWIN, "up"],
                env=env | ports | {"TWIN_VAR_DIR": str(tmp_path)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 1
            assert (
                f"端口 {port} 已被其他程序占用" in done.stderr and f"another program holds port {port}" in done.stderr
            )
            assert not (tmp_path / "pg").exists()  # found out before anything was made
    twice = env | {"TWIN_VAR_DIR": str(running.settings.var_dir)}
    done = subprocess.run(
        [TWIN, "up", "--port", str(free_port())], env=twice, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"runs already on {running.settings.var_dir} (process {running.process.pid})" in done.stderr
    assert running.everything()


@pytest.mark.req("S7.17")
def test_nothing_outlives_it_and_the_next_start_has_less_to_do() -> None:
    with open_folder("twice") as folder:
        with platform(folder) as first:
            assert "bringing the schema up to date" in first.text()
            assert first.health() == "ok"
            pids = first.everything()
            first.process.kill()
            first.process.wait()
            wait_for(lambda: gone(pids), "the end of all processes", 30)
        with platform(folder) as second:
            assert (
                "bringing the schema up to date" not in second.text() and "creating the database" not in second.text()
            )
            assert second.health() == "ok"
            pids = second.everything()
            second.process.send_signal(signal.SIGTERM)
            assert second.process.wait(30) == 0
            wait_for(lambda: gone(pids), "the end of all processes", 30)
