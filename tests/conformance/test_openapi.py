"""schemathesis over the whole OpenAPI of a real server: no 5xx, and no answer that the document does not name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.conftest import Server

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def judge(server: Server, schema: str, *options: str) -> str:
    """Run schemathesis with a fixed seed and a bounded number of cases; what it says."""
    # Things that exist, so that answers go deeper than 404; everything else is generated.
    feature = server.get("/ogc/collections/zone/items", limit=1).json()["features"][0]
    known = {"layer": "zone", "layers": "zone,device", "id": feature["id"], "z": 12, "y": 1575, "x": 3388}
    lines = [f"{name!r} = {json.dumps(value)}" for name, value in known.items()]
    (server.log.parent / "schemathesis.toml").write_text("[parameters]\n" + "\n".join(lines) + "\n")
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{server.url}{schema}",
        "--header", f"Authorization: Bearer {server.token}", "--checks", ",".join(CHECKS),
        "--seed", "20260101", "--generation-deterministic", "--no-color", "--no-shrink",
        "--generation-with-security-parameters", "false",
        "--continue-on-failure", "--request-timeout", "30", *options,
    ]  # fmt: skip
    env = {**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=server.log.parent, env=env, capture_output=True, text=True, timeout=280)
    log = server.log.read_text("utf-8", "replace")
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-1000:] + log[-3000:]
    return done.stdout


@pytest.mark.judge
def test_schemathesis_finds_no_server_error_and_no_undocumented_answer(server: Server) -> None:
    # Signing out and revoking would end the judge's own token.
    options = [
        "--phases",
        "examples,fuzzing",
        "--max-examples",
        "3",
        "--exclude-path-regex",
        "^/api/auth/(logout|tokens/)",
    ]
    judge(server, "/openapi.json", *options)


@pytest.mark.judge
def test_the_ogc_definition_holds_too(server: Server) -> None:
    """OpenAPI 3.0 at ``/ogc/api``: judged on one layer of each geometry, because all are made alike."""
    layers = ["--include-path-regex", "^/collections/(zone|road|device)|^/(conformance|collections)?$"]
    told = judge(server, "/ogc/api", "--phases", "fuzzing", "--max-examples", "6", *layers)
    assert "Authentication failed" not in told
