"""Every layer of the demo in every format and coordinate system comes back as it was, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from gis_assets.sites.demo.build import features
from shapely.geometry import shape

from twin.registry.layer import layers
from twin.spatial.plan import same_geometry
from twin.spatial.properties import check_properties, derive
from twin.spatial.repository import SiteRow
from twin.spatial.transfer import columns, wkt
from twin.spatial.transfer.model import Options
from twin.spatial.transfer.service import FORMATS
from twin.spatial.transfer.systems import chosen, system

SYSTEMS = ("4326", "4490", "4548", "4527", "4508", "3857", "gcj02", "bd09", "local")
DEMO = features()


@pytest.fixture(scope="module")
def site() -> SiteRow:
    (row,) = DEMO["site"]
    p = row["properties"]
    origin = (p["origin_lon"], p["origin_lat"], p["origin_h"])
    return SiteRow(UUID(int=1), "demo", "x", "x", p["crs"], p["timezone"], origin, shape(row["geometry"]))


def exported(key: str) -> list[dict[str, Any]]:
    """The first and last features of a layer as the database would give them out."""
    layer = layers()[key]
    found = []
    some = {row["code"]: row for row in [*DEMO[key][:4], *DEMO[key][-2:]]}
    for n, row in enumerate(some.values()):
        given = {k: v for k, v in row["properties"].items() if layer.field(k) and layer.field(k).writable}  # type: ignore[union-attr]
        clean = check_properties(layer, {**given, "code": row["code"]}, partial=False)
        derive(layer, clean)
        clean |= {"version": 3, "updated_at": "2026-11-28T08:00:00.000000Z"}
        whole = {f.name: clean[f.name] for f in layer.all_fields}
        found.append({"type": "Feature", "id": str(UUID(int=n)), "geometry": row["geometry"], "properties": whole})
    return found


@pytest.mark.parametrize("crs", SYSTEMS)
@pytest.mark.parametrize("format_key", list(FORMATS))
def test_round_trip(format_key: str, crs: str, site: SiteRow, tmp_path: Path) -> None:
    made = FORMATS[format_key]
    # All layers where numbers are degrees and where they are metres; one of each shape in the other systems.
    for key in DEMO if crs in ("4326", "local") else ("zone", "road", "device"):
        layer, rows = layers()[key], exported(key)
        used = system(crs, site)
        placed = [{**f, "geometry": used.from_wgs84(f["geometry"])} for f in rows]
        path = tmp_path / f"{key}{made.suffixes[0]}"
        path.write_bytes(made.write(layer, placed, used, "zh-CN"))
        read = made.read(path, layer, Options())
        assert [raw.faults for raw in read.rows] == [[]] * len(read.rows)
        back = chosen(crs, read.crs, site)
        names = columns.matcher(layer)
        found = {}
        for raw in read.rows:
            values, ignored = columns.properties(layer, raw.properties, names)
            assert not ignored, (key, ignored)
            found[values["code"]] = (check_properties(layer, _writable(layer, values), partial=False), raw.geometry)
        for row in rows:
            values, geometry = found.pop(row["properties"]["code"])
            assert values == _writable(layer, row["properties"]), key
            there = back.to_wgs84(geometry)
            assert there is not None and same_geometry(row["geometry"], there), (key, row["properties"]["code"])
        assert not found


def _writable(layer: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {f.name: values.get(f.name) for f in layer.all_fields if f.writable and f.name in values}


@pytest.mark.parametrize("format_key", list(FORMATS))
def test_holes_and_slopes_come_back(format_key: str, site: SiteRow, tmp_path: Path) -> None:
    x, y = 117.778, 38.359
    outline = [[x, y, 4.0], [x + 0.001, y, 5.0], [x + 0.001, y + 0.001, 6.0], [x, y + 0.001, 5.0], [x, y, 4.0]]
    a, b = x + 0.0004, y + 0.0004
    hole = [[a, b, 4.5], [a, b + 0.0002, 4.5], [a + 0.0002, b + 0.0002, 4.5], [a, b, 4.5]]
    (row, *_) = exported("zone")
    row["geometry"] = {"type": "Polygon", "coordinates": [outline, hole]}
    layer, used = layers()["zone"], system("site", site)
    path = tmp_path / f"zone{FORMATS[format_key].suffixes[0]}"
    path.write_bytes(
        FORMATS[format_key].write(layer, [{**row, "geometry": used.from_wgs84(row["geometry"])}], used, "en")
    )
    (raw,) = FORMATS[format_key].read(path, layer, Options()).rows
    back = used.to_wgs84(raw.geometry)
    assert back is not None and same_geometry(row["geometry"], back)


def test_text_that_looks_like_a_formula_stays_text(site: SiteRow, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    (row, *_) = exported("gate")
    row["properties"]["note"] = "=1+1"
    path = tmp_path / "gate.xlsx"
    path.write_bytes(FORMATS["xlsx"].write(layers()["gate"], [row], system("4326", site), "zh-CN"))
    sheet = load_workbook(path).worksheets[0]
    (cell,) = [c for c in sheet[2] if c.value == "=1+1"]
    assert cell.data_type == "s"
    assert FORMATS["xlsx"].read(path, layers()["gate"], Options()).rows[0].properties["note"] == "=1+1"


def test_short_names_are_unique() -> None:
    for layer in layers().values():
        short = columns.short_names(layer)
        assert len(set(short.values())) == len(short) and max(map(len, short.values())) <= 10


@pytest.mark.parametrize(
    "text", ["", "POINT", "POINT (a b)", "POLYGON (1 2, 3 4)", "CIRCLE (1 2)", "POINT (1 2", "POLYGON ()"]
)
def test_bad_wkt_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        wkt.parse(text)
