"""The demo's cards. Read at every start: imports nothing heavy."""

from __future__ import annotations

from twin.db import probe
from twin.ops.demo import DemoStep, Report
from twin.settings import Settings


def _run(_: Settings, report: Report) -> None:
    from domain.risk import demo

    report(0.1, "")
    demo.main()


STEPS = (DemoStep("cards", 8, lambda settings: probe.count(settings, "zone_card", "zone", ["Z-11"]) > 0, _run),)
