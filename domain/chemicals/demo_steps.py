"""The demo's chemicals and tank farms. Read at every start: imports nothing heavy."""

from __future__ import annotations

from twin.db import probe
from twin.ops.demo import DemoStep, Report
from twin.settings import Settings


def _run(_: Settings, report: Report) -> None:
    from domain.chemicals import demo

    report(0.1, "")
    demo.main()


STEPS = (
    DemoStep("chemicals", 4, lambda settings: probe.count(settings, "major_unit", "name", ["芳烃罐区"]) > 0, _run),
)
