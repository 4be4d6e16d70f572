"""``make bench [ONLY="hub features"]``: run the benchmarks, print each figure beside its peer, write ``var/bench/<name>.json``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from tests.bench.harness import Row, write  # noqa: E402


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all that are not marked ``DEFAULT = False``; 1 when a goal is missed."""
    every = {p.stem.removeprefix("bench_"): p for p in sorted((ROOT / "tests" / "bench").glob("bench_*.py"))}
    names = [n.replace("-", "_") for n in names]
    unknown = [n for n in names if n not in every]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are: {', '.join(every)}")
        return 2
    console, missed = Console(), 0
    for name in every:
        if names and name not in names:
            continue
        module = importlib.import_module(f"tests.bench.bench_{name}")
        if not names and not getattr(module, "DEFAULT", True):
            continue
        rows: list[Row] = module.rows()
        write(name, rows, ROOT / "var" / "bench")
        console.print(_table(name, rows))
        missed += sum(row.holds is False for row in rows)
    return 1 if missed else 0


def _table(name: str, rows: list[Row]) -> Table:
    table = Table(title=name, title_justify="left")
    for heading in ("figure", "ours", "peer", "", "ratio", "goal", "holds"):
        table.add_column(heading, justify="left" if heading in ("figure", "") else "right")
    for row in rows:
        peer = "" if row.peer is None else f"{row.peer:,.4g}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        goal = "" if row.goal is None else f"{'>=' if row.better == 'higher' else '<='} {row.goal:g}"
        holds = {None: "", True: "[green]yes", False: "[red]NO"}[row.holds]
        table.add_row(row.name, f"{row.ours:,.4g} {row.unit}", peer, row.peer_name, ratio, goal, holds)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
