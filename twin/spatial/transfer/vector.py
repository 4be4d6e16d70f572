"""GeoPackage and Shapefile, by GDAL.

GDAL guesses a file's format from its content and some formats open other files or addresses, so it only ever sees
files whose first bytes are those of a GeoPackage or a Shapefile, under names of our own.
"""

from __future__ import annotations

import io
import tempfile
import warnings
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import shapely
from shapely.geometry import mapping, shape

from twin.registry.layer import Field, Layer
from twin.spatial.repository import Feature
from twin.spatial.transfer.archive import unpack_shapefile
from twin.spatial.transfer.columns import short_names
from twin.spatial.transfer.geojson import single
from twin.spatial.transfer.model import (
    ExportImpossible,
    FileUnreadable,
    LayerUnclear,
    Options,
    Raw,
    Read,
    check_rows,
)
from twin.spatial.transfer.systems import System
from twin.spatial.validate import Fault, fault

# Local and shifted coordinates have no code that a file could state.
warnings.filterwarnings("ignore", message="'crs' was not provided", category=UserWarning)

_SQLITE = b"SQLite format 3\x00"
_SHP = b"\x00\x00\x27\x0a"
#: Bytes of a dBASE text column.
_DBF_TEXT = 254
_KINDS = {"Point": "Point Z", "LineString": "LineString Z", "Polygon": "Polygon Z"}


def read_gpkg(path: Path, layer: Layer, options: Options) -> Read:
    """The layer of a GeoPackage that is called like ``layer``, or its only one.

    Raises:
        FileUnreadable, LayerUnclear, FileTooLarge: as their names say.
    """
    from pyogrio import list_layers
    from pyogrio.errors import DataSourceError

    with path.open("rb") as file:
        if file.read(16) != _SQLITE:
            raise FileUnreadable(detail="GeoPackage")
    try:
        names = [str(row[0]) for row in list_layers(path) if row[1] is not None]
    except DataSourceError as error:
        raise FileUnreadable(detail=str(error)[:200]) from error
    return _read(path, _pick(layer, names))


def read_shapefile(path: Path, layer: Layer, options: Options) -> Read:
    """The Shapefile of a ZIP that is called like ``layer``, or its only one.

    Raises:
        FileUnreadable, LayerUnclear, FileTooLarge: as their names say.
    """
    with tempfile.TemporaryDirectory(prefix="twin-shp-") as folder:
        found = {shp.stem: shp for shp in unpack_shapefile(path, Path(folder))}
        shp = found[_pick(layer, list(found))]
        with shp.open("rb") as file:
            if file.read(4) != _SHP:
                raise FileUnreadable(detail="Shapefile")
        return _read(shp, shp.stem, None if shp.with_suffix(".cpg").exists() else _encoding(shp.with_suffix(".dbf")))


def _pick(layer: Layer, names: list[str]) -> str:
    wanted = (layer.key, layer.title.zh, layer.title.en.lower())
    for name in names:
        if name.lower() in wanted:
            return name
    if len(names) != 1:
        raise LayerUnclear(layer=layer.key, found=", ".join(n[:40] for n in names[:20]))
    return names[0]


def _encoding(dbf: Path) -> str:
    """A table without a code page is UTF-8 if it can be, else GBK, as Chinese desktop programs write it."""
    data = dbf.read_bytes()
    start = int.from_bytes(data[8:10], "little")
    try:
        data[start:].decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"


def _read(path: Path, name: str, encoding: str | None = None) -> Read:
    from pyogrio import raw, read_info
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        check_rows(int(read_info(path, layer=name, encoding=encoding, force_feature_count=True)["features"]))
        meta, _, geometries, columns = raw.read(path, layer=name, encoding=encoding)
        shapes = shapely.from_wkb(geometries)
    except (DataLayerError, DataSourceError, shapely.errors.GEOSException, UnicodeDecodeError) as error:
        raise FileUnreadable(detail=str(error)[:200]) from error
    names = [str(field) for field in meta["fields"]]
    rows = []
    for number, made in enumerate(shapes, 1):
        geometry = single(_plain(mapping(made))) if made is not None and not made.is_empty else None
        values = {field: _value(column[number - 1]) for field, column in zip(names, columns, strict=True)}
        rows.append(Raw(number, values, geometry))
    return Read(rows, _stated(meta["crs"]))


def _plain(geometry: dict[str, Any]) -> dict[str, Any]:
    def lists(node: Any) -> Any:
        return [lists(child) for child in node] if isinstance(node, tuple) else node

    return {"type": geometry["type"], "coordinates": lists(geometry.get("coordinates", ()))}


def _value(value: Any) -> Any:
    return str(value) if isinstance(value, (np.datetime64, bytes)) else value


def _stated(name: str | None) -> str | None:
    """EPSG code of the file's system; None when it has none that is known by a code."""
    if not name:
        return None
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        code = CRS.from_user_input(name).to_epsg()
    except CRSError:
        return None
    return str(code) if code else None


def write_gpkg(layer: Layer, features: list[Feature], system: System, language: str) -> bytes:
    """A GeoPackage with one layer."""
    with tempfile.TemporaryDirectory(prefix="twin-gpkg-") as folder:
        path = Path(folder) / f"{layer.key}.gpkg"
        _write(path, "GPKG", layer, features, system, {f.name: f.name for f in layer.all_fields})
        return path.read_bytes()


def write_shapefile(layer: Layer, features: list[Feature], system: System, language: str) -> bytes:
    """A ZIP with a Shapefile, UTF-8.

    Raises:
        ExportImpossible: a text is longer than a Shapefile can hold.
    """
    faults = [found for feature in features for found in _too_long(layer, feature)]
    if faults:
        raise ExportImpossible(errors=faults[:50])
    with tempfile.TemporaryDirectory(prefix="twin-shp-") as folder:
        _write(Path(folder) / f"{layer.key}.shp", "ESRI Shapefile", layer, features, system, short_names(layer))
        packed = io.BytesIO()
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                archive.write(part, part.name)
        return packed.getvalue()


def _too_long(layer: Layer, feature: Feature) -> list[Fault]:
    code = feature["properties"]["code"]
    return [
        fault("too_long_for_format", f"{code}: {field.name}", limit=_DBF_TEXT)
        for field in layer.all_fields
        if len(str(feature["properties"][field.name] or "").encode()) > _DBF_TEXT
    ]


def _write(
    path: Path, driver: str, layer: Layer, features: list[Feature], system: System, names: dict[str, str]
) -> None:
    from pyogrio import raw

    columns = [_column(field, [f["properties"][field.name] for f in features]) for field in layer.all_fields]
    shapes = np.array([shape(f["geometry"]) for f in features], dtype=object)
    raw.write(
        path,
        shapely.to_wkb(shapes, output_dimension=3),
        [values for values, _ in columns],
        [names[field.name] for field in layer.all_fields],
        field_mask=[mask for _, mask in columns],
        layer=layer.key,
        driver=driver,
        geometry_type=_KINDS[layer.geometry],
        crs=f"EPSG:{system.epsg}" if system.epsg else None,
        encoding="UTF-8",
    )


def _column(field: Field, values: list[Any]) -> tuple[Any, Any]:
    """Values and the mask of the missing ones, as GDAL takes them."""
    kinds: dict[str, tuple[Any, Any]] = {
        "integer": (np.int32, 0),
        "number": (np.float64, 0.0),
        "boolean": (np.bool_, False),
    }
    if field.kind not in kinds:
        return np.array([None if v is None else str(v) for v in values], dtype=object), None
    dtype, blank = kinds[field.kind]
    mask = np.array([v is None for v in values], dtype=bool)
    return np.array([blank if v is None else v for v in values], dtype=dtype), mask if mask.any() else None
