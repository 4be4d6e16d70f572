"""The demo's hazards. Read at every start: imports nothing heavy."""

from __future__ import annotations

from twin.db import probe
from twin.ops.demo import DemoStep, Report
from twin.settings import Settings


def _run(_: Settings, report: Report) -> None:
    from domain.hazards import demo

    report(0.1, "")
    demo.main()


STEPS = (
    DemoStep("hazards", 6, lambda settings: probe.count(settings, "hazard", "name", ["消防泵房应急灯不亮"]) > 0, _run),
)
