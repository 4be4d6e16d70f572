"""``twin doctor``: every finding is made bad for real, or by hiding what it looks for; it says what to do in both languages."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from pydantic import SecretStr

from tests.ops.tools import open_folder
from twin import clock
from twin.db import cluster as pg
from twin.db import migrate
from twin.i18n import LANGUAGES, catalogue
from twin.ops import doctor, single
from twin.ops.doctor import Finding
from twin.settings import Settings, child_environment, get_settings

KEYS = (
    "python", "postgres", "outside_database", "database", "database_stopped", "ports", "disk", "time", "fonts", "viewer", "chromium",
)  # fmt: skip


@pytest.fixture(scope="module")
def stopped() -> Iterator[Settings]:
    """An installation whose private cluster is made, migrated and stopped."""
    with open_folder("doctor") as folder:
        settings = Settings(var_dir=folder / "var", port=pg.free_port(), hub_port=pg.free_port(), _env_file=None)
        server = pg.Cluster(settings)
        server.start()
        try:
            migrate.upgrade(pg.owner_url(settings))
            server.stop()
            yield settings
        finally:
            server.stop()


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path / "var", port=pg.free_port(), hub_port=pg.free_port(), _env_file=None)


def says(found: Finding, key: str, chinese: str, english: str) -> bool:
    """A bad finding of this key whose text has both languages."""
    return (
        (found.key, found.ok) == (key, False)
        and chinese in found.text
        and english in found.text
        and "{" not in found.text
    )


@pytest.mark.req("S7.17")
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_its_texts(key: str, language: str) -> None:
    assert {f"doctor.{key}.ok", f"doctor.{key}.bad"} <= catalogue(language).keys()


@pytest.mark.req("S7.17")
def test_a_taken_port(here: Settings) -> None:
    assert doctor._ports(here).ok
    with socket.create_server(("127.0.0.1", here.hub_port)):
        found = doctor._ports(here)
        assert says(found, "ports", "被其他程序占用", "another program holds port")
        assert found.params["ports"] == str(here.hub_port)
        with single.only_one(here):  # our own platform holds its ports rightly
            assert doctor._ports(here).ok


@pytest.mark.req("S7.17")
def test_missing_binaries(here: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert doctor._postgres(here).ok
    monkeypatch.setattr(pg, "INSTALLED", tmp_path)
    monkeypatch.delenv("TWIN_PG_BIN", raising=False)
    found = doctor._postgres(here)
    assert says(found, "postgres", "没有找到带 PostGIS 的 PostgreSQL", "no PostgreSQL with PostGIS found")


@pytest.mark.req("S7.17")
def test_an_outside_database_that_does_not_answer(here: Settings) -> None:
    away = here.model_copy(update={"database_url": SecretStr("postgresql://nobody@127.0.0.1:1/none")})
    assert says(
        doctor._postgres(away), "outside_database", "连不上外部数据库", "the outside database cannot be reached"
    )
    assert says(doctor.database_state(away), "database", "数据库不可用", "does not answer")


@pytest.mark.req("S7.17")
def test_a_database_that_is_stopped_old_or_current(stopped: Settings) -> None:
    assert says(doctor.database_state(stopped), "database_stopped", "数据库未运行", "the database is stopped")
    server = pg.Cluster(stopped)
    server.start()
    try:
        assert doctor.database_state(stopped).ok
        with psycopg.connect(pg.owner_url(stopped), autocommit=True) as connection:
            connection.execute("UPDATE migration_signature SET digest = 'of other migrations'")
        assert says(doctor.database_state(stopped), "database", "表结构不是最新", "its schema is old")
        migrate.upgrade(pg.owner_url(stopped))
        assert doctor.database_state(stopped).ok
    finally:
        server.stop()


@pytest.mark.req("S7.17")
def test_a_full_disk_and_a_folder_that_cannot_be_written(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage._replace(free=6_000_000_000))
    assert doctor._disk(here).ok
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage._replace(free=1_200_000_000))
    found = doctor._disk(here)
    assert says(found, "disk", "磁盘仅余 1.2 GB", "only 1.2 GB free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage._replace(free=6_000_000_000))
    # Root may write everywhere but into the kernel's own file systems.
    assert not doctor._disk(here.model_copy(update={"var_dir": Path("/proc/sys/kernel")})).ok


@pytest.mark.req("S7.17")
def test_a_clock_that_cannot_be_right(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_LATEST_BUILD", clock.timestamp() - 3600)
    assert doctor._time(here).ok
    monkeypatch.setattr(doctor, "_LATEST_BUILD", time.time() + 3600)
    assert says(doctor._time(here), "time", "系统时间不可信", "the system's time cannot be right")


@pytest.mark.req("S7.17")
def test_an_old_python(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._python(here).ok
    monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=(3, 9, 2, "final", 0)))
    assert says(doctor._python(here), "python", "需要 Python 3.11", "Python 3.11 or newer is needed, this is 3.9.2")


@pytest.mark.req("S7.17")
def test_missing_fonts_browser_and_viewer(here: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare = here.model_copy(update={"viewer_dist": tmp_path})
    assert says(doctor._viewer(bare), "viewer", "前端未构建", "the viewer is not built")
    (tmp_path / "screen").mkdir()
    (tmp_path / "screen" / "index.html").touch()
    assert doctor._viewer(bare).ok
    monkeypatch.setenv("PATH", str(tmp_path))
    assert says(doctor._fonts(here), "fonts", "未找到中文字体", "no Chinese font")
    assert says(doctor._chromium(here), "chromium", "未找到 Chromium", "no Chromium")
    without = tmp_path / "fc-list"
    without.write_text("#!/bin/sh\n")
    without.chmod(0o755)
    assert says(doctor._fonts(here), "fonts", "未找到中文字体", "no Chinese font")
    without.write_text("#!/bin/sh\necho Noto Sans CJK SC\n")
    assert doctor._fonts(here).ok
    (tmp_path / "chromium").symlink_to(without)
    assert doctor._chromium(here).ok


@pytest.mark.req("S7.17")
def test_the_exit_status(
    here: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What is needed decides it; a stopped database, fonts and a browser are advice."""
    (tmp_path / "screen").mkdir()
    (tmp_path / "screen" / "index.html").touch()
    for name in [n for n in os.environ if n.startswith("TWIN_")]:
        monkeypatch.delenv(name)
    for name, value in child_environment(here.model_copy(update={"viewer_dist": tmp_path})).items():
        if name.startswith("TWIN_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(doctor, "_MIN_FREE_GB", 0)
    monkeypatch.setattr(doctor, "_LATEST_BUILD", 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    get_settings.cache_clear()
    try:
        assert doctor.report() == 0
        said = capsys.readouterr().out
        assert "! 数据库未运行" in said and "! 未找到中文字体" in said and "✗" not in said
        with socket.create_server(("127.0.0.1", here.port)):
            assert doctor.report() == 1
        assert "✗ 端口被其他程序占用" in capsys.readouterr().out
    finally:
        get_settings.cache_clear()
