"""The demo's factors from outside. Read at every start: imports nothing heavy."""

from __future__ import annotations

from twin.db import probe
from twin.ops.demo import DemoStep, Report
from twin.settings import Settings


def _run(_: Settings, report: Report) -> None:
    from domain.factors import demo

    report(0.1, "")
    demo.main()


STEPS = (DemoStep("factors", 7, lambda settings: probe.count(settings, "told_fact", "key", ["demo-work"]) > 0, _run),)
