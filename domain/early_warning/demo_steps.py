"""The demo's history of the index. Read at every start: imports nothing heavy."""

from __future__ import annotations

from twin.db import probe
from twin.ops.demo import DemoStep, Report
from twin.settings import Settings


def _run(_: Settings, report: Report) -> None:
    from domain.early_warning import demo

    report(0.1, "")
    demo.main()


STEPS = (DemoStep("early_warning", 9, lambda settings: probe.count(settings, "index_point", "scope", [""]) > 0, _run),)
