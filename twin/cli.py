"""The ``twin`` command. Modules bring their own sub-commands (submodule ``cli``, attribute ``app``)."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from twin.errors import TwinError
from twin.i18n import t
from twin.registry import discover

main_app = typer.Typer(no_args_is_help=True, add_completion=False, help="数字孪生工厂 · plant twin")


@main_app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="加载示范厂区 · load the demo plant")] = False,
    host: Annotated[str, typer.Option(help="监听地址 · listen address")] = "",
    port: Annotated[int, typer.Option(help="端口 · port")] = 0,
) -> None:
    """启动平台 · start the platform and keep it running."""
    from twin.ops.supervisor import run

    raise typer.Exit(run(demo=demo, host=host, port=port))


@main_app.command()
def doctor() -> None:
    """检查运行条件 · check ports, disk, binaries, time and fonts."""
    from twin.ops.doctor import report

    raise typer.Exit(report())


def main() -> None:
    """Entry point: expected failures are said in words, without a traceback."""
    if sys.argv[1:2] not in (
        ["up"],
        ["doctor"],
    ):  # these start without the modules' commands, whose imports take seconds
        for module in discover.submodules("cli"):
            main_app.add_typer(module.app)
    try:
        main_app()
    except TwinError as error:
        sys.stderr.write(describe(error) + "\n")
        raise SystemExit(1) from None


def describe(error: TwinError) -> str:
    """An error in both languages, with its rows."""
    key = f"error.{error.code}" + (f"_{error.params['reason']}" if "reason" in error.params else "")
    lines = [t(key, language, **error.params) for language in ("zh-CN", "en")]
    lines += [f"  {row.get('where', '')}: {row.get('message') or row.get('code')}" for row in error.errors]
    return "\n".join(lines)
