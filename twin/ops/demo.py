"""Preparing the demo plant: steps that modules declare (submodule ``demo_steps``, attribute ``STEPS``), each done once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from twin.i18n import t
from twin.registry import discover
from twin.settings import Settings

#: Called with the share done (0..1) and a short text.
Report = Callable[[float, str], None]


@dataclass(frozen=True)
class DemoAccount:
    """An account of the demo; its password is public."""

    username: str
    password: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class DemoStep:
    """One step of setting up the demo.

    Attributes:
        key: its text is ``demo.step.<key>``.
        done: quick check whether there is nothing to do (milliseconds: it runs at every start).
    """

    key: str
    order: int
    done: Callable[[Settings], bool]
    run: Callable[[Settings, Report], None]


def prepare(settings: Settings) -> None:
    """Run the steps that are not done yet, with progress."""
    steps = sorted((s for m in discover.submodules("demo_steps") for s in m.STEPS), key=lambda s: s.order)
    todo = [s for s in steps if not s.done(settings)]
    if not todo:
        return
    console = Console(highlight=False, soft_wrap=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}% {task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        for step in todo:
            title = f"{t(f'demo.step.{step.key}', 'zh-CN')} · {t(f'demo.step.{step.key}', 'en')}"
            task = progress.add_task(title, total=1.0, note="")
            if not console.is_terminal:
                console.print(title)
            step.run(settings, _reporter(progress, task, console))
            progress.update(task, completed=1.0, note="")


def _reporter(progress: Progress, task: TaskID, console: Console) -> Report:
    """Moves the bar; without a terminal (a log file) it prints a line every tenth instead."""
    shown = 0

    def report(share: float, note: str) -> None:
        nonlocal shown
        progress.update(task, completed=share, note=note)
        if not console.is_terminal and int(share * 10) > shown:
            shown = int(share * 10)
            console.print(f"  {shown * 10} % {note}")

    return report


def print_accounts(console: Console) -> None:
    """The demo accounts, as the modules declare them (``ACCOUNTS`` in ``demo_steps``)."""
    for module in discover.submodules("demo_steps"):
        for account in getattr(module, "ACCOUNTS", ()):
            console.print(f"  {account.username:<12} {account.password:<20} {account.name}")
