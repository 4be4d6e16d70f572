"""Import with a preview and export: from a file to features and back, in the formats and systems that there are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from twin.auth.principal import Principal
from twin.db.features import features
from twin.db.uow import UnitOfWork
from twin.errors import TwinError
from twin.i18n import t
from twin.registry.layer import Layer
from twin.spatial import plan as plans
from twin.spatial import repository
from twin.spatial.plan import Given, Plan
from twin.spatial.repository import Feature, SiteRow
from twin.spatial.service import site_of
from twin.spatial.transfer import columns, dxf_read, dxf_write, excel, geojson, vector
from twin.spatial.transfer.model import FileUnreadable, ImportInvalid, Options, Raw, Read, UnsupportedFormat
from twin.spatial.transfer.systems import System, chosen, label, system
from twin.spatial.validate import Fault

log = structlog.get_logger("twin.spatial.transfer")
#: Faults that are shown; the count is of all.
MAX_SHOWN = 500


@dataclass(frozen=True)
class Format:
    """A file format: how it is called, read and written."""

    key: str
    extension: str
    media_type: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Layer, Options], Read]
    write: Callable[[Layer, list[Feature], System, str], bytes]


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: dict[str, Format] = {
    f.key: f
    for f in (
        Format("geojson", "geojson", "application/geo+json", (".geojson", ".json"), geojson.read, geojson.write),
        Format("gpkg", "gpkg", "application/geopackage+sqlite3", (".gpkg",), vector.read_gpkg, vector.write_gpkg),
        Format("shp", "zip", "application/zip", (".zip",), vector.read_shapefile, vector.write_shapefile),
        Format("dxf", "dxf", "image/vnd.dxf", (".dxf",), dxf_read.read, dxf_write.write),
        Format("xlsx", "xlsx", _XLSX, (".xlsx",), excel.read, excel.write),
    )
}


@dataclass(frozen=True)
class Outcome:
    """A plan with what people are shown of it."""

    plan: Plan
    system: System
    faults: list[dict[str, Any]]
    ignored: list[str]


def format_of(filename: str) -> Format:
    """The format that a file's name means.

    Raises:
        UnsupportedFormat: none that is read here.
    """
    suffix = Path(filename).suffix.lower()
    for found in FORMATS.values():
        if suffix in found.suffixes:
            return found
    raise UnsupportedFormat(name=suffix[:20] or filename[:60], known=", ".join(FORMATS))


def read(made: Format, path: Path, layer: Layer, options: Options) -> Read:
    """A file's rows.

    Raises:
        FileUnreadable, FileTooLarge, LayerUnclear, ColumnMissing: as their names say.
    """
    try:
        return made.read(path, layer, options)
    except TwinError:
        raise
    except Exception as error:  # a damaged file can make a parser fail in any way
        log.warning("upload unreadable", format=made.key, exc_info=error)
        raise FileUnreadable(detail=made.key) from error


async def preview(
    uow: UnitOfWork,
    principal: Principal,
    layer: Layer,
    path: Path,
    filename: str,
    crs: str,
    options: Options,
    language: str,
) -> Outcome:
    """What importing a file would change; nothing is written.

    Raises:
        Forbidden: no right to import.
        FileUnreadable, FileTooLarge, UnsupportedFormat, UnknownCrs, CrsMismatch, LayerUnclear, ColumnMissing: the
            file as a whole is of no use. Faults of rows are in the outcome.
    """
    principal.require("spatial:import")
    principal.require(layer.write)
    site = await site_of(uow)
    found = await asyncio.to_thread(read, format_of(filename), path, layer, options)
    used = chosen(crs, found.crs, site)
    given, ignored = await asyncio.to_thread(_given, layer, found.rows, used, options)
    made = await plans.plan(uow, layer, site, given, principal)
    if layer.key == "site":
        made.faults += [
            {"where": "properties.code", "code": "site_exists", "row": 1, "feature": c.code}
            for c in made.changes
            if c.action == "create"
        ]
    labels = {raw.row: raw.label for raw in found.rows if raw.label}
    faults = [_told(fault, layer, labels, language) for fault in made.faults[:MAX_SHOWN]]
    if hint := _elsewhere(made, given, found.rows, used, site):
        faults.insert(0, {"where": "", "message": t("transfer.other_crs", language, name=label(hint))})
    return Outcome(made, used, faults, sorted(ignored)[:100])


async def apply(
    uow: UnitOfWork,
    principal: Principal,
    layer: Layer,
    path: Path,
    filename: str,
    crs: str,
    options: Options,
    language: str,
) -> Outcome:
    """Import a file: all of it or nothing.

    Raises:
        ImportInvalid: with the faults of all rows.
        Others: as :func:`preview`, and those of :func:`twin.spatial.plan.apply`.
    """
    outcome = await preview(uow, principal, layer, path, filename, crs, options, language)
    if outcome.plan.faults:
        raise ImportInvalid(count=len(outcome.plan.faults), errors=outcome.faults)
    await plans.apply(uow, layer, await site_of(uow), outcome.plan)
    return outcome


async def export(
    uow: UnitOfWork, principal: Principal, layer: Layer, format_key: str, crs: str, language: str
) -> tuple[Format, bytes]:
    """A layer as a file.

    Raises:
        Forbidden: no right to export.
        UnsupportedFormat, UnknownCrs, CrsUnsuitable, ExportImpossible: as their names say.
    """
    principal.require("spatial:export")
    principal.require(layer.read)
    found = FORMATS.get(format_key)
    if found is None:
        raise UnsupportedFormat(name=format_key[:20], known=", ".join(FORMATS))
    site = await site_of(uow)
    used = system(crs, site)
    rows = await features(uow.session, layer, await repository.ids_of(uow.session, layer, site.id))

    def make() -> bytes:
        placed = [{**f, "geometry": used.from_wgs84(f["geometry"])} for f in rows]
        return found.write(layer, placed, used, language)

    return found, await asyncio.to_thread(make)


def _given(layer: Layer, rows: list[Raw], used: System, options: Options) -> tuple[list[Given], set[str]]:
    names = columns.matcher(layer)
    ignored: set[str] = set()
    given: list[Given] = []
    for raw in rows:
        values, passed_over = columns.properties(layer, raw.properties, names)
        ignored |= passed_over
        for key, value in options.defaults.items():
            if values.get(key) in (None, ""):
                values[key] = value
        given.append(Given(raw.row, values, used.to_wgs84(raw.geometry), tuple(raw.faults)))
    return given, ignored


def _told(fault: Fault, layer: Layer, labels: dict[int, str], language: str) -> dict[str, Any]:
    """A fault as people read it: where it is, and what is wrong."""
    where, row = str(fault["where"]), int(fault["row"])
    field = layer.field(where.removeprefix("properties."))
    what = field.title.get(language) if field else where.removeprefix("properties.")
    if where.startswith("geometry"):
        what = t("transfer.geometry", language)
    at = labels.get(row) or t("transfer.row", language, row=row)
    return {
        "where": " · ".join(part for part in (at, str(fault["feature"]), what) if part),
        "message": t(f"error.{fault['code']}", language, **fault),
        "code": fault["code"],
        "row": row,
        "path": where,
    }


def _elsewhere(made: Plan, given: list[Given], rows: list[Raw], used: System, site: SiteRow) -> str | None:
    """When nothing lies in the site: another system in which the first shape would, as a hint."""
    outside = {f["row"] for f in made.faults if str(f["code"]).startswith(("geometry_outside_site", "geometry_out_of"))}
    if not given or len(outside) < len(given):
        return None
    zones = [str(code) for code in (site.crs, *range(4534, 4555), *range(4513, 4534))]
    for name in ("4326", "gcj02", "bd09", *zones):
        candidate = System(name, name)
        shape = candidate.to_wgs84(rows[0].geometry)
        if name != used.base and shape is not None and _first_inside(shape, site):
            return name
    return None


def _first_inside(geometry: dict[str, Any], site: SiteRow) -> bool:
    node = geometry["coordinates"]
    while isinstance(node, list) and node and isinstance(node[0], list):
        node = node[0]
    if not isinstance(node, list) or len(node) < 2 or not all(isinstance(v, float) for v in node[:2]):
        return False
    west, south, east, north = site.geom.bounds
    return bool(west <= node[0] <= east and south <= node[1] <= north)
