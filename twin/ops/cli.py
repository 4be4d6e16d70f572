"""``twin db ...``: start, stop, look at, back up and restore the database of this installation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from twin.i18n import LANGUAGES, t
from twin.settings import get_settings

app = typer.Typer(name="db", no_args_is_help=True, help="数据库 · the database")


@app.command()
def start() -> None:
    """启动私有数据库 · start the private cluster; it stays up after this command."""
    from twin.db.cluster import Cluster, read_access

    Cluster(get_settings()).start(detached=True)
    typer.echo(f"postgresql://127.0.0.1:{read_access(get_settings()).port}/twin")


@app.command()
def stop() -> None:
    """停止私有数据库 · stop the private cluster."""
    from twin.db.cluster import Cluster

    Cluster(get_settings()).stop()


@app.command()
def status() -> None:
    """查看状态 · say whether the database runs and is migrated."""
    from twin.ops.doctor import database_state

    state = database_state()
    typer.echo(state.text)
    raise typer.Exit(0 if state.ok else 1)


@app.command()
def shell() -> None:
    """打开 psql · open psql as the owner."""
    from twin.db.cluster import owner_url

    os.execvp("psql", ["psql", owner_url(get_settings())])


@app.command()
def migrate() -> None:
    """升级表结构 · bring the schema to the newest version."""
    from twin.db.cluster import owner_url
    from twin.db.migrate import upgrade

    upgrade(owner_url(get_settings()))


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="文件夹 · folder for the backup")]) -> None:
    """备份 · back up database and files into one folder, with checksums."""
    from twin.db.backup import backup as run

    typer.echo(str(run(get_settings(), target)))


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="备份文件夹 · a folder made by twin db backup")],
    yes: Annotated[bool, typer.Option("--yes", help="覆盖现有数据 · replace what is there")] = False,
) -> None:
    """恢复 · restore a backup after checking every checksum."""
    from twin.db.backup import restore as run

    run(get_settings(), source, replace=yes)
    typer.echo(" · ".join(t("restore.done", language, folder=source) for language in LANGUAGES))
