"""House rules that no linter knows, as small checks over the source (design.md, section 4)."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("twin", "gis-assets", "realtime", "tiles", "domain")
MAX_LINES = 450
_SQL = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)\b")
#: Folders and files where SQL may stand: repositories, the database package, migrations.
_SQL_HOME = re.compile(r"(^|/)(repository[^/]*\.py|repositories/.*|twin/db/.*|migrations/.*|doctor\.py)$")
_ADDRESS = re.compile(r"\"resolved\": \"http|(extra-)?index-url|registry *= *http")


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows or would take."""
    out = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in sorted(set(out.stdout.splitlines())) if (ROOT / line).is_file()]


def check_python(path: Path) -> Iterator[str]:
    """Faults of one product file."""
    relative = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if (
                node.func.attr in ("now", "utcnow", "today")
                and owner.endswith(("datetime", "date"))
                and relative != "twin/clock.py"
            ):
                yield f"{relative}:{node.lineno}: time only from twin.clock"
            if (
                node.func.attr == "commit"
                and relative not in ("twin/db/uow.py",)
                and not relative.startswith("twin/db/")
            ):
                yield f"{relative}:{node.lineno}: only the unit of work commits"
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and _SQL.match(node.value)
            and not _SQL_HOME.search(relative)
        ):
            yield f"{relative}:{node.lineno}: SQL belongs into a repository"
        if (
            isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Attribute) and t.attr == "status" for t in node.targets)
            and "workflow" not in relative
            and "errors" not in relative
        ):
            yield f"{relative}:{node.lineno}: a status changes only through the workflow machine"


def check_texts() -> Iterator[str]:
    """Chinese and English catalogues have the same keys."""
    for zh in tracked("*i18n/zh-CN.json"):
        en = zh.with_name("en.json")
        if not en.is_file():
            yield f"{zh.relative_to(ROOT)}: no en.json beside it"
            continue
        a, b = _keys(json.loads(zh.read_text(encoding="utf-8"))), _keys(json.loads(en.read_text(encoding="utf-8")))
        for key in sorted(a ^ b):
            yield f"{zh.parent.relative_to(ROOT)}: '{key}' is only in {'zh-CN' if key in a else 'en'}"


def _keys(tree: dict[str, object], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in tree.items():
        found |= _keys(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key}
    return found


def main() -> int:
    """Print every fault; 1 when there is one."""
    faults: list[str] = []
    for path in tracked("*.py"):
        relative = path.relative_to(ROOT).as_posix()
        if relative.startswith(PRODUCT):
            faults += check_python(path)
    for path in tracked("*.py", "*.ts", "*.vue"):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > MAX_LINES and "generated" not in path.parts:
            faults.append(f"{path.relative_to(ROOT)}: {lines} lines; split it (limit {MAX_LINES})")
    for path in tracked("*.txt", "*.toml", "*lock*", "*.npmrc"):
        if _ADDRESS.search(path.read_text(encoding="utf-8", errors="replace")):
            faults.append(f"{path.relative_to(ROOT)}: an index or registry address")
    for path in tracked():
        if path.stat().st_size > 1024 * 1024 and not path.name.endswith("lock.json"):
            faults.append(f"{path.relative_to(ROOT)}: over 1 MiB")
    faults += check_texts()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
