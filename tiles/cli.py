"""``twin tiles``: import, check and align 3D models. No database is needed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tiles.tiles3d.align import align as fit_points
from twin.i18n import t
from twin.settings import get_settings

if TYPE_CHECKING:
    # The importers bring numba and pyproj; every other ``twin`` command starts without them.
    from tiles.tiles3d.check import Report
    from tiles.tiles3d.manifest import Alignment, Manifest

app = typer.Typer(name="tiles", no_args_is_help=True, help="三维模型 · 3D models")

Site = Annotated[str, typer.Option(help="厂区 · site")]
Out = Annotated[Path | None, typer.Option(help="输出文件夹，不写入厂区 · output folder instead of a site's")]


def _both(key: str, **params: object) -> str:
    return f"{t(key, 'zh-CN', **params)} · {t(key, 'en', **params)}"


def _pair(text: str, what: str) -> tuple[float, ...] | None:
    if not text:
        return None
    try:
        return tuple(float(v) for v in text.split(","))
    except ValueError as error:
        from tiles.tiles3d.errors import DeliveryError

        raise DeliveryError(what, f"not numbers with commas: {text!r}") from error


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="交付文件夹或文件 · delivery folder or file")],
    site: Site = "",
    out: Out = None,
    id: Annotated[str, typer.Option(help="模型编号 · identifier of the tileset")] = "",
    name: Annotated[str, typer.Option(help="名称 · name")] = "",
    srs: Annotated[str, typer.Option(help="坐标系，如 EPSG:4548 · SRS, overrides metadata.xml")] = "",
    origin: Annotated[str, typer.Option(help="原点 x,y,z · SRSOrigin")] = "",
    height_offset: Annotated[float, typer.Option(help="1985 高程到椭球高（米）· metres to ellipsoidal height")] = 0.0,
    geoid: Annotated[str, typer.Option(help="大地水准面模型文件 · PROJ geoid grid")] = "",
    near: Annotated[str, typer.Option(help="厂区经纬度 lon,lat，防止带号错误 · guards against a wrong zone")] = "",
    date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="测量日期 · survey date")] = None,
    accuracy: Annotated[float | None, typer.Option(help="精度（米）· accuracy in metres")] = None,
    licence: Annotated[str, typer.Option(help="许可 · licence")] = "",
    keep_textures: Annotated[bool, typer.Option("--keep-textures", help="保留原始 JPEG · keep JPEG bytes")] = False,
    ktx2: Annotated[
        bool, typer.Option("--ktx2", help="纹理存为 KTX2，显存占用小 · KTX2 textures, little video memory")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="不压缩几何 · no meshopt compression")] = False,
    workers: Annotated[int, typer.Option(help="进程数，0 为全部核心 · processes, 0 for all cores")] = 0,
) -> None:
    """导入三维模型 · import a 3D model (OSGB, GLB, OBJ, IFC, CityGML, LAS/LAZ/PLY/E57, footprints, 3D Tiles)."""
    from tiles.tiles3d.build import import_delivery, tileset_id
    from tiles.tiles3d.job import Options

    first, second = _pair(origin, "--origin"), _pair(near, "--near")
    options = Options(
        id=id, name=name, site=site or get_settings().site, srs=srs, height_offset=height_offset, geoid=geoid,
        origin=(first[0], first[1], first[2]) if first and len(first) == 3 else None,
        near=(second[0], second[1]) if second and len(second) == 2 else None,
        date=date.date() if date else None, accuracy_m=accuracy, licence=licence,
        textures="ktx2" if ktx2 else "keep" if keep_textures else "webp", compress=not plain, workers=workers,
    )  # fmt: skip
    target = out or get_settings().sites_dir / options.site / "tiles3d" / tileset_id(path, options)
    console = Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(path.name, total=1.0)
        manifest = import_delivery(
            path, target, options=options,
            progress=lambda share, stage: bar.update(task, completed=share, description=_both(f"tiles.stage_{stage}")),
        )  # fmt: skip
    _tell(console, manifest, target)


def _tell(console: Console, manifest: Manifest, target: Path) -> None:
    table = Table(*(_both(f"tiles.{c}") for c in ("level", "tiles", "triangles", "points", "texels", "bytes", "error")))
    for v in manifest.levels:
        cells = (v.level, v.tiles, v.triangles, v.points, v.texels, v.bytes, round(v.geometric_error, 3))
        table.add_row(*(str(c) for c in cells))
    console.print(table)
    for note in manifest.notes:
        console.print(note)
    console.print(
        _both(
            "tiles.imported", name=manifest.name, triangles=manifest.triangles, files=manifest.files,
            mb=round(manifest.bytes / 1e6, 1), seconds=manifest.seconds, folder=target,
        )
    )  # fmt: skip


def _folder(tileset: Path, site: str) -> Path:
    """A folder as it is, or the name of a tileset of the site."""
    if (tileset / "tileset.json").is_file():
        return tileset
    named = get_settings().sites_dir / (site or get_settings().site) / "tiles3d" / tileset.name
    if not (named / "tileset.json").is_file():
        from tiles.tiles3d.errors import TilesetNotFound

        raise TilesetNotFound(id=str(tileset))
    return named


@app.command()
def check(
    tileset: Annotated[Path, typer.Argument(help="文件夹或编号 · folder or identifier")],
    site: Site = "",
) -> None:
    """检查三维模型 · check a tileset as a validator would."""
    from tiles.tiles3d.check import check as check_tileset

    report = check_tileset(_folder(tileset, site))
    _show(Console(), report)
    raise typer.Exit(1 if report.errors else 0)


def _show(console: Console, report: Report) -> None:
    table = Table(*(_both(f"tiles.{c}") for c in ("level", "tiles", "triangles", "points", "texels", "bytes", "error")))
    for v in sorted(report.levels.values(), key=lambda s: s.depth):
        cells = (v.depth, v.tiles, v.triangles, v.points, v.texels, v.bytes, round(v.error, 3))
        table.add_row(*(str(c) for c in cells))
    console.print(table)
    for issue in report.issues:
        console.print(f"{issue.severity} {issue.code} {issue.file}: {issue.message}", markup=False)
    if report.worst:
        console.print(
            _both("tiles.worst", file=report.worst, bytes=report.worst_bytes, triangles=report.worst_triangles)
        )
    counts = {"errors": len(report.errors), "warnings": len(report.warnings)}
    key = "tiles.bad" if report.errors else "tiles.ok"
    console.print(_both(key, tiles=report.tiles, contents=report.contents, **counts))


@app.command()
def align(
    tileset: Annotated[Path, typer.Argument(help="文件夹或编号 · folder or identifier")],
    points: Annotated[Path, typer.Argument(help="控制点 CSV · control points, CSV")],
    site: Site = "",
    scale: Annotated[bool, typer.Option("--scale", help="同时求尺度 · fit the scale too")] = False,
) -> None:
    """用控制点配准 · fit a tileset to control points; residuals stay with it."""
    from tiles.tiles3d.align import read_points

    result = fit_points(_folder(tileset, site), read_points(points), scale=scale, file=points.name)
    _residuals(Console(), result)


def _residuals(console: Console, result: Alignment) -> None:
    table = Table(*(_both(f"tiles.{c}") for c in ("point", "east", "north", "up", "distance")))
    for r in result.residuals:
        table.add_row(r.name, *(f"{v:.3f}" for v in (r.east, r.north, r.up, r.distance)))
    console.print(table)
    figures = {"rms": f"{result.rms:.3f}", "max": f"{result.max:.3f}", "scale": f"{result.scale:.6f}"}
    console.print(_both("tiles.aligned", rotation=f"{result.rotation_deg:.4f}", **figures))


survey = typer.Typer(no_args_is_help=True, help="同一厂区的多次测量 · surveys of one site")
app.add_typer(survey, name="survey")
Name = Annotated[str, typer.Argument(help="模型编号 · identifier of the tileset")]


@survey.command("list")
def surveys_(site: Site = "") -> None:
    """列出全部测量，新的在前 · list all surveys, newest first."""
    from tiles.tiles3d import surveys

    sites, code = get_settings().sites_dir, site or get_settings().site
    shown, made = surveys.current(sites, code), surveys.choice(sites, code)
    keys = ("survey", "date", "accuracy", "residual", "licence", "state")
    table = Table(*(_both(f"tiles.{key}") for key in keys))
    for name, card in surveys.of_site(sites, code):
        state = "current" if name == shown else "retired" if name in made.retired else "kept"
        table.add_row(
            f"{name} {card.name}",
            str(card.date or card.imported_at.date()),
            "" if card.accuracy_m is None else f"{card.accuracy_m:g}",
            "" if card.alignment is None else f"{card.alignment.rms:.3f}",
            card.licence,
            _both(f"tiles.state_{state}"),
        )
    Console().print(table)


@survey.command("use")
def use(tileset: Name, site: Site = "") -> None:
    """设为当前显示的测量 · show this survey from now on."""
    from tiles.tiles3d import surveys

    surveys.make_current(get_settings().sites_dir, site or get_settings().site, tileset)


@survey.command("retire")
def retire(tileset: Name, site: Site = "") -> None:
    """停用，文件保留 · take a survey off the list; its files stay."""
    from tiles.tiles3d import surveys

    surveys.retire(get_settings().sites_dir, site or get_settings().site, tileset)


@survey.command("delete")
def delete(
    tileset: Name,
    site: Site = "",
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 · do not ask")] = False,
) -> None:
    """删除测量及其文件 · delete a survey with its files."""
    from tiles.tiles3d import surveys

    if not yes:
        typer.confirm(_both("tiles.sure", name=tileset), abort=True)
    surveys.delete(get_settings().sites_dir, site or get_settings().site, tileset)
