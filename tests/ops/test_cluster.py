"""The private cluster: created, recovered, refused with reasons, and gone when its parent is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.ops.tools import alive, open_folder, wait_for
from twin.db import cluster as pg
from twin.settings import Settings


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    with open_folder("cluster") as folder:
        made = Settings(var_dir=folder / "var", _env_file=None)
        pg.Cluster(made).start()
        yield made
        pg.Cluster(made).stop()


def ask(settings: Settings) -> int:
    with psycopg.connect(pg.owner_url(settings)) as connection:
        row = connection.execute("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'").fetchone()
        assert row is not None
        return int(row[0])


@pytest.mark.req("S7.17")
def test_recovers_from_a_crash_a_stale_pid_and_a_taken_port(settings: Settings) -> None:
    server = pg.Cluster(settings)
    pid = server.running()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while server.running() is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    # A crash leaves its pid file; give it the number of a living process that is not PostgreSQL.
    stale = server.data / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{server.data}\n")
    before = pg.read_access(settings).port
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deadline = time.monotonic() + 20
        while True:
            try:
                squatter.bind(("127.0.0.1", before))
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        squatter.listen()
        server.start()
        assert pg.read_access(settings).port != before
        assert ask(settings) == 1


def test_the_app_role_owns_nothing(settings: Settings) -> None:
    access = pg.read_access(settings)
    with psycopg.connect(f"postgresql://twin_app:{access.app_password}@127.0.0.1:{access.port}/twin") as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False, False)


@pytest.mark.req("S5")
def test_passwords_are_kept_from_other_users_and_asked_for(settings: Settings) -> None:
    assert (settings.var_dir / "pg.json").stat().st_mode & 0o077 == 0
    port = pg.read_access(settings).port
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://twin:wrong@127.0.0.1:{port}/twin")


def test_refuses_a_data_folder_of_another_major_version() -> None:
    with open_folder("old") as folder:
        other = Settings(var_dir=folder / "var", _env_file=None)
        other.pg_dir.mkdir(parents=True)
        (other.pg_dir / "PG_VERSION").write_text("11\n")
        with pytest.raises(pg.ClusterError) as caught:
            pg.Cluster(other).start()
    assert caught.value.params["reason"] == "other_major"
    assert caught.value.params["data"] == 11


@pytest.mark.req("S7.17")
def test_waits_for_what_a_crash_left_behind() -> None:
    """A second database on the data of one that still writes would destroy them."""
    with open_folder("crash") as folder:
        settings = Settings(var_dir=folder / "var", _env_file=None)
        server = pg.Cluster(settings)
        server.start()
        try:
            with psycopg.connect(pg.owner_url(settings), autocommit=True) as connection:
                row = connection.execute("SELECT pg_backend_pid()").fetchone()
                assert row is not None
                os.kill(row[0], signal.SIGSTOP)  # this backend cannot notice that its postmaster is gone
                try:
                    postmaster = server.running()
                    assert postmaster is not None
                    os.kill(postmaster, signal.SIGKILL)
                    wait_for(lambda: server.running() is None, "the end of the postmaster")
                    with pytest.raises(pg.ClusterError) as caught:
                        server.start(timeout=0.5)
                    assert caught.value.params["reason"] == "leftovers"
                finally:
                    os.kill(row[0], signal.SIGCONT)
            server.start()
            assert ask(settings) == 1
        finally:
            server.stop()


def test_an_outside_server_is_checked(settings: Settings) -> None:
    assert pg.check_server(pg.owner_url(settings)).startswith("3.")
    with pytest.raises(pg.ClusterError) as caught:
        pg.check_server("postgresql://nobody@127.0.0.1:1/none")
    assert caught.value.params["reason"] == "unreachable"


def test_dies_with_its_parent_even_on_sigkill() -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom twin.settings import Settings\n"
        "from twin.db.cluster import Cluster\n"
        "c = Cluster(Settings(var_dir=Path(sys.argv[1]), _env_file=None))\n"
        "c.start(); print(c.running(), flush=True); time.sleep(600)\n"
    )
    with open_folder("orphan") as folder:
        command = [sys.executable, "-c", code, str(folder / "var")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            parent.kill()
            parent.wait()
        wait_for(lambda: not alive(pid), "the end of PostgreSQL", 30)
