"""The demo's risk register. Read at every start: imports nothing heavy."""

from __future__ import annotations

from twin.db import probe
from twin.ops.demo import DemoStep, Report
from twin.settings import Settings


def _run(_: Settings, report: Report) -> None:
    from domain.risks import demo

    report(0.1, "")
    demo.main()


STEPS = (DemoStep("risks", 5, lambda settings: probe.count(settings, "risk_unit", "code", ["D-Z-11-S"]) > 0, _run),)
