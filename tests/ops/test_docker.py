"""The container installation, as far as a machine without a container engine can prove it.

The compose file is read and its references checked; the images' own scripts (database start, health, backup) run here for real;
the proxy's configuration is checked by nginx where it is installed.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from tests.ops.tools import open_folder
from twin.db.cluster import binaries, free_port
from twin.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
DOCKER = ROOT / "docker"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yml").read_text())
    return content


@pytest.mark.req("S3.3", "S7.2")
def test_every_service_heals_keeps_its_data_and_only_the_proxy_is_open(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"postgis", "server", "backup", "proxy"}
    for name, service in services.items():
        assert service["restart"] == "unless-stopped", name
        if name != "backup":
            assert service["healthcheck"]["test"], name
    assert [n for n, s in services.items() if s.get("ports")] == ["proxy"]
    assert compose["networks"]["inside"] == {"internal": True}
    assert services["postgis"]["networks"] == ["inside"]
    named = {v.split(":")[0] for s in services.values() for v in s.get("volumes", []) if not v.startswith(".")}
    assert named == set(compose["volumes"])


def test_settings_of_the_compose_file_exist_and_secrets_are_asked_for(compose: dict[str, Any]) -> None:
    known = {f"TWIN_{name.upper()}" for name in Settings.model_fields}
    environment = compose["services"]["server"]["environment"]
    assert {k for k in environment if k.startswith("TWIN_")} <= known
    text = (DOCKER / "compose.yml").read_text()
    assert re.findall(r"\$\{(TWIN_\w+)\}", text) == []  # a bare reference would start with an empty password
    offered = set(re.findall(r"^(TWIN_\w+)=", (DOCKER / "env.example").read_text(), re.M))
    assert set(re.findall(r"\$\{(TWIN_\w+)", text)) <= offered


def test_images_copy_only_what_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        path = ROOT / service["build"]["dockerfile"]
        for line in path.read_text().splitlines():
            if line.startswith("COPY ") and "--from" not in line:
                for source in line.split()[1:-1]:
                    assert (ROOT / source).exists(), f"{path.name}: {source}"


def test_compose_accepts_the_file() -> None:
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed here")
    env = {**os.environ, "TWIN_NAME": "x", "TWIN_OWNER_PASSWORD": "x", "TWIN_APP_PASSWORD": "x"}
    subprocess.run(["docker", "compose", "-f", DOCKER / "compose.yml", "config", "-q"], env=env, check=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder("docker") as made:
        yield made


def test_the_database_image_starts_with_owner_role_and_postgis(folder: Path) -> None:
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    home = folder / "pg"
    home.mkdir()
    shutil.chown(home, user.pw_uid, user.pw_gid)
    port = free_port()
    env = {
        "PATH": os.environ["PATH"], "PG_BIN": str(binaries()), "PGDATA": str(home / "data"), "PGPORT": str(port), "LISTEN": "127.0.0.1",
        "TWIN_OWNER_PASSWORD": "own'er pass", "TWIN_APP_PASSWORD": "app'pass", "TMPDIR": str(home), "SHARED_BUFFERS": "32MB",
    }  # fmt: skip
    script = home / "start.sh"
    shutil.copy(DOCKER / "postgis" / "start.sh", script)
    script.chmod(0o755)
    who: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    process = subprocess.Popen([script], env=env, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                connection = psycopg.connect(
                    host="127.0.0.1", port=port, user="twin_app", password="app'pass", dbname="twin"
                )
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.1)
        with connection:
            row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'postgis'").fetchone()
        assert row is not None
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def test_the_proxy_configuration_is_valid(tmp_path: Path) -> None:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed here")
    template = (
        (DOCKER / "proxy" / "twin.conf.template")
        .read_text()
        .replace("${TWIN_NAME}", "twin.test")
        .replace("server:80", "127.0.0.1:80")
    )
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=twin.test"]
    files = ["-keyout", tmp_path / "tls.key", "-out", tmp_path / "tls.crt"]
    subprocess.run([*request, *files], check=True, capture_output=True)
    (tmp_path / "site.conf").write_text(template.replace("/etc/nginx/tls", str(tmp_path)))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; events {{}} http {{ access_log off; include {tmp_path}/site.conf; }}"
    )
    done = subprocess.run(
        ["nginx", "-t", "-c", tmp_path / "nginx.conf", "-e", tmp_path / "err"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
