"""The demo's inspections. Read at every start: imports nothing heavy."""

from __future__ import annotations

from twin.db import probe
from twin.ops.demo import DemoStep, Report
from twin.settings import Settings


def _run(_: Settings, report: Report) -> None:
    from domain.inspections import demo

    report(0.1, "")
    demo.main()


STEPS = (
    DemoStep(
        "inspections", 6, lambda settings: probe.count(settings, "inspection_plan", "code", ["D-XJ-Z-52"]) > 0, _run
    ),
)
