"""``twin site``: load a site's spatial data, from this package or from a file, and give it out again."""

from __future__ import annotations

import asyncio
import importlib
import json
import pkgutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gis_assets import sites
from twin.errors import NotFound
from twin.i18n import t
from twin.settings import get_settings

if TYPE_CHECKING:
    from twin.db.uow import UnitOfWork

app = typer.Typer(name="site", no_args_is_help=True, help="厂区数据 · spatial data of a site")

Enterprise = Annotated[str, typer.Option(help="企业编号 · enterprise code")]


class SiteDataNotFound(NotFound):
    """No site of this name is part of the product, and there is no such file."""

    code = "site_data_not_found"


class EnterpriseNotFound(NotFound):
    """No enterprise with this code."""

    code = "enterprise_not_found"


def site_data(source: str) -> tuple[dict[str, Any], list[Any]]:
    """Layers and views of a site: one of this package by its code, or a file that ``twin site export`` wrote.

    Raises:
        SiteDataNotFound: neither.
    """
    if source in {info.name for info in pkgutil.iter_modules(sites.__path__) if info.ispkg}:
        build = importlib.import_module(f"gis_assets.sites.{source}.build")
        accounts = importlib.import_module(f"gis_assets.sites.{source}.accounts")
        return build.features(), accounts.views()
    try:
        document = json.loads(Path(source).read_text(encoding="utf-8"))
        found = {
            str(key): [{name: row[name] for name in ("code", "properties", "geometry")} for row in rows]
            for key, rows in document["layers"].items()
        }
        return found, document["views"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SiteDataNotFound(code=source) from error


@app.command()
def load(
    site: Annotated[str, typer.Argument(help="厂区编号或导出文件 · code of a site, or an exported file")],
    enterprise: Enterprise = "",
) -> None:
    """载入厂区数据（可重复执行） · load a site's data; again does no harm."""
    from twin.spatial.site import load_site

    layers, views = site_data(site)
    counts = _in_enterprise(enterprise, lambda uow: load_site(uow, layers, views))
    _say("site.loaded", code=layers["site"][0]["code"], **counts)


@app.command()
def export(
    site: Annotated[str, typer.Argument(help="厂区编号 · code of the site")],
    out: Annotated[Path, typer.Option(help="目标文件 · file to write")],
    enterprise: Enterprise = "",
) -> None:
    """导出厂区数据 · write all features and views of a site into one file, which ``load`` takes."""
    from twin.spatial.site import export_site

    document = _in_enterprise(enterprise, lambda uow: export_site(uow, site))
    part = out.with_name(f"{out.name}.part")
    part.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(out)
    _say("site.exported", code=site, path=str(out))


def _in_enterprise(code: str, work: Callable[[UnitOfWork], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    # Imported late: every start of the command line pays for what stands at the top.
    from twin.db import uow as db
    from twin.spatial import repository

    async def run() -> dict[str, Any]:
        wanted = code or get_settings().enterprise
        try:
            async with db.unit_of_work(db.ALL_ENTERPRISES) as uow:
                enterprise = await repository.enterprise_id(uow.session, wanted)
            if enterprise is None:
                raise EnterpriseNotFound(code=wanted)
            async with db.unit_of_work(enterprise, origin="cli") as uow:
                return await work(uow)
        finally:
            await db.dispose()

    return asyncio.run(run())


def _say(key: str, **params: object) -> None:
    typer.echo(f"{t(key, 'zh-CN', **params)} · {t(key, 'en', **params)}")
