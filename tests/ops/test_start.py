"""A start is quick because it loads only what it needs. What is listed here costs a tenth of a second or more each."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SUPERVISOR = (
    "import twin.cli, twin.ops.supervisor, twin.ops.demo\nfrom twin.registry import discover\n"
    "for name in ('demo_steps', 'services'): discover.submodules(name)\n"
)
_API = "import twin.ops.api\nfrom twin.app import create_app\ncreate_app()\n"
_WORKER = (
    "import twin.jobs.worker\nfrom twin.registry import discover\n"
    "for name in ('subscribers', 'models', 'tasks'): discover.submodules(name)\n"
)
#: Readers of files, builders of models, drivers of field protocols: for when they are used.
_NEVER = {
    "openpyxl",
    "python_calamine",
    "pyogrio",
    "ezdxf",
    "numba",
    "meshoptimizer",
    "asyncua",
    "pymodbus",
    "alembic",
}


@pytest.mark.req("S7.19")
@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        pytest.param(_SUPERVISOR, {"sqlalchemy", "fastapi", "numpy", "shapely"}, id="supervisor"),
        pytest.param(_API, {"pyproj", "jinja2", "httpx", "procrastinate"}, id="api"),
        pytest.param("import realtime.hub.server\n", {"fastapi", "procrastinate"}, id="hub"),
        pytest.param(_WORKER, {"fastapi", "uvicorn"}, id="worker"),
    ],
)
def test_a_process_loads_only_what_it_needs(code: str, unwanted: set[str]) -> None:
    names = sorted(unwanted | _NEVER)
    code += f"import sys\nprint(*(name for name in {names!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
